"""What payout decides about items, accounts and payments. Pure: data in, a named decision out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from uuid import UUID

from payout.ledger import Step
from throughline.identifiers import payment_id_for
from throughline.money import CENTS_MAX
from throughline.reasons import Reason


class ItemState(StrEnum):
    """Where an item stands in payout. `unpaid`: priced to zero, never to leave."""

    WAITING = "waiting"
    HELD = "held"
    SCHEDULED = "scheduled"
    STOPPED = "stopped"
    UNPAID = "unpaid"


class AccountState(StrEnum):
    """Where an account stands. Only an active one is paid to, from its `payable_from` on."""

    UNCONFIRMED = "unconfirmed"
    ACTIVE = "active"
    HELD = "held"
    REPLACED = "replaced"


REASONS: dict[str, Reason] = {reason.value: reason for reason in Reason}

# Holds that end when the payee's account or name does.
MENDED_BY_ACCOUNT = frozenset(
    {Reason.NO_ACCOUNT, Reason.ACCOUNT_HELD, Reason.COOLING_OFF, Reason.NAME_NOT_ENCODABLE}
)
# Holds that an order may not lift item by item: a payment is reissued, an older version must end first.
NOT_LIFTED_BY_ORDER = frozenset({Reason.RETURNED, Reason.REVERSED, Reason.RECOVERY_NEEDED})


@dataclass(slots=True)
class Item:
    """One approved decision about one request version."""

    decision_id: UUID
    request_id: UUID
    version: int
    payer: str
    payee_id: UUID
    cents: int
    state: ItemState
    reason: Reason | None = None
    payment_id: UUID | None = None
    came_back: bool = False
    """Its money was in a payment that was returned or refused: it lies in another clearing account."""
    revoked_by: UUID | None = None
    """The last ApprovalRevoked that was answered for it."""

    @property
    def is_live(self) -> bool:
        """Whether it may still be paid, or is at the bank."""
        return self.cents > 0 and self.state in (ItemState.WAITING, ItemState.HELD, ItemState.SCHEDULED)


def decide_approved(cents: int, others: Iterable[Item]) -> tuple[ItemState, Reason | None]:
    """Where a newly approved item starts. While another decision on the same request is live, nothing more leaves."""
    if cents == 0:
        return ItemState.UNPAID, None
    if any(other.is_live for other in others):
        return ItemState.HELD, Reason.RECOVERY_NEEDED
    return ItemState.WAITING, None


def can_stop(item: Item | None) -> bool:
    """Whether an approval can still be taken back: the item waits, or is held with nothing of it at the bank.

    What the bank returned or refused can be: the payee has nothing of it.
    """
    return item is not None and item.state in (ItemState.WAITING, ItemState.HELD, ItemState.STOPPED)


def stop_step(item: Item) -> Step:
    """The ledger's step for stopping a live item."""
    return Step.STOPPED_AFTER_RETURN if item.came_back else Step.STOPPED


def refuse_hold(item: Item | None) -> Reason | None:
    """Why an item cannot be held by order; None where it can."""
    if item is None:
        return Reason.UNKNOWN_SUBJECT
    if item.state is ItemState.SCHEDULED:
        return Reason.TOO_LATE
    if item.state in (ItemState.STOPPED, ItemState.UNPAID):
        return Reason.ALREADY_ENDED
    return Reason.NOT_ALLOWED_NOW if item.reason in NOT_LIFTED_BY_ORDER else None


def refuse_release(item: Item | None, others: Iterable[Item]) -> Reason | None:
    """Why a held item cannot be released by order; None where it can."""
    if item is None:
        return Reason.UNKNOWN_SUBJECT
    if item.state is not ItemState.HELD or item.reason in (Reason.RETURNED, Reason.REVERSED):
        return Reason.NOT_ALLOWED_NOW
    return Reason.RECOVERY_NEEDED if any(other.is_live for other in others) else None


@dataclass(slots=True)
class OrderedPayment:
    """A payment as an order about it sees it: where it stands, and what of it is still owed."""

    payment_id: UUID
    payee_id: UUID
    state: str
    reissued: bool
    owed_count: int
    owed_cents: int
    bank: str = ""
    """The bank that paid it: what is taken back goes by the same."""
    cents: int = 0
    settled_on: date | None = None
    has_reversal: bool = False
    reversal_failure: str | None = None


