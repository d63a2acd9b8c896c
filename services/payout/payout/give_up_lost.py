"""After a restore: a batch that cannot be taken back, because its payments were not told of, or not all of them, before
the database was lost. It waited for a person's release, most often, or was about to be sent. Two people who know that
the bank has not got its file give it up.

Its window is claimed, what was told of is stored as it was told, and its items are held like those of a file that the
bank refused: each is paid again only when a person releases it. What is to be said of that waits until everything else
is made again.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import asyncpg

from chassis import Context
from payout import batch_repository as rows
from payout.domain import Waiting
from payout.ledger import JournalEntry, Step, journal_entry
from payout.repository import post, store_follow_ups
from payout.take_back_batches import (
    are_as_told,
    hold_again,
    is_whole,
    lock_items,
    members_of,
    store_in_doubt,
    store_payments,
)
from payout.told_batch import ALSO_RECALLED, RECALLED, ToldBatch, answers_to_take_outs, told_batches
from throughline.identifiers import derived
from throughline.reasons import Reason

GIVEN_UP = "given up before the recovery was done"
"""Stands for the part of a batch that is still to be told of as refused."""


async def give_up_lost(context: Context, batch_id: UUID, actor: str) -> bool:
    """False where no such batch is told of and unknown here, it can be taken back whole, a payment of it was told of
    with other items than are here, it takes something back, or one of its items is not decided again yet."""
    async with context.pool.acquire() as db, db.transaction():
        await db.execute("select pg_advisory_xact_lock(7130002)")
        left = await context.said_before.left_of(db, *RECALLED, *ALSO_RECALLED)
        told = next((one for one in told_batches(left) if one.closed.batch_id == batch_id), None)
        if told is None or told.reversals or told.closed.file_name is None:
            return False
        items = await lock_items(db, told)
        if items is None:
            return False
        members = members_of(told, items)
        if is_whole(told, members) or not are_as_told(told, members):
            return False
        await store_in_doubt(db, told)
        await store_payments(db, told, members)
        await db.execute(
            "update batches set resolved_by = $2, part_name = $3 where batch_id = $1",
            batch_id,
            actor,
            GIVEN_UP,
        )
        await hold_again(db, told)
        await _refuse_untold(db, told, items)
        await context.said_before.took_back(db, told.ids)
        await context.said_before.let_stand(db, answers_to_take_outs(left, told.ids))
    return True


async def _refuse_untold(db: asyncpg.Connection, told: ToldBatch, items: dict[UUID, Waiting]) -> None:
    """Items whose payment was not told of stand in one that came to nothing; what holds them (`follow_ups.py`) tells of
    it. A payment that was told of is refused with its file (`give_up_file.finish_giving_up`)."""
    known = {one.payment_id for one in told.payments} | set(told.taken_out)
    members: dict[UUID, list[Waiting]] = {}
    for one in told.scheduled:
        if one.payment_id not in known:
            members.setdefault(one.payment_id, []).append(items[one.decision_id])
    await rows.schedule_items(
        db, [(item.decision_id, payment_id) for payment_id, inside in members.items() for item in inside]
    )
    await db.execute("update items set announced = true where payment_id = any($1::uuid[])", sorted(members))
    await post(
        db, [entry for payment_id, inside in members.items() for entry in _journal(payment_id, inside)]
    )
    reason = Reason.REFUSED_BY_BANK
    await store_follow_ups(
        db,
        [
            (derived("hold-items", str(payment_id), reason.value), "hold_items", payment_id, reason)
            for payment_id in sorted(members)
        ],
    )


def _journal(payment_id: UUID, items: Collection[Waiting]) -> list[JournalEntry]:
    payer = next(iter(items)).payer
    total = sum(item.cents for item in items)
    again = sum(item.cents for item in items if item.came_back)
    steps = ((Step.SCHEDULED, total - again), (Step.RESCHEDULED, again), (Step.REFUSED, total))
    return [journal_entry(step, payer, f"payment/{payment_id}", cents) for step, cents in steps if cents]
