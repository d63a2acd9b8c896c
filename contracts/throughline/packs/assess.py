"""Weigh a form by its pack: types, what was pre-printed, what is missing, the rules, the documents, the price. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import cel

from throughline.findings import Finding
from throughline.packs.expressions import Facts, NotEvaluated, context_of, evaluate, names_read
from throughline.packs.facts import facts_of, service_day
from throughline.packs.form import Fault, Form, Values, faults_of_types
from throughline.packs.model import Column, FormField, Pack, PackRule
from throughline.packs.price import Price, Unpriced, price
from throughline.reasons import Reason, Severity

FINDINGS_MAX = 100
MESSAGE_CHARACTERS_MAX = 400
_REASONS = {str(one.value): one for one in Reason}
_NAMED = re.compile(r"\{([a-z][a-z0-9_]*)\}")

CHECKS: dict[str, tuple[Reason, str, str]] = {
    "type": (
        Reason.FORMAT,
        "The field has not the form that is asked for.",
        "Write it as the form's help says.",
    ),
    "rows": (Reason.LIMITS, "The table has more rows than it may.", "Send each day and each week once."),
    "unknown-field": (
        Reason.UNKNOWN_FIELD,
        "The form has no such field.",
        "Leave it out, or use the form in force.",
    ),
    "required": (Reason.MISSING, "The field is required and empty.", "Fill it in."),
    "misplaced": (
        Reason.FORMAT,
        "The field stands among the wrong values: what tells of a person is in `personal`, the rest in `values`.",
        "Send it where the pack's fields say.",
    ),
    "version": (
        Reason.FORMAT,
        "The form is of another pack or version than the one in force.",
        "Use the form in force on the first day of service.",
    ),
    "altered": (
        Reason.AUTHORISATION_INVALID,
        "What was printed from the authorisation was altered.",
        "Use the form as printed; have the authorisation changed where it is wrong.",
    ),
    "authorised": (
        Reason.AUTHORISATION_INVALID,
        "No authorisation stands behind what is printed on the form.",
        "Send the number of the authorisation for this subject and period.",
    ),
}
"""The checks that every pack has, without writing them."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a form comes to. A price is there to be shown even where something was found."""

    findings: tuple[Finding, ...]
    missing_attachments: tuple[str, ...]
    price: Price | Unpriced
    facts: Facts = field(default_factory=dict, repr=False)
    """What sentences may name: nothing that is sensitive."""

    @property
    def holds(self) -> bool:
        """Whether nothing stands against the form but notes."""
        against = [one for one in self.findings if one.severity is not Severity.NOTE]
        return not against and not self.missing_attachments and isinstance(self.price, Price)


def assess(pack: Pack, form: Form, authorised: Form | None, given: Values) -> Assessment:
    """``authorised`` is what the agency printed, by the fields it fills; None: nothing stands behind the form."""
    faults = faults_of_types(pack, form)
    form, sent = with_what_was_printed(pack, form, authorised), form
    day = service_day(pack, form)
    if faults or day is None:
        faults = faults or [Fault(pack.header.dated_by, "required")]
        return Assessment(at_fault(faults), (), Unpriced("form"))
    facts = facts_of(pack, form, given)
    findings = [
        *at_fault([*_altered(pack, sent, authorised), *_missing(pack, form, facts, day)]),
        *findings_of(pack, facts, day),
    ]
    return Assessment(
        tuple(findings[:FINDINGS_MAX]),
        missing_attachments(pack, form, facts, day),
        price(pack, facts, day),
        facts,
    )


def findings_of(pack: Pack, facts: Facts, day: date) -> list[Finding]:
    """What the rules in force on a day say of these facts, in the order of their ids."""
    context = context_of(pack, facts, day)
    reasons = {one.id: one.reason for one in pack.reasons}
    found = []
    for rule in sorted(pack.rules, key=lambda one: one.id):
        if rule.effective_from <= day and (rule.effective_to is None or day <= rule.effective_to):
            try:
                holds = evaluate(rule.source(), context)
            except NotEvaluated as error:
                unknown = sorted(names_read(rule.source()) - set(facts))
                found.append(_asks_for(rule, unknown) if unknown else _failed_to_run(rule, str(error)))
                continue
            if holds is False:
                found.append(_broken(rule, reasons.get(rule.reason), facts))
            elif holds is not True:
                found.append(_failed_to_run(rule, f"{type(holds).__name__} instead of true or false"))
    return found


def missing_attachments(pack: Pack, form: Form, facts: Facts, day: date) -> tuple[str, ...]:
    """Documents that are asked for and not there. A condition that cannot be evaluated asks for its document."""
    context = context_of(pack, facts, day)
    given = set(form.attachments)
    return tuple([one.type for one in pack.attachments if one.type not in given and _asks(one.when, context)])


