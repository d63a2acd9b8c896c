"""What happens next with a request, on what date, and what it waits for. Pure: the state, what is known, and the time.

The table below is flat and in one order; each answer names a sentence of the catalogue (``next.<what>``) and what it
waits for (``waits.<what>``). A date is a promise only where a calendar or the bank makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from portal.banking_days import (
    Cutoff,
    NextCutoff,
    add_banking_days,
    business_day,
    first_cutoff_on,
    next_cutoff,
)
from portal.read_model.standing import PROVIDER, who_acts
from throughline.lifecycle import ENDED, State, Substatus
from throughline.reasons import Reason

LATE_BANKING_DAYS = 1
"""A settlement is late when the bank's statement of the day after its date does not show it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the read model knows of a request's highest version."""

    state: State | None
    substatus: Substatus = Substatus.NONE
    reason: str | None = None
    paid_cents: int | None = None
    effective_date: date | None = None
    """The day that the payment's bank entry names."""
    settled_on: date | None = None
    return_window_ends_on: date | None = None
    remitted: bool = False
    account_payable_from: date | None = None
    """The first day on which the payee's account may be paid; None where it has none that may."""


@dataclass(frozen=True, slots=True)
class Next:
    """``on`` is the date of what happens next, ``paid_on`` the day on which the money is there if nothing intervenes.

    ``at`` is a cutoff's instant. ``late``: the date has passed and it did not happen.
    """

    what: str
    waits_for: str
    on: date | None = None
    at: datetime | None = None
    paid_on: date | None = None
    late: bool = False


def what_next(known: Known, now: datetime, cutoffs: Sequence[Cutoff]) -> Next:
    """The next step of a request at ``now`` (business time, UTC)."""
    today, cutoff = business_day(now), next_cutoff(cutoffs, now)
    leaves_on = None if cutoff is None else cutoff.settles_on
    if known.substatus in ENDED:
        return Next("ended", "nothing")
    match known.state:
        case State.SUBMITTED:
            return Next("checks", "checks", on=today, paid_on=leaves_on)
        case State.IN_REVIEW:
            return Next("review", "reviewer", paid_on=leaves_on)
        case State.APPROVED:
            return _approved(known, cutoff, cutoffs)
        case State.SCHEDULED:
            return _scheduled(known, today)
        case State.PAID:
            return _paid(known, today)
        case State.EXCEPTION:
            return _exception(known, cutoffs)
    return Next("unknown", "checks")


def _approved(known: Known, cutoff: NextCutoff | None, cutoffs: Sequence[Cutoff]) -> Next:
    if known.paid_cents == 0:
        return Next("explain_zero", "remittance")
    if cutoff is None:
        return Next("next_file", "cutoff")
    payable = known.account_payable_from
    if payable is not None and payable > business_day(cutoff.closes_at):
        cutoff = first_cutoff_on(cutoffs, payable) or cutoff
    return _leaves_with("next_file", "cutoff", cutoff)


def _leaves_with(what: str, waits_for: str, cutoff: NextCutoff) -> Next:
    return Next(
        what, waits_for, on=business_day(cutoff.closes_at), at=cutoff.closes_at, paid_on=cutoff.settles_on
    )


def _scheduled(known: Known, today: date) -> Next:
    if known.substatus is Substatus.ON_HOLD:
        return Next("release_batch", "operations")
    if known.settled_on is not None:
        return Next("explain", "remittance", on=known.settled_on, paid_on=known.settled_on)
    if known.effective_date is None:
        return Next("send_file", "bank_file")
    late = today > add_banking_days(known.effective_date, LATE_BANKING_DAYS)
    return Next("settle", "settlement", on=known.effective_date, paid_on=known.effective_date, late=late)


def _paid(known: Known, today: date) -> Next:
    ends = known.return_window_ends_on
    if ends is not None and today <= ends:
        return Next("return_window", "return_window", on=ends, paid_on=known.settled_on)
    return Next("done", "nothing", paid_on=known.settled_on)


def _exception(known: Known, cutoffs: Sequence[Cutoff]) -> Next:
    match known.substatus:
        case Substatus.RETURNED:
            return Next("mend_account", "provider")
        case Substatus.MISMATCH:
            return Next("reconcile", "operations")
        case Substatus.ON_HOLD:
            return _on_hold(known, cutoffs)
    if known.reason == Reason.RECOVERY_NEEDED:
        return Next("recovery", "operations")
    if known.reason in (Reason.DUPLICATE, Reason.DUPLICATE_NEAR):
        return Next("duplicate", "operations")
    acts = who_acts(known.state, known.substatus, known.reason)
    return Next("fix", "provider") if acts == PROVIDER else Next("look", "operations")


def _on_hold(known: Known, cutoffs: Sequence[Cutoff]) -> Next:
    match known.reason:
        case Reason.COOLING_OFF.value:
            payable = known.account_payable_from
            cutoff = None if payable is None else first_cutoff_on(cutoffs, payable)
            paid_on = None if cutoff is None else cutoff.settles_on
            return Next("cooling_off", "cooling_off", on=payable, paid_on=paid_on)
        case Reason.NO_ACCOUNT.value:
            return Next("enrol_account", "provider")
        case Reason.ACCOUNT_HELD.value:
            return Next("mend_account", "provider")
        case Reason.NAME_NOT_ENCODABLE.value | Reason.FIELD_NOT_ENCODABLE.value:
            return Next("confirm_name", "operations")
    return Next("release", "operations")
