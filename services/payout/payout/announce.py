"""Telling of what a closed batch holds, in chunks: each transaction says at most `chunk_items` events.

Membership and intent are decided in one transaction each; a batch of a million items is still told of in small ones.
Items are told of before their file may leave, payments before anything that the bank says of them is posted.
"""

from __future__ import annotations

import asyncpg

from chassis import Context
from throughline.adjudications import Adjudication
from throughline.items import ItemScheduled
from throughline.payments import PaymentSent


async def announce_items(context: Context) -> None:
    """Say ItemScheduled for members of closed batches."""
    while await _announce_some_items(context) == context.settings.chunk_items:
        pass


async def _announce_some_items(context: Context) -> int:
    async with context.transaction() as tx:
        rows = await tx.db.fetch(
            """
            select i.decision_id, i.request_id, i.version, i.payment_id, i.cents, i.correlation_id, i.adjudication,
                p.batch_id
            from items i join payments p using (payment_id)
            where not i.announced order by i.decision_id limit $1 for update of i skip locked
            """,
            context.settings.chunk_items,
        )
        for row in rows:
            tx.say(
                ItemScheduled.model_construct(
                    request_id=row["request_id"],
                    version=row["version"],
                    decision_id=row["decision_id"],
                    payment_id=row["payment_id"],
                    batch_id=row["batch_id"],
                    amount_cents=row["cents"],
                    adjudication=Adjudication.model_validate_json(row["adjudication"]),
                ),
                key=str(row["request_id"]),
                cause=row["payment_id"],
                correlation_id=row["correlation_id"],
            )
        await tx.db.execute(
            "update items set announced = true where decision_id = any($1::uuid[])", [row[0] for row in rows]
        )
    return len(rows)


async def announce_payments(context: Context) -> None:
    """Say PaymentSent for the payments of files whose intent to send is recorded."""
    while await _announce_some_payments(context) == context.settings.chunk_items:
        pass


async def _announce_some_payments(context: Context) -> int:
    async with context.transaction() as tx:
        rows = await tx.db.fetch(
            """
            select p.* from payments p join batches b using (batch_id)
            where p.state = 'scheduled' and b.state in ('intended', 'unknown', 'delivered', 'acknowledged', 'refused')
            order by p.payment_id limit $1 for update of p skip locked
            """,
            context.settings.chunk_items,
        )
        for row in rows:
            event = payment_sent(row)
            tx.say(
                event, key=str(event.payment_id), cause=event.batch_id, correlation_id=str(event.payment_id)
            )
        await tx.db.execute(
            "update payments set state = 'sent' where payment_id = any($1::uuid[])",
            [row["payment_id"] for row in rows],
        )
    return len(rows)


def payment_sent(row: asyncpg.Record) -> PaymentSent:
    """What is told of a payment, from its row."""
    return PaymentSent(
        payment_id=row["payment_id"],
        batch_id=row["batch_id"],
        payer=row["payer"],
        payee_id=row["payee_id"],
        payee_name=row["payee_name"],
        account_token=row["account_token"],
        account_mask=row["account_mask"],
        amount_cents=row["cents"],
        item_count=row["item_count"],
        items_hash=row["items_hash"],
        trace_number=row["trace_number"],
        payer_trace_id=row["payer_trace_id"],
        ach_trace=row["ach_trace"],
        odfi_routing=row["odfi_routing"],
        rdfi_routing=row["rdfi_routing"],
        effective_date=row["effective_date"],
    )


async def has_untold_payments(db: asyncpg.Connection | asyncpg.Pool) -> bool:
    """Whether a file has left whose payments are not all told of yet: what the bank says waits for them."""
    found = await db.fetchval(
        """
        select 1 from payments p join batches b using (batch_id)
        where p.state = 'scheduled' and b.state in ('intended', 'unknown', 'delivered', 'acknowledged', 'refused')
        limit 1
        """
    )
    return found is not None
