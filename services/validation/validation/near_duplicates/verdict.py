"""Near, suspect, a near miss or nothing: one request beside those that may have billed the same before. Pure.

The score is the sum of five weights, each by the share that holds: payee, person, dates, services, amount. Some things
are no repetition whatever they score: another version of the same bill, a claim to the payer that comes second.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from throughline.packs.directory import NO_PACKS, Packs
from throughline.requests import PaymentRequest
from throughline.submissions import SubmissionReceived
from validation.near_duplicates.hours import compared, thresholds_of
from validation.near_duplicates.person import PersonMatch, match_person
from validation.near_duplicates.rules import DuplicateRules, Thresholds
from validation.near_duplicates.services import ServiceMatch, match_services

Kind = Literal["near", "suspect", "near_miss"]
NEAR_MISSES_MAX = 3
_ORDER: dict[Kind, int] = {"near": 0, "suspect": 1, "near_miss": 2}


@dataclass(frozen=True, slots=True)
class Likeness:
    """An earlier request that this one resembles: how much, and in what."""

    kind: Kind
    other_request_id: UUID
    other_version: int
    keys: tuple[str, ...]
    score: int
    hours_version: int | None = None
    """Of the pack's rule by which they bill the same time; None where it is not for that."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``likest`` stops the request or asks a person; ``near_misses`` are only recorded.

    ``other_bills`` are requests that bill for another person or to the payer that comes first or second: where their
    bill key is the same, it is no duplicate.
    """

    likest: Likeness | None = None
    near_misses: tuple[Likeness, ...] = ()
    other_bills: frozenset[UUID] = frozenset()


NOTHING = Verdict()


def judge(
    here: SubmissionReceived,
    candidates: Iterable[SubmissionReceived],
    rules: DuplicateRules,
    shown: Collection[UUID] = (),
    packs: Packs = NO_PACKS,
) -> Verdict:
    """The worst of the candidates. ``shown`` are those that a reviewer has seen beside it and let pass."""
    terms = thresholds_of(here.request, rules, packs)
    found: list[Likeness] = []
    shifts: list[Likeness] = []
    other_bills: set[UUID] = set()
    for there in candidates:
        if there.request_id == here.request_id or not _within_window(here, there, terms):
            continue
        if _is_replacement(here, there):
            continue
        if _is_of_another_payer_in_order(here.request, there.request):
            other_bills.add(there.request_id)
            continue
        person = match_person(here.request.subject, there.request.subject, rules)
        if person.apart:
            other_bills.add(there.request_id)
        if there.request_id in shown:
            continue
        likeness, is_shift = _compare(here, there, person, rules, terms, packs)
        if likeness is not None:
            (shifts if is_shift else found).append(likeness)
    if len({one.other_request_id for one in shifts}) == 1:
        found += shifts  # more of them are a series of the same service, not one day mistyped
    if not found and not other_bills:
        return NOTHING
    found.sort(key=lambda one: (_ORDER[one.kind], -one.score, one.other_request_id))
    stopping = [one for one in found if one.kind != "near_miss"]
    missed = [one for one in found if one.kind == "near_miss"]
    return Verdict(stopping[0] if stopping else None, tuple(missed[:NEAR_MISSES_MAX]), frozenset(other_bills))


def _compare(
    here: SubmissionReceived,
    there: SubmissionReceived,
    person: PersonMatch,
    rules: DuplicateRules,
    terms: Thresholds,
    packs: Packs,
) -> tuple[Likeness | None, bool]:
    """The likeness, and whether it is one service on two days, untied."""
    one, other = here.request, there.request
    ties = _ties(here, there)
    services = None
    if one.programme == other.programme and person.share:
        services = match_services(one.lines, other.lines, rules, terms, bool(ties))
    score = 0
    keys: tuple[str, ...] = ()
    payee_share, payee_keys = _payee(here, there, rules)
    if services is not None and (payee_share or _is_sure_across_payees(here, there, person)):
        score = _score(payee_share, person, services, rules)
        keys = (*payee_keys, *person.keys, *services.keys, *ties)
    document = _same_document(one, other, rules)
    if document:
        score, keys = max(score, rules.fixed.same_attachment), (*keys, "attachment")
    times = compared(one, other, packs) if person.share and not person.apart else None
    if times is not None and times.is_shared:
        score, keys = max(score, terms.near), (*keys, "hours")
    elif times is not None and not payee_share and not document:
        return None, False  # a morning with one provider and an evening with another are two services
    kind = _kind(score, terms, near=payee_share > 0 and not person.apart)
    if kind is None or (person.apart and kind != "near_miss" and not document):
        return None, False
    untied_shift = services is not None and services.shifted_to is not None and kind == "near_miss"
    hours = times.version if times is not None and times.is_shared else None
    return Likeness(kind, there.request_id, there.version, keys, score, hours), untied_shift


def _score(payee: int, person: PersonMatch, services: ServiceMatch, rules: DuplicateRules) -> int:
    weights = rules.weights
    return (
        weights.payee * payee
        + weights.person * person.share
        + weights.dates * services.dates
        + weights.services * services.services
        + weights.amount * services.amount
    ) // 100


def _kind(score: int, terms: Thresholds, *, near: bool) -> Kind | None:
    """``near`` is of one payee and one person; across payees a person always looks."""
    if near and score >= terms.near:
        return "near"
    if score >= terms.suspect:
        return "suspect"
    return "near_miss" if score >= terms.near_miss else None


def _payee(
    here: SubmissionReceived, there: SubmissionReceived, rules: DuplicateRules
) -> tuple[int, tuple[str, ...]]:
    if here.payee_id == there.payee_id:
        return 100, ("payee",)
    if here.request.payee.tin == there.request.payee.tin:
        return rules.shares.same_tin, ("payee_tin",)
    return 0, ()


def _is_sure_across_payees(here: SubmissionReceived, there: SubmissionReceived, person: PersonMatch) -> bool:
    """A member id is one payer's: with another payee and another payer, names or birth dates must agree too."""
    return here.request.payer == there.request.payer or bool({"name", "birth"} & set(person.keys))


def _ties(here: SubmissionReceived, there: SubmissionReceived) -> tuple[str, ...]:
    """The payee's own numbers: one invoice, or one request number sent by two partners."""
    if here.payee_id != there.payee_id:
        return ()
    found = []
    if (
        here.request.invoice_number is not None
        and here.request.invoice_number == there.request.invoice_number
    ):
        found.append("invoice")
    if here.partner != there.partner and here.request.number == there.request.number:
        found.append("number")
    return tuple(found)


def _same_document(one: PaymentRequest, other: PaymentRequest, rules: DuplicateRules) -> bool:
    ours, theirs = (
        {each.sha256 for each in request.attachments if each.type not in rules.repeating_attachments}
        for request in (one, other)
    )
    return not ours.isdisjoint(theirs)


def _within_window(here: SubmissionReceived, there: SubmissionReceived, terms: Thresholds) -> bool:
    return abs((here.received_on - there.received_on).days) <= terms.window_days


def _is_replacement(here: SubmissionReceived, there: SubmissionReceived) -> bool:
    """It names the other as the original that it replaces."""
    named = here.request.payer_claim_number
    return here.request.frequency != "1" and named is not None and named == there.payer_claim_number


def _is_of_another_payer_in_order(one: PaymentRequest, other: PaymentRequest) -> bool:
    """One bill goes to the first payer and then to the second: the order differs, and so does the payer."""
    return one.payer != other.payer and (one.payer_order or "P") != (other.payer_order or "P")