def refuse_reissue(payment: OrderedPayment | None, account: Payable | None, today: date) -> Reason | None:
    """Why a payment cannot be paid again now; None where it can. Checked in this order: it came back, was not reissued
    before, something of it is owed, and its payee can be paid."""
    if payment is None:
        return Reason.UNKNOWN_SUBJECT
    if payment.state not in ("returned", "reversed"):
        return Reason.NOT_RETURNED
    if payment.reissued:
        return Reason.ALREADY_REISSUED
    if payment.owed_count == 0:
        return Reason.NOTHING_OWED
    return refuse_account(account, today)


@dataclass(frozen=True, slots=True)
class Payable:
    """A payee's account as the close of a batch sees it."""

    token: str
    mask: str
    state: AccountState
    payable_from: date | None
    change_pending: bool


def refuse_account(account: Payable | None, today: date) -> Reason | None:
    """Why a payee cannot be paid today; None where it can.

    While a change of account is pending nothing is paid: not to the new account, and not silently to the old one.
    """
    if account is None:
        return Reason.NO_ACCOUNT
    if account.state is AccountState.HELD:
        return Reason.ACCOUNT_HELD
    if account.change_pending or account.payable_from is None or account.payable_from > today:
        return Reason.COOLING_OFF
    return None


_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An item that a closing batch may take."""

    decision_id: UUID
    request_id: UUID
    version: int
    payer: str
    payee_id: UUID
    programme: str
    entry: str
    """The kind of bank entry that pays it."""
    cents: int
    came_back: bool
    waiting_since: datetime = _LONG_AGO


@dataclass(frozen=True, slots=True)
class Planned:
    """One payment to be: every item of it, in the order of their ids."""

    payment_id: UUID
    payer: str
    payee_id: UUID
    programme: str
    entry: str
    """The kind of bank entry that pays it."""
    account_token: str
    items: tuple[Waiting, ...]

    @property
    def cents(self) -> int:
        return sum(item.cents for item in self.items)

    @property
    def waiting_since(self) -> datetime:
        """When the first of its items began to wait."""
        return min(item.waiting_since for item in self.items)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a batch pays, and what it goes without. Items in neither wait for the next window."""

    payments: tuple[Planned, ...]
    held: tuple[tuple[Waiting, Reason], ...]


def plan_payments(
    batch_id: UUID, items: Sequence[Waiting], accounts: Mapping[UUID, Payable], today: date
) -> Plan:
    """One payment per payer, payee and account; of one programme and kind of bank entry, because the entry says what it
    is.

    Of a payee with items of two programmes under one payer, those of the programme that has not waited longest wait for
    the next window. So do items that would carry a payment over what one entry holds, the latest first; a single one
    above it is held.
    """
    held: list[tuple[Waiting, Reason]] = []
    groups: dict[tuple[str, UUID], list[Waiting]] = {}
    for item in items:
        reason = refuse_account(accounts.get(item.payee_id), today)
        if reason is None and item.cents > CENTS_MAX:
            reason = Reason.AMOUNT_TOO_LARGE
        if reason is not None:
            held.append((item, reason))
        else:
            groups.setdefault((item.payer, item.payee_id), []).append(item)
    payments = []
    for (payer, payee_id), members in sorted(groups.items()):
        token = accounts[payee_id].token
        members.sort(key=lambda one: (one.waiting_since, one.decision_id))
        first = members[0]
        taken: list[Waiting] = []
        room = CENTS_MAX
        for item in members:
            if (item.programme, item.entry) == (first.programme, first.entry) and item.cents <= room:
                taken.append(item)
                room -= item.cents
        taken.sort(key=lambda one: one.decision_id)
        payment_id = payment_id_for(batch_id, payer, payee_id, token)
        payments.append(
            Planned(payment_id, payer, payee_id, first.programme, first.entry, token, tuple(taken))
        )
    return Plan(tuple(payments), tuple(held))


def items_hash(items: Iterable[Waiting]) -> str:
    """SHA-256 over the sorted lines `request_id,version,decision_id,cents`, as PaymentSent defines it."""
    lines = sorted(f"{item.request_id},{item.version},{item.decision_id},{item.cents}\n" for item in items)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


# Return reasons that make no sense for a credit of ours (domain: debits only). The money is back all the same.
ODD_FOR_CREDITS = frozenset(f"R{number:02d}" for number in (1, 5, 7, 8, 9, 10, 11, 29))
DUPLICATE_ENTRY = "R24"
