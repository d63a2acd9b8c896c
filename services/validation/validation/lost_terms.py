"""Terms that were taken back after requests came in by them: a licence, an enrolment, a contract or an authorisation
that ends earlier than was on file. Ends count by their days: who is only marked inactive ended on no day gone by."""

from __future__ import annotations

from collections.abc import Iterator
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

    def hold(self, line: ServiceLine) -> bool:
        return self.first <= line.from_date and line.to_date <= (self.last or date.max)

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


def no_longer_good(lines: tuple[ServiceLine, ...], then: Terms, now: Terms) -> Iterator[Finding]:
    """Services for which the terms held as the request came in, and do not any more."""
    for position, line in enumerate(lines):
        for reason, (rule, told) in TAKEN_BACK.items():
            if _held(reason, line, then) and not _held(reason, line, now):
                yield Finding(
                    rule=rule,
                    rule_version=1,
                    severity=Severity.REVIEW,
                    reason=reason,
                    field=f"lines[{position}].from_date",
                    message=told,
                    fix="A reviewer decides whether it is denied, or paid all the same.",
                )


def _held(reason: Reason, line: ServiceLine, terms: Terms) -> bool:
    """Whether a term held for a service. What is not on file holds for none; no licence on file is none asked for."""
    match reason:
        case Reason.ENROLMENT_ENDED:
            return terms.provider is not None and _enrolled(terms.provider).hold(line)
        case Reason.LICENCE_ENDED:
            known = [one for one in (terms.provider, terms.rendering) if one is not None]
            return all(_licensed(one).hold(line) for one in known)
        case Reason.CONTRACT_ENDED:
            return terms.contract is not None and _agreed(terms.contract).hold(line)
        case _:
            return terms.authorisation is not None and _authorised(terms.authorisation).hold(line)


def _enrolled(provider: ProviderRecorded) -> Days:
    return Days(provider.enrolled_from, provider.enrolled_to)


def _licensed(provider: ProviderRecorded) -> Days:
    return Days(date.min, provider.licence_expires_on)


def _agreed(contract: ContractRecorded) -> Days:
    return Days(contract.effective_from, contract.effective_to)


def _authorised(authorisation: AuthorisationRecorded) -> Days:
    return Days(authorisation.valid_from, authorisation.valid_to)


TAKEN_BACK = {
    Reason.ENROLMENT_ENDED: (
        "enrolment-ended",
        "The billing provider's enrolment was recorded later as not covering this service.",
    ),
    Reason.LICENCE_ENDED: (
        "licence-ended",
        "The licence of the billing or rendering provider was recorded later as ended before the end of this service.",
    ),
    Reason.CONTRACT_ENDED: (
        "contract-ended",
        "The contract was recorded later as not in force on the dates of this service, and no other is.",
    ),
    Reason.AUTHORISATION_ENDED: (
        "authorisation-ended",
        "The authorisation was recorded later as not covering the dates of this service.",
    ),
}
"""The rule and the words of each finding, by its reason."""
