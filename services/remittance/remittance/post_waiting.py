"""The look, every second, at what waits for a payer that was not on file when everything else was there."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from chassis import Context, Transaction
from remittance.work import Notice, RemittanceWork
from throughline.adjudications import Adjudication
from throughline.message import Event

WAITING_PAYMENTS = """
select payment_id, settled_by from payments
where state = 'open' and settled_cents is not null and not gone
order by payment_id limit $1 for update skip locked
"""
WAITING_NOTICES = """
select request_id, version, event_id, body from notices
where state = 'waiting' and payer in (select payer from payers)
order by request_id, version limit $1 for update skip locked
"""
ANYTHING = """
select exists (select from payments where state = 'open' and settled_cents is not null and not gone)
    or exists (select from notices where state = 'waiting' and payer in (select payer from payers))
"""


async def post_waiting(context: Context) -> None:
    """Runs in every replica; rows that another has in hand are left to it."""
    if not await context.pool.fetchval(ANYTHING):
        return
    most = context.settings.sweep_payments_max
    async with context.transaction() as tx:
        settled: dict[UUID, UUID] = dict(await tx.db.fetch(WAITING_PAYMENTS, most))
        rows = await tx.db.fetch(WAITING_NOTICES, most)
        notices = [
            Notice(request_id, version, event_id, Adjudication.model_validate_json(body))
            for request_id, version, event_id, body in rows
        ]
        work = await RemittanceWork.open(tx.db, set(settled), context)
        await work.read_around(tx.db, [notice.adjudication for notice in notices])
        await work.read_superseded(tx.db)
        for payment_id, cause in settled.items():
            work.complete(payment_id, partial(_say, tx, cause))
        for notice in notices:
            work.explain(notice, partial(_say, tx, notice.event_id))
        work.notices = [notice for notice in notices if notice.state != "waiting"]
        await work.store(tx.db)


def _say(tx: Transaction, cause: UUID, event: Event, key: str, *, correlation_id: str | None = None) -> UUID:
    return tx.say(event, key, cause=cause, correlation_id=correlation_id)
