"""Terms that were taken back after requests came in by them: a licence, an enrolment, a contract or an authorisation
that ends earlier than was on file. Ends count by their days: who is only marked inactive ended on no day gone by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

from throughline.findings import Finding
from throughline.reasons import Reason, Severity
from throughline.reference import AuthorisationRecorded, ContractRecorded, ProviderRecorded
from throughline.requests import ServiceLine
from validation.reference import Entity, Terms


class Days(NamedTuple):
    """From one day to another; without end where that is None."""

    first: date
    last: date | None

    def hold(self, served: tuple[date, date]) -> bool:
        return self.first <= served[0] and served[1] <= (self.last or date.max)

    def lost_since(self, now: Days) -> date | None:
        """The first day that these have and the others do not."""
        if self.first < now.first:
            return self.first
        end, end_now = self.last or date.max, now.last or date.max
        return end_now if end_now < end else None


def lost_since(before: Entity | None, now: Entity) -> date | None:
    """A day before which nothing was taken back; None where nothing was, or nothing was on file."""
    lost: list[date | None] = []
    match before, now:
        case ProviderRecorded(), ProviderRecorded():
            lost = [
                _enrolled(before).lost_since(_enrolled(now)),
                _licensed(before).lost_since(_licensed(now)),
            ]
        case ContractRecorded(), ContractRecorded():
            is_of_others = (before.payer, before.payee_id) != (now.payer, now.payee_id)
            first = before.effective_from if is_of_others else None
            lost = [first, _agreed(before).lost_since(_agreed(now))]
        case AuthorisationRecorded(), AuthorisationRecorded():
            lost = [_authorised(before).lost_since(_authorised(now))]
    return min((one for one in lost if one is not None), default=None)


def no_longer_good(
    lines: tuple[ServiceLine, ...], then: Terms, now: Terms, cared: tuple[date, date] | None = None
) -> Iterator[Finding]:
    """Services for which the terms held as the request came in, and do not any more.

    ``cared``: the first and the last day of care that a form tells. Its lines have the whole period's days, and an
    authorisation may begin or end within it.
    """
    for position, line in enumerate(lines):
        served = line.from_date, line.to_date
        for term in TERMS:
            days = cared or served if term.reason is Reason.AUTHORISATION_ENDED else served
            if term.held(days, then) and not term.held(days, now):
                yield Finding(
                    rule=term.rule,
                    rule_version=1,
                    severity=Severity.REVIEW,
                    reason=term.reason,
                    field=f"lines[{position}].from_date",
                    message=term.told,
                    fix="A reviewer decides whether it is denied, or paid all the same.",
                )


def _enrolled(provider: ProviderRecorded) -> Days:
    return Days(provider.enrolled_from, provider.enrolled_to)


def _licensed(provider: ProviderRecorded) -> Days:
    return Days(date.min, provider.licence_expires_on)


def _agreed(contract: ContractRecorded) -> Days:
    return Days(contract.effective_from, contract.effective_to)


def _authorised(authorisation: AuthorisationRecorded) -> Days:
    return Days(authorisation.valid_from, authorisation.valid_to)


def _is_licensed(one: ProviderRecorded | None, served: tuple[date, date]) -> bool:
    return one is None or _licensed(one).hold(served)


def _is_rendering_licensed(served: tuple[date, date], on_file: Terms) -> bool:
    """Who gave the service, where that is another than who bills."""
    rendering, billing = on_file.rendering, on_file.provider
    is_another = rendering is not None and (billing is None or rendering.payee_id != billing.payee_id)
    return not is_another or _is_licensed(rendering, served)


class Term(NamedTuple):
    """Something that may be taken back: whether it held on the days of a service. What is not on file holds for none;
    no licence on file is none asked for. Each has a rule of its own: who was shown one was not shown another."""

    rule: str
    reason: Reason
    told: str
    held: Callable[[tuple[date, date], Terms], bool]


TERMS = (
    Term(
        "enrolment-ended",
        Reason.ENROLMENT_ENDED,
        "The billing provider's enrolment was recorded later as not covering this service.",
        lambda served, its: its.provider is not None and _enrolled(its.provider).hold(served),
    ),
    Term(
        "licence-ended",
        Reason.LICENCE_ENDED,
        "The licence of the billing provider was recorded later as ended before the end of this service.",
        lambda served, its: _is_licensed(its.provider, served),
    ),
    Term(
        "rendering-licence-ended",
        Reason.LICENCE_ENDED,
        "The licence of the rendering provider was recorded later as ended before the end of this service.",
        _is_rendering_licensed,
    ),
    Term(
        "contract-ended",
        Reason.CONTRACT_ENDED,
        "The contract was recorded later as not in force on the dates of this service, and no other is.",
        lambda served, its: its.contract is not None and _agreed(its.contract).hold(served),
    ),
    Term(
        "authorisation-ended",
        Reason.AUTHORISATION_ENDED,
        "The authorisation was recorded later as not covering the dates of this service.",
        lambda served, its: its.authorisation is not None and _authorised(its.authorisation).hold(served),
    ),
)
TAKEN_BACK = frozenset({one.reason for one in TERMS})