def _asks(condition: str, context: cel.Context) -> bool:
    try:
        return evaluate(condition, context) is not False
    except NotEvaluated:
        return True


def with_what_was_printed(pack: Pack, form: Form, authorised: Form | None) -> Form:
    """The form as it would read on paper: what was printed and not sent back is not altered, it is left out."""
    if authorised is None:
        return form
    printed = {one.id for one in pack.fields if one.is_printed}
    return Form(
        {**{name: value for name, value in authorised.values.items() if name in printed}, **form.values},
        {**{name: rows for name, rows in authorised.rows.items() if name in printed}, **form.rows},
        form.attachments,
    )


def _altered(pack: Pack, sent: Form, authorised: Form | None) -> list[Fault]:
    """Printed fields that say something else than authorised; personal ones are compared here, never as facts."""
    if authorised is None:
        return [Fault(pack.header.agency, "authorised")]
    return [
        Fault(one.id, "altered")
        for one in pack.fields
        if one.is_printed
        and not _is_left_open(pack, one, authorised)
        and (
            (one.id in sent.values and sent.values[one.id] != authorised.values.get(one.id))
            or (one.id in sent.rows and list(sent.rows[one.id]) != list(authorised.rows.get(one.id, ())))
        )
    ]


def _is_left_open(pack: Pack, one: FormField, authorised: Form) -> bool:
    """An authorisation of several months names none: who fills the form in says which it is for."""
    return one.id == pack.header.dated_by and one.id not in authorised.values


def _missing(pack: Pack, form: Form, facts: Facts, day: date) -> list[Fault]:
    found = []
    for one in pack.fields:
        if one.type == "table":
            rows = form.rows.get(one.id, ())
            if not rows and _is_required(pack, one, facts, day):
                found.append(Fault(one.id, "required"))
            found += _missing_of_rows(pack, one.id, one.column, facts.get(one.id, []), rows, day)
        elif one.id not in form.values and _is_required(pack, one, facts, day):
            found.append(Fault(one.id, "required"))
    return found


def _missing_of_rows(
    pack: Pack, table: str, columns: Iterable[Column], facts: list[Facts], rows: Iterable[Values], day: date
) -> list[Fault]:
    asked = [one for one in columns if one.required is not False]
    return [
        Fault(f"{table}[{position}].{one.id}", "required")
        for position, (row, of_row) in enumerate(zip(rows, facts, strict=True))
        for one in asked
        if one.id not in row and _is_required(pack, one, _of_row(columns, of_row), day)
    ]


def _of_row(columns: Iterable[Column], facts: Facts) -> Facts:
    return {**facts, **{f"{one.id}_given": one.id in facts for one in columns}}


def _is_required(pack: Pack, one: Column, facts: Facts, day: date) -> bool:
    if isinstance(one.required, bool):
        return one.required
    return _asks(one.required, context_of(pack, facts, day))


def at_fault(faults: Iterable[Fault]) -> tuple[Finding, ...]:
    """Faults as findings, in the words of their checks."""
    made = []
    for fault in faults:
        reason, message, fix = CHECKS[fault.check]
        made.append(
            Finding(
                rule=fault.check,
                rule_version=1,
                severity=Severity.EXCEPTION,
                reason=reason,
                field=fault.field[:100],
                message=message,
                fix=fix,
            )
        )
    return tuple(made[:FINDINGS_MAX])


def _broken(rule: PackRule, reason: Reason | None, facts: Facts) -> Finding:
    return Finding(
        rule=rule.id,
        rule_version=rule.version,
        severity=rule.severity,
        reason=reason or _REASONS[rule.reason],
        field=rule.field,
        message=filled_in(rule.message, facts),
        fix=filled_in(rule.fix, facts),
    )


def _asks_for(rule: PackRule, names: list[str]) -> Finding:
    said = f"The rule asks for what is not known here: {', '.join(names)}."
    return _failed_to_run(rule, "").model_copy(
        update={"reason": Reason.DATA, "message": said[:MESSAGE_CHARACTERS_MAX]}
    )


def _failed_to_run(rule: PackRule, why: str) -> Finding:
    return Finding(
        rule=rule.id,
        rule_version=rule.version,
        severity=Severity.REVIEW,
        reason=Reason.RULE_FAILED_TO_RUN,
        field=rule.field,
        message=f"The rule could not be evaluated ({why}).",
        fix="Decide by hand, and have the form's missing values or the rule mended.",
    )


def filled_in(text: str, facts: Facts) -> str:
    """A sentence with what it names in braces; what is not known stays as it is written."""
    told = _NAMED.sub(lambda found: str(facts.get(found[1], found[0])), text)
    return told[:MESSAGE_CHARACTERS_MAX]
