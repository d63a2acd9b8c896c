"""A stored version decided once more, by what it is pinned to and what its decision stored; and where that differs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from throughline.findings import Finding
from throughline.packs.directory import NO_PACKS, Packs
from throughline.reasons import Reason
from validation.domain import COMMITTED, decide, told
from validation.form_days import counted_in
from validation.history import Version
from validation.near_duplicates.verdict import Kind, Likeness
from validation.payee_past import past_read
from validation.pricing import Price
from validation.programme import findings_of_form, packs_of
from validation.quote import Quote, quote
from validation.reference import Terms
from validation.rules.engine import NO_RULES_FINDING, evaluate
from validation.rules.facts import Facts, facts_of_claim, facts_of_line
from validation.rules.rule_set import RuleSet
from validation.standing import stored_standing
from validation.tallies import Readings, Tallies

_SOME_OTHER = UUID(int=0)
"""Which request it repeats does not change the verdict."""


@dataclass(frozen=True, slots=True)
class Again:
    """What rules, price and duplicates come to, as ``Version.verdict`` and ``verdict_cents``; the rules' findings."""

    verdict: str
    price: Price | None
    """As the tallies stood when it was settled."""
    approved: Price | None
    """As they stood at its latest decision."""
    findings: tuple[Finding, ...]

    @property
    def cents(self) -> int | None:
        return None if self.price is None else self.price.paid_cents


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that was stored and comes out otherwise."""

    what: str
    stored: Any
    again: Any


def decide_again(
    version: Version,
    first_received_on: date,
    terms: Terms,
    rules: RuleSet,
    packs: Packs = NO_PACKS,
    *,
    likest: Kind | None,
) -> Again:
    """``first_received_on`` is the day the request's first version came in. ``likest`` is what its nearest
    resemblance is taken for. Exact duplicates, and what stood against it beside the rules, are as they were found
    then, and what was used up by others as the decision read it."""
    packs = packs_of(version.pack, packs)
    claim, lines = facts_of(version, first_received_on, terms)
    counted = counted_in(version.settled_readings)
    of_form = findings_of_form(version.submission, terms, packs, first_received_on, counted)
    findings = (*evaluate(rules, claim, lines), *of_form)
    settled = _quoted(version, terms, version.settled_readings, packs)
    proposed = settled.price
    tier_cents = 0 if terms.payer is None else terms.payer.auto_approve_below_cents
    stored = (version.verdict or "").split()
    asked = (*findings, *stored_standing(version, stored))
    decision = decide(
        asked if settled.shortage is None else (*asked, settled.shortage),
        proposed,
        _SOME_OTHER if Reason.DUPLICATE in stored else None,
        tier_cents,
        None if likest is None else Likeness(likest, _SOME_OTHER, 1, (), 0),
    )
    latest = version.readings or version.settled_readings
    return Again(told(decision), proposed, _quoted(version, terms, latest, packs).price, findings)


def _quoted(version: Version, terms: Terms, readings: Readings, packs: Packs) -> Quote:
    tallies = Tallies({one.key: one.before for one in readings})
    return quote(version.submission, terms, tallies, packs, counted_in(readings))


def facts_of(version: Version, first_received_on: date, terms: Terms) -> tuple[Facts, list[Facts]]:
    submission = version.submission
    past = version.payee_past
    if past is None:
        past = past_read(submission, version.settled_readings)
    lines = [facts_of_line(submission.request, line, terms, past) for line in submission.request.lines]
    return facts_of_claim(submission, terms, first_received_on), lines


def differences(version: Version, again: Again, rules: RuleSet) -> Iterator[Difference]:
    """What the decision stored and what comes out now."""
    if version.verdict != again.verdict:
        yield Difference("verdict", version.verdict, again.verdict)
    if version.verdict_cents != again.cents:
        yield Difference("price in cents", version.verdict_cents, again.cents)
    approved = None if again.approved is None else again.approved.paid_cents
    if version.state in COMMITTED and version.paid_cents != approved:
        yield Difference("approved cents", version.paid_cents, approved)
    ids = {NO_RULES_FINDING, *(rule.id for rule in rules.rules)}
    stored, found = _by_rules(version.findings, ids), _by_rules(again.findings, ids)
    if stored != found:
        yield Difference("findings", stored, found)


def _by_rules(findings: Sequence[Finding], ids: Collection[str]) -> list[str]:
    """What rules found. Duplicates and what is used up are found in the history of all requests."""
    return [
        f"{one.rule} {one.rule_version} {one.severity} {one.reason} {one.field}"
        for one in findings
        if one.rule in ids
    ]
