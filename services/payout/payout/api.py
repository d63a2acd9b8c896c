"""Payout over HTTP: batches and payments to look at, findings and files in doubt to resolve, a cutoff for sandboxes.

Accounts appear by mask only. Money is in cents, times in UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import HTTPException, Query, Request
from pydantic import BaseModel

from chassis.guarded import context_of, guarded_router
from payout.calendar import effective_date, last_window, next_window
from payout.close_batch import close_due_windows, close_now
from payout.files_of_day import NoModifierLeft
from payout.findings import STOPS_DELIVERY, resolve
from payout.give_up_file import Outcome
from payout.resolve_file import BY_TWO, NotResolved, resolve_file
from payout.signed_by_two import Resolvers, must_be_signed_by_two
from throughline.message import Text

router = guarded_router()

_BATCH = """
select batch_id, bank, window_id as window, closed_at, effective_date, payment_count, total_cents, entry_hash, state,
    file_name, file_sha256, file_size, dated_until, held_by, released_by, released_at, intended_at, resolved_by
from batches
"""
_PAYMENT = """
select payment_id, batch_id, payer, payee_id, account_token, account_mask, programme, cents as amount_cents, item_count,
    trace_number, payer_trace_id, ach_trace, effective_date, state, settled_on, statement_reference, return_code,
    returned_on, reissued_by, reissued_at,
    (select r.state from reversals r where r.payment_id = payments.payment_id) as reversal
from payments
"""
_Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("/batches")
async def batches(request: Request, limit: _Limit = 100) -> list[dict[str, Any]]:
    """The latest batches, newest first."""
    rows = await context_of(request).pool.fetch(f"{_BATCH} order by closed_at desc limit $1", limit)
    return [dict(row) for row in rows]


@router.get("/batches/{batch_id}")
async def batch(request: Request, batch_id: UUID) -> dict[str, Any]:
    """One batch, with how many of its payments stand where."""
    pool = context_of(request).pool
    row = await pool.fetchrow(f"{_BATCH} where batch_id = $1", batch_id)
    if row is None:
        raise HTTPException(404, "no such batch")
    states = await pool.fetch(
        "select state, count(*) as payments, sum(cents)::bigint as cents from payments where batch_id = $1 group by 1",
        batch_id,
    )
    return {**row, "payments": [dict(one) for one in states]}


@router.get("/payments")
async def payments(
    request: Request,
    batch_id: UUID | None = None,
    request_id: UUID | None = None,
    payee_id: UUID | None = None,
    limit: _Limit = 100,
) -> list[dict[str, Any]]:
    """Payments of a batch, of a request or to a payee."""
    rows = await context_of(request).pool.fetch(
        f"""
        {_PAYMENT} where ($1::uuid is null or batch_id = $1) and ($3::uuid is null or payee_id = $3)
            and ($2::uuid is null or payment_id in (select payment_id from items where request_id = $2))
        order by payment_id limit $4
        """,
        batch_id,
        request_id,
        payee_id,
        limit,
    )
    return [dict(row) for row in rows]


@router.get("/payments/{payment_id}")
async def payment(request: Request, payment_id: UUID) -> dict[str, Any]:
    """One payment with its items."""
    pool = context_of(request).pool
    row = await pool.fetchrow(f"{_PAYMENT} where payment_id = $1", payment_id)
    if row is None:
        raise HTTPException(404, "no such payment")
    items = await pool.fetch(
        "select request_id, version, decision_id, cents as amount_cents, state, reason from items"
        " where payment_id = $1 order by decision_id",
        payment_id,
    )
    return {**row, "items": [dict(item) for item in items]}


@router.get("/items/{request_id}")
async def items(request: Request, request_id: UUID) -> list[dict[str, Any]]:
    """Every decision on one request, and where it stands in payout."""
    rows = await context_of(request).pool.fetch(
        "select decision_id, version, payer, payee_id, cents as amount_cents, state, reason, payment_id, waiting_since"
        " from items where request_id = $1 order by version, waiting_since",
        request_id,
    )
    return [dict(row) for row in rows]


@router.get("/windows")
async def windows(request: Request) -> list[dict[str, Any]]:
    """At each bank: the last window, whether it is closed, the next one, and what waits for it."""
    context = context_of(request)
    now = context.clock.now()
    found = []
    for code, bank in context.settings.banks.items():
        last, upcoming = last_window(bank.all_cutoffs(), now), next_window(bank.all_cutoffs(), now)
        waiting = await context.pool.fetchrow(
            "select count(*) as items, coalesce(sum(cents), 0)::bigint as cents from items join payers using (payer)"
            " where state = 'waiting' and bank = $1",
            code,
        )
        closed = await context.pool.fetchval(
            "select 1 from batches where bank = $1 and window_id = $2", code, last.id
        )
        found.append(
            {
                "bank": code,
                "now": now,
                "last_window": last.id,
                "last_window_closed": closed is not None,
                "next_window": upcoming.id,
                "next_cutoff": upcoming.closes_at,
                "next_effective_date": effective_date(upcoming, upcoming.closes_at),
                "waiting_items": waiting["items"],
                "waiting_cents": waiting["cents"],
            }
        )
    return found


@router.post("/cutoff")
async def cutoff(request: Request, bank: str | None = None) -> dict[str, list[UUID]]:
    """Close a window at this instant, at one bank or at all. Sandboxes only; elsewhere cutoffs come by the clock."""
    context = context_of(request)
    if context.settings.stack_mode != "sandbox":
        raise HTTPException(403, "cutoffs come by the clock")
    banks = context.settings.banks
    if bank is not None and bank not in banks:
        raise HTTPException(404, "no such bank")
    await close_due_windows(context)
    try:
        closed = [await close_now(context, code, banks[code]) for code in banks if bank in (None, code)]
    except NoModifierLeft:
        raise HTTPException(409, "the bank takes no more files today") from None
    return {"batches": [one for one in closed if one is not None]}


@router.get("/ledger")
async def ledger(request: Request) -> list[dict[str, Any]]:
    """Balance of each payer's accounts: debits less credits. They sum to zero."""
    rows = await context_of(request).pool.fetch(
        "select payer, account, sum(cents)::bigint as cents from postings group by 1, 2 order by 1, 2"
    )
    return [dict(row) for row in rows]


