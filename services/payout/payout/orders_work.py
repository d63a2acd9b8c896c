"""What a slice of orders needs: the items they name, and the payments with what came back of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from chassis import Context, Heard
from payout import repository
from payout.batch_repository import payees_with_accounts
from payout.batches import OrderedBatch, approvers_of, lock_batches, store_batches
from payout.calendar import next_window, planned_date
from payout.domain import Item, OrderedPayment, Payable
from payout.reversals import order_reversals
from payout.settings import Bank
from payout.take_out import Unpayable, lock_unpayable, store_taken_out
from payout.work import ItemsWork
from throughline.orders import HoldBatch, ReissuePayment, ReleaseBatch, ReversalCause, ReversePayment
from throughline.reasons import Reason

# What is still owed of a payment that came back: its items that are held, or will be in a moment, and whose requests
# have no other live decision.
_ORDERED = """
select p.payment_id, p.payee_id, p.state, p.reissued_by is not null as reissued,
    coalesce(i.owed_count, 0) as owed_count, coalesce(i.owed_cents, 0)::bigint as owed_cents,
    b.bank, p.cents, p.settled_on, r.payment_id is not null as has_reversal, r.failure
from payments p join batches b on b.batch_id = p.batch_id left join reversals r using (payment_id) left join lateral (
    select count(*) filter (where i.state <> 'stopped' and not other.is_live) as owed_count,
        sum(i.cents) filter (where i.state <> 'stopped' and not other.is_live) as owed_cents
    from items i cross join lateral (
        select exists (
            select 1 from items o where o.request_id = i.request_id and o.decision_id <> i.decision_id and o.cents > 0
                and o.state in ('waiting', 'held', 'scheduled')) as is_live
    ) other
    where i.payment_id = p.payment_id
) i on true
where p.payment_id = any($1::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Reissue:
    """A payment to be paid again, by whose order, and why its items are held."""

    payment_id: UUID
    actor: str
    cause: UUID
    held_for: Reason


class OrdersWork(ItemsWork):
    """Items as for every slice; and the payments that orders name, locked, with the accounts of their payees."""

    def __init__(
        self,
        items: Sequence[Item],
        now: datetime,
        slice_name: str,
        today: date,
        payments: Iterable[OrderedPayment],
    ) -> None:
        super().__init__(items, now, slice_name)
        self.today = today
        self._payments = {one.payment_id: one for one in payments}
        self._accounts: dict[UUID, Payable] = {}
        self._reissues: list[Reissue] = []
        self._reversals: list[tuple[UUID, str, date, str]] = []
        self._banks: dict[str, Bank] = {}
        self._batches: dict[UUID, OrderedBatch] = {}
        self._approvers: dict[UUID, set[str]] = {}
        self._changed_batches: dict[UUID, OrderedBatch] = {}
        self._unpayable: dict[UUID, list[Unpayable]] = {}
        self._taken_out: list[Unpayable] = []

    @classmethod
    async def load(cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context) -> OrdersWork:
        """Locks in the order that everybody takes: items, batches, payments, accounts."""
        items = await cls.items_named(db, heard)
        named = {one.message.batch_id for one in heard if isinstance(one.message, HoldBatch | ReleaseBatch)}
        batches = await lock_batches(db, list(named))
        payments = await _lock_payments(db, [one.message for one in heard])
        work = cls(items, context.clock.now(), cls.name_of(heard), context.clock.today(), payments)
        payees = await payees_with_accounts(db, [one.payee_id for one in payments])
        work._banks = context.settings.banks
        work._batches = {one.batch_id: one for one in batches}
        work._unpayable = await lock_unpayable(
            db, to_be_released([one.message for one in heard], batches), work.today
        )
        work._approvers = await approvers_of(db, list(named)) if named else {}
        work._accounts = {payee_id: payee.payable for payee_id, payee in payees.items()}
        return work

    def payment(self, payment_id: UUID) -> OrderedPayment | None:
        return self._payments.get(payment_id)

    def account_of(self, payee_id: UUID) -> Payable | None:
        return self._accounts.get(payee_id)

    def batch(self, batch_id: UUID) -> OrderedBatch | None:
        return self._batches.get(batch_id)

    def approvers_of(self, batch_id: UUID) -> set[str]:
        """The people who approved anything in a batch."""
        return self._approvers.get(batch_id, set())

    def unpayable_of(self, batch_id: UUID) -> list[Unpayable]:
        """The payments of a batch to be released whose accounts are no longer in order."""
        return self._unpayable.get(batch_id, [])

    def take_out(self, batch: OrderedBatch) -> list[Unpayable]:
        """They will not leave with the batch; it is smaller by them."""
        taken = self._unpayable.pop(batch.batch_id)
        batch.payment_count -= len(taken)
        batch.total_cents -= sum(one.cents for one in taken)
        batch.lacks_entries = True
        self._taken_out += taken
        return taken

    def changed_batch(self, batch: OrderedBatch) -> None:
        self._changed_batches[batch.batch_id] = batch

    def reissue(self, payment: OrderedPayment, actor: str, cause: UUID) -> None:
        """Its items may be many: they wait again in transactions of their own."""
        payment.reissued = True
        held_for = Reason.REVERSED if payment.state == "reversed" else Reason.RETURNED
        self._reissues.append(Reissue(payment.payment_id, actor, cause, held_for))

    def next_effective(self, bank: str) -> date | None:
        """The effective date of the next file of a bank; None where no such bank is set."""
        found = self._banks.get(bank)
        return None if found is None else planned_date(next_window(found.all_cutoffs(), self.now))

    def reverse(self, payment: OrderedPayment, cause: ReversalCause, actor: str, last_day: date) -> None:
        payment.has_reversal, payment.reversal_failure = True, None
        self._reversals.append((payment.payment_id, cause, last_day, actor))

    async def store(self, db: asyncpg.Connection) -> None:
        await super().store(db)
        await order_reversals(db, self._reversals, self.now)
        await store_taken_out(db, self._taken_out)
        await store_batches(db, list(self._changed_batches.values()))
        if self._reissues:
            await db.execute(
                """
                update payments p set reissued_by = t.actor, reissued_at = $3
                from unnest($1::uuid[], $2::text[]) as t (payment_id, actor) where p.payment_id = t.payment_id
                """,
                [one.payment_id for one in self._reissues],
                [one.actor for one in self._reissues],
                self.now,
            )
            await repository.store_follow_ups(
                db, [(one.cause, "reissue_items", one.payment_id, one.held_for) for one in self._reissues]
            )


def to_be_released(orders: Iterable[Any], batches: Iterable[OrderedBatch]) -> list[UUID]:
    """The batches whose accounts are asked once more, wherever they stand as the slice begins: one that leaves by
    itself may be held and released within the slice."""
    named = {one.batch_id for one in orders if isinstance(one, ReleaseBatch)}
    return [one.batch_id for one in batches if one.batch_id in named]


async def _lock_payments(db: asyncpg.Connection, orders: Sequence[Any]) -> list[OrderedPayment]:
    ids = sorted({one.payment_id for one in orders if isinstance(one, ReissuePayment | ReversePayment)})
    if not ids:
        return []
    await db.execute(
        "select 1 from payments where payment_id = any($1::uuid[]) order by payment_id for update", ids
    )
    return [OrderedPayment(*row) for row in await db.fetch(_ORDERED, ids)]
