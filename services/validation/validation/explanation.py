"""Why a version was decided as it was: what each rule read, the price step by step, duplicates, and its pins.

Nothing of this is stored for it: it is worked out from the body and the pins of the version whenever somebody asks.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from throughline.findings import Finding
from throughline.packs.directory import NO_PACKS, Packs
from throughline.reasons import Reason, Severity
from validation.allowed import allowed, rate_and_modifier
from validation.decided_again import decide_again, differences, facts_of
from validation.domain import COMMITTED
from validation.duplicates_tried import stored_kind
from validation.history import Version
from validation.payee_past import FACTS as PAST_FACTS
from validation.pricing import Price
from validation.reference import Terms
from validation.rules.reading import Reading, read_rules
from validation.rules.rule_set import RuleSet


class RuleRead(BaseModel):
    """One rule, and what it read. ``line`` is the line's position, from 0; None for the whole request."""

    rule: str
    version: int
    scope: str
    line: int | None
    verdict: str
    read: dict[str, bool | int | str | None]
    margin: int | float | None
    near_miss: bool
    """It held, with no more to spare than the rule says is near."""
    severity: Severity
    field: str
    message: str
    fix: str
    """As the rule has them: ``{name}`` stands for what that fact says."""


class LineSteps(BaseModel):
    """A line's price, step by step, in cents: charge, rate x units with modifiers, units covered, allowed, paid."""

    line_id: str
    code: str
    charge_cents: int
    units_thousandths: int
    rate_cents: int | None
    rate_of_modifier: str | None
    full_cents: int | None = None
    covered_cents: int | None = None
    allowed_cents: int | None = None
    deductible_cents: int | None = None
    copay_cents: int | None = None
    coinsurance_cents: int | None = None
    paid_cents: int | None = None


class UsedUp(BaseModel):
    """A deductible or out-of-pocket maximum of a year in cents, or units of an authorisation in thousandths."""

    what: str
    before: int
    added: int


class PinnedTerms(BaseModel):
    """Which versions of reference data stood when the version came in; None where there was none."""

    rule_set: str | None
    rules_version: int | None
    """The published version that first brought this set; 0 is the release's own."""
    reference_revision: int | None
    payer: int | None
    provider: int | None
    contract_id: str | None
    contract: int | None
    fee_schedule: str | None
    authorisation: int | None


class ExplainedVersion(BaseModel):
    version: int
    state: str
    reason: Reason | None
    decided_at: datetime
    verdict: str | None
    """What rules, price and duplicates came to, before any person looked; None where they were never asked."""
    verdict_cents: int | None
    paid_cents: int | None
    pinned: PinnedTerms
    rules: list[RuleRead]
    price: list[LineSteps]
    used_up: list[UsedUp]
    """What the latest decision read of what many requests use up together, and what it added."""
    duplicates: list[Finding]
    findings: list[Finding]
    overridden: list[Reason]
    """What stood against it when it was approved: a person let it pass."""
    differs: list[str]
    """What comes out otherwise than it was stored: nothing, unless this service has a fault."""


class Explanation(BaseModel):
    request_id: UUID
    versions: list[ExplainedVersion]


class Explanations(BaseModel):
    """A page."""

    requests: list[Explanation]
    next: UUID | None
    """Give it as ``after`` for the next page; None on the last."""


def explain(
    version: Version,
    first_received_on: date,
    terms: Terms,
    rules: RuleSet,
    packs: Packs = NO_PACKS,
    rules_version: int | None = None,
) -> ExplainedVersion:
    """``terms`` and ``rules`` are what the version is pinned to, ``rules_version`` who brought them."""
    claim, lines = facts_of(version, first_received_on, terms)
    judged = version.verdict is not None
    again = decide_again(version, first_received_on, terms, rules, packs, likest=stored_kind(version))
    return ExplainedVersion(
        version=version.number,
        state=version.state,
        reason=version.reason,
        decided_at=version.decided_at,
        verdict=version.verdict,
        verdict_cents=version.verdict_cents,
        paid_cents=version.paid_cents,
        pinned=_pinned(version, terms, rules_version),
        rules=[_told(one) for one in read_rules(rules, claim, lines)] if judged else [],
        price=price_steps(version, terms, again.approved) if judged else [],
        used_up=[
            UsedUp(what=one.kind, before=one.before, added=one.added)
            for one in version.readings or version.settled_readings
            if one.kind not in PAST_FACTS
        ],
        duplicates=[one for one in version.findings if one.duplicate is not None],
        findings=[one for one in version.findings if one.duplicate is None],
        overridden=_overridden(version),
        differs=[one.what for one in differences(version, again, rules)] if judged else [],
    )


_PATIENTS_SHARE = ("deductible_cents", "copay_cents", "coinsurance_cents")


def price_steps(version: Version, terms: Terms, priced: Price | None) -> list[LineSteps]:
    """Each line's steps; without a rate the others are unknown."""
    lines = version.submission.request.lines
    rates = terms.rates or {}
    steps = None if terms.contract is None else allowed(lines, rates, terms.price_terms)
    told: list[LineSteps] = []
    for at, line in enumerate(lines):
        rate_cents, modifier = rate_and_modifier(line, rates) or (None, None)
        made = LineSteps(
            line_id=line.line_id,
            code=line.code,
            charge_cents=line.charge_cents,
            units_thousandths=line.units_thousandths,
            rate_cents=rate_cents,
            rate_of_modifier=modifier,
        )
        if steps is not None and priced is not None:
            parts: dict[str, Any] = steps[at]._asdict()
            amount = priced.lines[at]
            parts |= {name: getattr(amount, name) for name in _PATIENTS_SHARE}
            made = made.model_copy(update={**parts, "paid_cents": amount.paid_cents})
        told.append(made)
    return told


def _overridden(version: Version) -> list[Reason]:
    if version.state not in COMMITTED:
        return []
    against = [one.reason for one in version.findings if one.severity is not Severity.NOTE]
    return list(dict.fromkeys(against))


def _pinned(version: Version, terms: Terms, rules_version: int | None) -> PinnedTerms:
    contract = terms.contract
    return PinnedTerms(
        rule_set=version.rule_set,
        rules_version=rules_version,
        reference_revision=version.reference_revision,
        payer=terms.payer and terms.payer.version,
        provider=terms.provider and terms.provider.version,
        contract_id=contract and contract.contract_id,
        contract=contract and contract.version,
        fee_schedule=contract and contract.fee_schedule,
        authorisation=terms.authorisation and terms.authorisation.version,
    )


def _told(one: Reading) -> RuleRead:
    return RuleRead(
        rule=one.rule.id,
        version=one.rule.version,
        scope="request" if one.rule.scope == "claim" else one.rule.scope,
        line=one.line,
        verdict=one.verdict,
        read=one.read,
        margin=one.margin,
        near_miss=one.is_near,
        severity=one.rule.severity,
        field=one.rule.field,
        message=one.rule.message,
        fix=one.rule.fix,
    )