@router.get("/findings")
async def findings(request: Request, all: bool = False, limit: _Limit = 100) -> list[dict[str, Any]]:
    """What does not agree and waits for a person."""
    rows = await context_of(request).pool.fetch(
        "select * from findings where $1 or resolved_at is null order by found_at desc limit $2", all, limit
    )
    return [dict(row) for row in rows]


class Resolution(BaseModel):
    """Who looked."""

    actor: Text


@router.post("/findings/{finding_id}/resolution")
async def resolve_finding(request: Request, finding_id: UUID, resolution: Resolution) -> dict[str, str]:
    """A person has looked and put right what was wrong. Nothing else changes. Of what makes delivery stand still two
    people say it, by their signatures (`throughline.ResolveFinding`)."""
    context, by = context_of(request), Resolvers((resolution.actor,))
    what = await context.pool.fetchval("select what from findings where finding_id = $1", finding_id)
    if what in STOPS_DELIVERY:
        by = await must_be_signed_by_two(request, "throughline.ResolveFinding", resolution.actor)
    if not await resolve(context, finding_id, by):
        raise HTTPException(404, "no such open finding")
    return {"resolved_by": by.named}


class FileResolution(BaseModel):
    """What a person learned from the bank about a file in doubt."""

    outcome: Outcome
    actor: Text
    intended_at: datetime | None = None
    """Of which sending, as the batch shows it; needed where two people sign."""


@router.post("/batches/{batch_id}/resolution")
async def resolve_batch(request: Request, batch_id: UUID, resolution: FileResolution) -> dict[str, Any]:
    """Resolve a file in doubt. `received`: it waits for its acknowledgement. `not_received`: the same bytes leave again
    under the same name, which the bank would recognise. Where a restore lost the bytes, or a file of reversals may not
    leave any more, nothing can leave again: `given_up` then refuses what is in it, and its items wait, held, for a
    person. All but `received` is signed by two people (`throughline.ResolveFile`)."""
    by = Resolvers((resolution.actor,))
    if resolution.outcome in BY_TWO:
        by = await must_be_signed_by_two(request, "throughline.ResolveFile", resolution.actor)
    try:
        state = await resolve_file(
            context_of(request), batch_id, resolution.outcome, resolution.intended_at, by
        )
    except NotResolved as refusal:
        raise HTTPException(409, str(refusal)) from None
    return {"batch_id": batch_id, "state": state}
