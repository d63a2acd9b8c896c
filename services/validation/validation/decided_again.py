"""A stored version decided once more, by what it is pinned to and what its decision stored; and where that differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from throughline.decisions import Finding
from throughline.reasons import Reason
from validation.domain import COMMITTED, decide, told
from validation.history import Version
from validation.near_duplicates.verdict import Kind, Likeness
from validation.pricing import price
from validation.reference import Terms
from validation.rules.engine import evaluate
from validation.rules.facts import Facts, facts_of_claim, facts_of_line
from validation.rules.rule_set import RuleSet

_SOME_OTHER = UUID(int=0)
"""Which request it repeats does not change the verdict."""


@dataclass(frozen=True, slots=True)
class Again:
    """What rules, price and duplicates come to, as ``Version.verdict`` and ``verdict_cents``; the rules' findings."""

    verdict: str
    cents: int | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that was stored and comes out otherwise."""

    what: str
    stored: Any
    again: Any


def decide_again(version: Version, first_received_on: date, terms: Terms, rules: RuleSet) -> Again:
    """``first_received_on`` is the day the request's first version came in. Duplicates are as they were found then."""
    claim, lines = facts_of(version, first_received_on, terms)
    findings = tuple(evaluate(rules, claim, lines))
    proposed = price(version.submission.request.lines, terms)
    tier_cents = 0 if terms.payer is None else terms.payer.auto_approve_below_cents
    stored = (version.verdict or "").split()
    decision = decide(
        findings,
        proposed,
        _SOME_OTHER if Reason.DUPLICATE in stored else None,
        tier_cents,
        _likest(stored),
    )
    return Again(told(decision), None if proposed is None else proposed.paid_cents, findings)


def facts_of(version: Version, first_received_on: date, terms: Terms) -> tuple[Facts, list[Facts]]:
    submission = version.submission
    lines = [facts_of_line(submission.request, line, terms) for line in submission.request.lines]
    return facts_of_claim(submission, terms, first_received_on), lines


def differences(version: Version, again: Again) -> Iterator[Difference]:
    """What the decision stored and what comes out now."""
    if version.verdict != again.verdict:
        yield Difference("verdict", version.verdict, again.verdict)
    if version.verdict_cents != again.cents:
        yield Difference("price in cents", version.verdict_cents, again.cents)
    if version.state in COMMITTED and version.paid_cents != again.cents:
        yield Difference("approved cents", version.paid_cents, again.cents)
    stored, found = _by_rules(version.findings), _by_rules(again.findings)
    if stored != found:
        yield Difference("findings", stored, found)


def _by_rules(findings: Sequence[Finding]) -> list[str]:
    """What rules found: duplicates are found in the history of all requests."""
    return [
        f"{one.rule} {one.rule_version} {one.severity} {one.reason} {one.field}"
        for one in findings
        if one.duplicate is None
    ]


def _likest(stored: Sequence[str]) -> Likeness | None:
    kinds: dict[Reason, Kind] = {Reason.DUPLICATE_NEAR: "near", Reason.DUPLICATE_SUSPECT: "suspect"}
    for reason, kind in kinds.items():
        if reason in stored:
            return Likeness(kind, _SOME_OTHER, 1, (), 0)
    return None
