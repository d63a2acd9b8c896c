"""A programme's form as typed, and what it makes by its pack: form and request, or what is wrong with a field. Pure.

A field's name is its path: ``form.total_billed_cents``, ``form.days.3.time_in``. What is typed stays as typed until it
is sent. What the authorisation prints is never taken from a browser.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.claim_form import Fields, PayeeOfForm, Wrong, attachments_in, scaled, validated
from throughline.findings import Finding
from throughline.identifiers import derived
from throughline.packs.assess import Assessment, assess, filled_in
from throughline.packs.facts import facts_of, service_day
from throughline.packs.form import ROWS_MAX, Form, Values, days_of, faults_of_types
from throughline.packs.model import Column, FormField, Pack
from throughline.packs.part import Known
from throughline.packs.price import charged_cents
from throughline.packs.travel import form_of, sent_of
from throughline.reasons import Reason, Severity
from throughline.reference import AuthorisationRecorded
from throughline.requests import PaymentRequest

ATTACHMENTS, SEND = "attachments", "send"
_NAME = re.compile(r"form\.([a-z][a-z0-9_]{0,59})(?:\.([0-9]{1,3})\.([a-z][a-z0-9_]{0,59}))?")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::00)?")
_VALUE_MAX = 200
NUMBER_MAX = 38
_NOT_TOLD = frozenset({Reason.DATA, Reason.RULE_FAILED_TO_RUN})
"""What asks for something that only validation knows is no fault of who fills the form in."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, by its types. ``wrong`` has what is no value of its field's type."""

    form: Form
    wrong: tuple[Wrong, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """``wrong`` must be mended before it is sent; ``asked`` is what a person will look at, and stops nothing."""

    wrong: tuple[Wrong, ...]
    asked: tuple[Wrong, ...]
    missing_attachments: tuple[str, ...]
    assessment: Assessment | None


def fills_in(one: FormField, pack: Pack, printed: Form) -> bool:
    """Whether who fills the form in says it: not what is printed, nor the staff's own; but a month left open."""
    if one.filled_by == "operations":
        return False
    return not one.is_printed or (one.id == pack.header.dated_by and one.id not in printed.values)


def steps_of(pack: Pack) -> tuple[str, ...]:
    """The pack's steps that people see, then the documents, then the last look."""
    seen = {one.step for one in pack.fields if one.filled_by != "operations"}
    return (*[one.id for one in pack.steps if one.id in seen], ATTACHMENTS, SEND)


def step_of(pack: Pack, field: str) -> str:
    """The step on which a field of the form stands."""
    found = _NAME.fullmatch(field)
    if found is None:
        return ATTACHMENTS if field.startswith(ATTACHMENTS) else SEND
    return next((one.step for one in pack.fields if one.id == found[1]), SEND)


def step_of_rule(pack: Pack, path: str) -> str | None:
    """The step of what a published rule names: a field of the form or its documents. None for what no step asks for by
    itself, as a total."""
    field = field_of(path.removeprefix("form.").replace("#", "0"))
    step = step_of(pack, field) if field else SEND
    return None if step == SEND else step


def taken(pack: Pack, printed: Form, form: Mapping[str, Any]) -> Fields:
    """The fields of the form among what a browser sent; what is printed, and anything else, is left aside."""
    columns = {
        one.id: {column.id for column in one.column} for one in pack.fields if fills_in(one, pack, printed)
    }
    most = {one.id: ROWS_MAX if one.at_most is None else one.at_most for one in pack.fields}
    found = {}
    for name, value in form.items():
        path = _NAME.fullmatch(name)
        if path is None or path[1] not in columns or not isinstance(value, str):
            continue
        table = columns[path[1]]
        if (path[3] in table and int(path[2]) < most[path[1]]) if path[3] else not table:
            found[name] = value.strip()[:_VALUE_MAX]
    return found


def typed(pack: Pack, printed: Form, fields: Fields) -> Typed:
    """The form that the fields make. A row that says no more than its day is none."""
    wrong: list[Wrong] = []
    values: dict[str, Known] = {}
    rows: dict[str, tuple[Values, ...]] = {}
    for one in pack.fields:
        if not fills_in(one, pack, printed):
            continue
        if one.type == "table":
            made = _rows(pack, one, fields, wrong)
            if made:
                rows[one.id] = tuple(made)
        else:
            _put(values, one, fields.get(f"form.{one.id}", ""), f"form.{one.id}", wrong)
    return Typed(Form(values, rows, tuple(one["type"] for one in attachments_in(fields))), tuple(wrong))


def places_of_rows(pack: Pack, table: FormField, fields: Fields) -> list[int]:
    """The places of a table's rows that say something, in their order."""
    day = pack.header.duplicates.on if table.id == pack.header.duplicates.table else ""
    found = {
        int(path[2])
        for name, value in fields.items()
        if value and (path := _NAME.fullmatch(name)) and path[1] == table.id and path[3] and path[3] != day
    }
    return sorted(found)


def checked(
    pack: Pack, authorisation: AuthorisationRecorded, fields: Fields, received_on: date, language: str
) -> Checked:
    """Everything that is wrong with the form, in its order, in the words of the pack."""
    printed = printed_of(authorisation)
    made = typed(pack, printed, fields)
    whole = assess(pack, made.form, printed, {"received_day": received_on.toordinal()})
    wrong: list[Wrong] = [_in_words(pack, one, language) for one in made.wrong]
    asked: list[Wrong] = []
    named = {one.field for one in made.wrong}
    for finding in whole.findings:
        field = _path(pack, fields, finding.field or "")
        if finding.reason in _NOT_TOLD or field in named:
            continue
        message, fix = _words(pack, finding, language, whole)
        one = Wrong(field, finding.rule, message, fix)
        (wrong if finding.severity is Severity.EXCEPTION else asked).append(one)
    places = {one.id: at for at, one in enumerate(pack.fields)}
    wrong.sort(key=lambda one: places.get(one.field.split(".")[1] if "." in one.field else "", ROWS_MAX))
    return Checked(tuple(wrong), tuple(asked), whole.missing_attachments, whole)


def told_while_typing(
    pack: Pack, found: Checked, typed_now: Mapping[str, Any], fields: Fields
) -> list[Wrong]:
    """Of what is wrong, what concerns the fields being typed: a rule only once nothing of its step is still to come."""
    unfinished = {step_of(pack, one.field) for one in found.wrong if one.why == "required"}
    own = {one.id for one in pack.rules}
    tables = {f"form.{path[1]}" for name in typed_now if (path := _NAME.fullmatch(name)) and path[3]}
    return [
        one
        for one in found.wrong
        if ((one.field in typed_now and fields.get(one.field)) or (one.why in own and one.field in tables))
        and not (one.why in own and step_of(pack, one.field) in unfinished)
    ]


def request_of(
    pack: Pack,
    authorisation: AuthorisationRecorded,
    payee: PayeeOfForm,
    fields: Fields,
    *,
    version: int = 1,
    claim_number: str | None = None,
    number: str | None = None,
) -> PaymentRequest | list[Wrong]:
    """The request that the form stands in: one line, of what the form charges, for the days of its period."""
    printed = printed_of(authorisation)
    made = typed(pack, printed, fields)
    if faults := faults_of_types(pack, made.form):
        return [*made.wrong, *(Wrong(field_of(one.field), one.check) for one in faults)]
    whole = with_printed(pack, made.form, printed)
    day = service_day(pack, whole)
    period = whole.values.get(pack.header.dated_by)
    days = None if period is None else days_of(period)
    charge = None if day is None else charged_cents(pack, facts_of(pack, whole, {}), day)
    if made.wrong or days is None or charge is None:
        return list(made.wrong) or [Wrong(f"form.{pack.header.dated_by}", "missing")]
    said, subject = whole.values, pack.header.request
    line = {
        "line_id": "1", "from_date": str(days[0]), "to_date": str(days[1]), "code": subject.code,
        "units_thousandths": 1000, "charge_cents": charge,
    }  # fmt: skip
    content = {
        "number": number or number_of(authorisation.number, str(period)),
        "version": version,
        "frequency": "1" if version == 1 else "7",
        "payer_claim_number": claim_number if version > 1 else None,
        "programme": pack.header.programme,
        "payer": authorisation.payer,
        "payee": {"kind": payee.kind, "identifier": payee.identifier, "tin": payee.tin, "name": payee.name},
        "subject": {
            "member_id": authorisation.member_id.reveal(),
            "last_name": said.get(subject.last_name),
            "first_name": said.get(subject.first_name or "") or None,
            "birth_date": said.get(subject.birth_date or "") or None,
        },
        "lines": [line],
        "total_cents": charge,
        "currency": "USD",
        "authorisation_number": authorisation.number,
        "attachments": attachments_in(fields),
        "form": sent_of(pack, made.form).model_dump(mode="json"),
    }
    return validated(content)


def field_of(path: str) -> str:
    """The field of the form for a path as findings write it: ``days[3].time_in``, ``form.pack``."""
    found = re.fullmatch(r"([a-z][a-z0-9_]*)(?:\[([0-9]{1,3})\]\.([a-z][a-z0-9_]*))?", path)
    if found is None or found[1] == ATTACHMENTS:
        return ATTACHMENTS if path.startswith(ATTACHMENTS) else ""
    return f"form.{found[1]}" + (f".{found[2]}.{found[3]}" if found[2] else "")


def number_of(authorisation: str, period: str) -> str:
    """One number for an authorisation and a period: a second request of both is told as such when it comes in."""
    number = f"{authorisation} {period}"
    return number if len(number) <= NUMBER_MAX else f"{derived('form', authorisation).hex[:24]} {period}"


def fields_of(pack: Pack, request: PaymentRequest) -> Fields:
    """A form filled with what was sent before, to be completed or corrected."""
    assert request.form is not None
    sent = form_of(request.form)
    by_id = {one.id: one for one in pack.fields}
    fields = {
        f"form.{name}": as_typed(by_id[name], value) for name, value in sent.values.items() if name in by_id
    }
    for name, rows in sent.rows.items():
        columns = {one.id: one for one in by_id[name].column} if name in by_id else {}
        for at, row in enumerate(rows):
            fields |= {
                f"form.{name}.{at}.{column}": as_typed(columns[column], value)
                for column, value in row.items()
                if column in columns
            }
    for at, one in enumerate(request.attachments):
        fields |= {f"attachments.{at}.type": one.type, f"attachments.{at}.sha256": one.sha256}
    return fields


def as_typed(one: Column, value: Known) -> str:
    """A value as a person types it."""
    if one.type == "boolean":
        return "yes" if value else "no"
    if one.type == "cents":
        return f"{int(value) // 100}.{int(value) % 100:02d}"
    return f"{int(value) // 60:02d}:{int(value) % 60:02d}" if one.type == "minute" else str(value)


def printed_of(authorisation: AuthorisationRecorded) -> Form:
    """What the agency printed. It names persons."""
    return Form({}) if authorisation.printed is None else form_of(authorisation.printed)


def with_printed(pack: Pack, form: Form, printed: Form) -> Form:
    """The form as it would read on paper."""
    shown = {one.id for one in pack.fields if not fills_in(one, pack, printed)}
    return Form(
        {**form.values, **{name: value for name, value in printed.values.items() if name in shown}},
        {**form.rows, **{name: rows for name, rows in printed.rows.items() if name in shown}},
        form.attachments,
    )


def _rows(pack: Pack, table: FormField, fields: Fields, wrong: list[Wrong]) -> list[Values]:
    made: list[Values] = []
    for at in places_of_rows(pack, table, fields):
        row: dict[str, Known] = {}
        for column in table.column:
            name = f"form.{table.id}.{at}.{column.id}"
            _put(row, column, fields.get(name, ""), name, wrong)
        made.append(row)
    return made


def _put(values: dict[str, Known], one: Column, text: str, name: str, wrong: list[Wrong]) -> None:
    """The value of what was typed, where it is one."""
    if not text:
        return
    match one.type:
        case "boolean" if text in ("yes", "no"):
            values[one.id] = text == "yes"
        case "boolean":
            wrong.append(Wrong(name, "unknown"))
        case "cents":
            found: list[Wrong] = []
            cents = scaled(text, 100, name, found)
            wrong += found
            if not found:
                values[one.id] = cents
        case "integer" if text.isascii() and text.isdecimal() and len(text) <= 10:
            values[one.id] = int(text)
        case "integer":
            wrong.append(Wrong(name, "whole_number"))
        case "minute":
            time = _TIME.fullmatch(text)
            if time is None or int(time[2]) > 59 or int(time[1]) * 60 + int(time[2]) > 1440:
                wrong.append(Wrong(name, "time"))
            else:
                values[one.id] = int(time[1]) * 60 + int(time[2])
        case _:
            values[one.id] = text


def _path(pack: Pack, fields: Fields, field: str) -> str:
    """``days[3].time_in`` of a finding, whose rows have no gaps, as the field of the form."""
    found = re.fullmatch(r"([a-z][a-z0-9_]*)(?:\[([0-9]+)\]\.([a-z][a-z0-9_]*))?", field)
    if found is None:
        return field
    if found[2] is None:
        return ATTACHMENTS if found[1] == ATTACHMENTS else f"form.{found[1]}"
    table = next((one for one in pack.fields if one.id == found[1]), None)
    places = [] if table is None else places_of_rows(pack, table, fields)
    at = places[int(found[2])] if int(found[2]) < len(places) else int(found[2])
    return f"form.{found[1]}.{at}.{found[3]}"


def _in_words(pack: Pack, one: Wrong, language: str) -> Wrong:
    """What cannot be read, in the pack's words where it has them; else the page has its own."""
    words = pack.wording.get(language)
    told = None if words is None else words.checks.get(one.why)
    return one if told is None else Wrong(one.field, one.why, told.message, told.fix)


def _words(pack: Pack, finding: Finding, language: str, whole: Assessment) -> tuple[str, str]:
    """The rule's sentences in a language, with what they name filled in."""
    words = pack.wording.get(language)
    told = None if words is None else words.rules.get(finding.rule) or words.checks.get(finding.rule)
    if told is None:
        return finding.message, finding.fix or ""
    return filled_in(told.message, whole.facts), filled_in(told.fix, whole.facts)
