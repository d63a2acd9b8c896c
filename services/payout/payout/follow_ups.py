"""Effects on many items that one event has: every item of a returned payment is held, every item that waited for an
account is released. Stored with their cause, done in chunks in transactions of their own."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from chassis import Context, Transaction
from payout.batch_repository import payees_with_accounts
from payout.domain import MENDED_BY_ACCOUNT, REASONS, Item, ItemState, refuse_account
from payout.rails.ach import fits_as_name
from payout.repository import ITEM, item_of, store_follow_ups, update_items
from throughline.identifiers import derived
from throughline.items import ItemHeld, ItemReleased
from throughline.reasons import Reason

_TO_HOLD = f"""
select {ITEM} from items where payment_id = $1 and state = 'scheduled' order by decision_id limit $2 for update
"""
_TO_REISSUE = f"""
select {ITEM} from items i where payment_id = $1 and state = 'held' and reason = $3 and not exists (
    select 1 from items o where o.request_id = i.request_id and o.decision_id <> i.decision_id and o.cents > 0
        and o.state in ('waiting', 'held', 'scheduled'))
order by decision_id limit $2 for update of i
"""
_TO_RELEASE = f"""
select {ITEM} from items where payee_id = $1 and state = 'held' and payment_id is null and reason = any($3::text[])
order by decision_id limit $2 for update
"""


async def work_off_follow_ups(context: Context) -> None:
    """Do what is stored, until nothing is left. Replicas share the work: each takes what no other holds. The items of a
    payment that came back are all held before any of them is paid again."""
    while await _some(context):
        pass


async def _some(context: Context) -> bool:
    async with context.transaction() as tx:
        row = await tx.db.fetchrow(
            """
            select follow_up_id, kind, subject, reason from follow_ups f
            where kind <> 'reissue_items' or not exists (
                select 1 from follow_ups before where before.kind = 'hold_items' and before.subject = f.subject)
            order by stored_at limit 1 for update skip locked
            """
        )
        if row is None:
            return False
        limit = context.settings.chunk_items
        reason = REASONS[row["reason"]]
        if row["kind"] == "hold_items":
            done = await _hold(tx, row["follow_up_id"], row["subject"], reason, limit, context)
        elif row["kind"] == "reissue_items":
            done = await _reissue(tx, row["follow_up_id"], row["subject"], reason, limit, context)
        else:
            done = await _release(tx, row["follow_up_id"], row["subject"], reason, limit, context)
        if done < limit:
            if row["kind"] == "hold_items" and reason in MENDED_BY_ACCOUNT:
                await _ask_once_more(tx.db, row["subject"])
            await tx.db.execute("delete from follow_ups where follow_up_id = $1", row["follow_up_id"])
    return True


async def _hold(
    tx: Transaction, cause: UUID, payment_id: UUID, reason: Reason, limit: int, context: Context
) -> int:
    """The items of a payment that came back or was refused."""
    items = [item_of(row) for row in await tx.db.fetch(_TO_HOLD, payment_id, limit)]
    for item in items:
        item.state, item.reason, item.came_back = ItemState.HELD, reason, True
        if reason in MENDED_BY_ACCOUNT:  # its payment never left: it waits for the account like any other
            item.payment_id = None
        tx.say(
            ItemHeld(
                request_id=item.request_id,
                version=item.version,
                decision_id=item.decision_id,
                reason=reason,
                payment_id=payment_id,
            ),
            key=str(item.request_id),
            cause=cause,
            correlation_id=str(item.request_id),
        )
    await update_items(tx.db, items, context.clock.now())
    return len(items)


async def _ask_once_more(db: asyncpg.Connection, payment_id: UUID) -> None:
    """The account may have come in order while these items were being held: its release, taken by another replica, did
    not see them."""
    payee_id = await db.fetchval("select payee_id from payments where payment_id = $1", payment_id)
    cause = derived("account-after-hold", str(payment_id))
    await store_follow_ups(db, [(cause, "release_items", payee_id, Reason.ACCOUNT_ARRIVED)])


async def _release(
    tx: Transaction, cause: UUID, payee_id: UUID, reason: Reason, limit: int, context: Context
) -> int:
    """The items of a payee that waited for its account or its name, as far as those are in order by now."""
    payee = (await payees_with_accounts(tx.db, [payee_id])).get(payee_id)
    if payee is None or refuse_account(payee.payable, context.clock.today()) is not None:
        return 0
    mended = (
        MENDED_BY_ACCOUNT if fits_as_name(payee.name) else MENDED_BY_ACCOUNT - {Reason.NAME_NOT_ENCODABLE}
    )
    reasons = sorted(one.value for one in mended)
    items = [item_of(row) for row in await tx.db.fetch(_TO_RELEASE, payee_id, limit, reasons)]
    return await _wait_again(tx, cause, items, reason, context)


async def _reissue(
    tx: Transaction, cause: UUID, payment_id: UUID, reason: Reason, limit: int, context: Context
) -> int:
    """The items of a payment that came back, as far as they are still owed: the next window pays them. Each names the
    hold that ends."""
    items = [item_of(row) for row in await tx.db.fetch(_TO_REISSUE, payment_id, limit, reason.value)]
    return await _wait_again(tx, cause, items, reason, context)


async def _wait_again(
    tx: Transaction, cause: UUID, items: list[Item], reason: Reason, context: Context
) -> int:
    for item in items:
        item.state, item.reason, item.payment_id = ItemState.WAITING, None, None
        tx.say(
            ItemReleased(
                request_id=item.request_id, version=item.version, decision_id=item.decision_id, reason=reason
            ),
            key=str(item.request_id),
            cause=cause,
            correlation_id=str(item.request_id),
        )
    await update_items(tx.db, items, context.clock.now())
    return len(items)


async def release_cooled_off(context: Context) -> None:
    """Changed accounts that became payable today: their payees' items wait again. So do those that a closing batch held
    for want of an account while it was being enrolled: neither of the two could see the other."""
    async with context.pool.acquire() as db, db.transaction():
        rows: list[asyncpg.Record] = await db.fetch(
            """
            select distinct a.payee_id, a.token from accounts a join items i on i.payee_id = a.payee_id
            where i.state = 'held' and i.reason = any($1::text[]) and i.payment_id is null
                and a.state = 'active' and a.payable_from <= $2
                and not exists (select 1 from accounts u where u.payee_id = a.payee_id and u.state = 'unconfirmed')
            """,
            [Reason.COOLING_OFF.value, Reason.NO_ACCOUNT.value],
            context.clock.today(),
        )
        await store_follow_ups(
            db,
            [
                (
                    derived("cooled-off", row["token"]),
                    "release_items",
                    row["payee_id"],
                    Reason.ACCOUNT_ARRIVED,
                )
                for row in rows
            ],
        )
