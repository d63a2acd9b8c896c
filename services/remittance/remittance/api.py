"""What remittance answers over HTTP: remittances by payment or request, their bytes (835, plain, CSV), the sums."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import HTTPException, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from chassis import Context
from chassis.guarded import InContext, guarded_router
from remittance.advice import HEADER

FIRST = UUID(int=0)
LIST = """
select remittance_id, payment_id, request_id, version, payer, payee_id, format, amount_cents, claim_count,
    trace_number, effective_date, encode(content_sha256, 'hex') as content_sha256, live
from remittances
where remittance_id > $1 and ($2::uuid is null or payment_id = $2) and ($3::boolean is null or live = $3)
    and ($4::uuid is null or remittance_id in (select remittance_id from remittance_claims where request_id = $4))
order by remittance_id limit $5
"""
SUMS = """
select
    (select coalesce(sum(settled_cents), 0)::bigint from payments where settled_cents is not null and not gone)
        as settled_cents,
    (select coalesce(sum(settled_cents), 0)::bigint from payments
        where settled_cents is not null and not gone and returned) as returned_cents,
    (select coalesce(sum(amount_cents), 0)::bigint from remittances where live) as live_cents,
    (select count(*) from remittances where live) as live_count,
    (select count(*) from remittances where not live) as reversed_count,
    (select count(*) from payments where state = 'open' and settled_cents is not null and not gone)
        + (select count(*) from notices where state = 'waiting') as waiting_count,
    (select count(*) from payments where state = 'mismatch')
        + (select count(*) from notices where state = 'mismatch') as mismatch_count
"""


class RemittanceShown(BaseModel):
    """A remittance without its content."""

    remittance_id: UUID
    payment_id: UUID | None
    request_id: UUID | None
    version: int | None
    payer: str
    payee_id: UUID
    format: str
    amount_cents: int
    claim_count: int
    trace_number: str
    effective_date: date
    content_sha256: str
    live: bool


class Sums(BaseModel):
    """Settled less returned is what the live remittances explain; anything else waits or does not agree."""

    settled_cents: int
    returned_cents: int
    live_cents: int
    live_count: int
    reversed_count: int
    waiting_count: int
    mismatch_count: int
    agree: bool


router = guarded_router()


@router.get("/remittances")
async def list_remittances(
    context: InContext,
    payment_id: UUID | None = None,
    request_id: UUID | None = None,
    live: bool | None = None,
    after: UUID = FIRST,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[RemittanceShown]:
    """By remittance id, from the one after ``after``."""
    rows = await context.pool.fetch(LIST, after, payment_id, live, request_id, limit)
    return [RemittanceShown(**dict(row)) for row in rows]


@router.get("/remittances/{remittance_id}/835")
async def get_835(remittance_id: UUID, context: InContext) -> Response:
    """The bytes as posted. 404 where there is none, also where the remittance is an advice only."""
    content = await _content(context, "content_835", remittance_id)
    return _file(content, "application/edi-x12", f"{remittance_id}.835")


@router.get("/remittances/{remittance_id}/plain")
async def get_plain(remittance_id: UUID, context: InContext) -> Response:
    """The plain remittance as posted. 404 where there is none, also where an 835 explains the payment."""
    content = await _content(context, "content_plain", remittance_id)
    return _file(content, "text/csv", f"{remittance_id}-remittance.csv")


@router.get("/remittances/{remittance_id}/csv")
async def get_csv(remittance_id: UUID, context: InContext) -> Response:
    """The lines of one remittance."""
    content = await _content(context, "content_csv", remittance_id)
    return _file(HEADER + content, "text/csv", f"{remittance_id}.csv")


@router.get("/remittances.csv")
async def get_all_lines(context: InContext) -> StreamingResponse:
    """Every line of every live remittance, streamed."""
    return StreamingResponse(_all_lines(context), media_type="text/csv")


@router.get("/remittances/{remittance_id}")
async def get_remittance(remittance_id: UUID, context: InContext) -> RemittanceShown:
    query = LIST.replace("remittance_id > $1", "remittance_id = $1")
    rows = await context.pool.fetch(query, remittance_id, None, None, None, 1)
    if not rows:
        raise HTTPException(404, "no such remittance")
    return RemittanceShown(**dict(rows[0]))


@router.get("/reconciliation")
async def get_sums(context: InContext) -> Sums:
    """The sums that must agree, to the cent."""
    row: dict[str, Any] = dict(await context.pool.fetchrow(SUMS))
    return Sums(**row, agree=row["settled_cents"] - row["returned_cents"] == row["live_cents"])


async def _content(context: Context, column: str, remittance_id: UUID) -> bytes:
    query = f"select {column} from remittances where remittance_id = $1"
    content: bytes | None = await context.pool.fetchval(query, remittance_id)
    if content is None:
        raise HTTPException(404, "no such remittance, or not in this form")
    return content


def _file(content: bytes, media_type: str, name: str) -> Response:
    return Response(
        content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


async def _all_lines(context: Context) -> AsyncIterator[bytes]:
    yield HEADER
    async with context.pool.acquire() as db, db.transaction(readonly=True):
        query = "select content_csv from remittances where live order by effective_date, remittance_id"
        async for row in db.cursor(query, prefetch=200):
            yield row[0]
