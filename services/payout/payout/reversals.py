"""Reversals: entries of ours that take a settled payment back (Nacha rules: within five banking days of settlement,
once, the same company, class and amount). Rows, and what they become; money moves when the bank has moved it.

A reversal is final when its own return window has passed: only then is the payment said to be reversed, so that
nothing is paid again or explained anew for money that may still go back to the payee.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

import asyncpg

from payout.calendar import RETURN_WINDOW_BANKING_DAYS, add_banking_days
from payout.rails.ach import CONSUMER_ENTRY
from throughline.payments import ReversalFailed, ReversalScheduled
from throughline.reasons import Reason

REVERSAL_BANKING_DAYS = 5
CONSUMER_DISPUTE_DAYS = 60
"""Calendar days in which a consumer may dispute a debit (R11: an improper reversal)."""
NEVER_LEFT = frozenset(("refused", "not_encodable", "window_missed"))
"""Failures of reversals that no payee's bank has seen: they may be ordered anew."""
Failure = Literal["returned", "refused", "window_missed", "payment_returned", "not_encodable"]


@dataclass(slots=True)
class Reversal:
    """One reversal with what it shares with its payment."""

    payment_id: UUID
    payer: str
    payer_name: str
    payer_tin: str
    payee_id: UUID
    account_token: str
    payee_name: str
    entry: str
    cents: int
    trace_number: str
    payer_trace_id: str
    payment_state: str
    state: str
    cause: str
    last_day: date
    batch_id: UUID | None
    ach_trace: str | None
    settled_on: date | None
    statement_reference: str | None
    given_back_reference: str | None
    failure: str | None
    return_code: str | None
    identification: str | None
    sealed: bytes | None


_ROWS = """
select p.payment_id, p.payer, o.name, o.tin, p.payee_id, p.account_token, p.payee_name, p.entry, p.cents,
    p.trace_number, p.payer_trace_id, p.state, r.state, r.cause, r.last_day, r.batch_id, r.ach_trace, r.settled_on,
    r.statement_reference, r.given_back_reference, r.failure, r.return_code, y.identifier, a.sealed
from reversals r join payments p using (payment_id) join payers o on o.payer = p.payer
    left join payees y on y.payee_id = p.payee_id left join accounts a on a.token = p.account_token
"""


# The seven digits of a trace come round again, over payments and reversals alike: the latest entry has it.
_LATEST = """
not exists (select 1 from reversals l where l.ach_trace = r.ach_trace and l.effective_date > r.effective_date)
and not exists (select 1 from payments l where l.ach_trace = r.ach_trace and l.effective_date > r.effective_date)
"""


def last_day_to_reverse(settled_on: date) -> date:
    """The last effective date that a reversal may carry."""
    return add_banking_days(settled_on, REVERSAL_BANKING_DAYS)


def final_before(today: date, *, is_consumer: bool) -> date:
    """A reversal that settled before this day can no longer come back itself: a business's bank has two banking days,
    a consumer's sixty calendar days and the opening of the banking day after them (R17; R11)."""
    if is_consumer:
        return add_banking_days(today, -1) - timedelta(days=CONSUMER_DISPUTE_DAYS)
    return add_banking_days(today, -RETURN_WINDOW_BANKING_DAYS)


async def order_reversals(
    db: asyncpg.Connection, ordered: Sequence[tuple[UUID, str, date, str]], now: datetime
) -> None:
    """(payment, cause, last day, actor). One that the bank refused to take is ordered anew in its own row."""
    if ordered:
        await db.execute(
            """
            insert into reversals (payment_id, state, cause, last_day, ordered_by, ordered_at)
            select payment_id, 'ordered', cause, last_day, actor, $5
            from unnest($1::uuid[], $2::text[], $3::date[], $4::text[]) as t (payment_id, cause, last_day, actor)
            on conflict (payment_id) do update set state = 'ordered', cause = excluded.cause,
                last_day = excluded.last_day, ordered_by = excluded.ordered_by, ordered_at = excluded.ordered_at,
                batch_id = null, ach_trace = null, effective_date = null, failure = null, return_code = null,
                settled_on = null, statement_reference = null, given_back_on = null, given_back_reference = null
            """,
            *[list(column) for column in zip(*ordered, strict=True)],
            now,
        )


async def has_ordered(db: asyncpg.Connection | asyncpg.Pool, bank: str, before: datetime) -> bool:
    """Whether anything that this bank paid waits to be taken back."""
    found = await db.fetchval(
        """
        select 1 from reversals r join payments p using (payment_id) join batches b on b.batch_id = p.batch_id
        where r.state = 'ordered' and b.bank = $1 and r.ordered_at < $2 limit 1
        """,
        bank,
        before,
    )
    return found is not None


async def lock_ordered(db: asyncpg.Connection, bank: str, before: datetime) -> list[Reversal]:
    """What was ordered before an instant, of payments that this bank made: the payer's bank of today may be another."""
    rows = await db.fetch(
        f"""{_ROWS} where r.state = 'ordered' and r.ordered_at < $2
            and (select b.bank from batches b where b.batch_id = p.batch_id) = $1
        order by p.payment_id for update of p, r""",
        bank,
        before,
    )
    return [Reversal(*row) for row in rows]


async def lock_by_trace(db: asyncpg.Connection, traces: Sequence[str]) -> dict[str, Reversal]:
    """The reversals among the latest entries of these traces; a payment may have the trace of an old reversal."""
    rows = await db.fetch(
        f"{_ROWS} where r.ach_trace = any($1::text[]) and {_LATEST} order by p.payment_id for update of p, r",
        sorted(set(traces)),
    )
    return {row["ach_trace"]: Reversal(*row) for row in rows}


async def lock_of_batch(db: asyncpg.Connection, batch_id: UUID) -> list[Reversal]:
    rows = await db.fetch(f"{_ROWS} where r.batch_id = $1 order by p.payment_id for update of p, r", batch_id)
    return [Reversal(*row) for row in rows]


SETTLED_FOR_GOOD = """
r.state = 'settled' and r.settled_on < case when starts_with(p.entry, $1) then $2::date else $3::date end
"""
"""Of a reversal and its payment, with ``final_days`` as arguments."""


def final_days(today: date) -> tuple[str, date, date]:
    """How the entries of consumers begin, and before which day theirs and the others' must have settled to be final."""
    days = (final_before(today, is_consumer=True), final_before(today, is_consumer=False))
    return (CONSUMER_ENTRY, *days)


async def lock_settled(db: asyncpg.Connection, today: date, limit: int) -> list[Reversal]:
    """Those that can no longer come back, and are not final yet. What the statement shows as given back waits for the
    bank's return, or for a person."""
    rows = await db.fetch(
        f"{_ROWS} where {SETTLED_FOR_GOOD} and r.given_back_on is null order by p.payment_id limit $4"
        " for update of p, r skip locked",
        *final_days(today),
        limit,
    )
    return [Reversal(*row) for row in rows]


async def settle(db: asyncpg.Connection, one: Reversal, on: date, reference: str) -> None:
    one.state, one.settled_on, one.statement_reference = "settled", on, reference
    await db.execute(
        "update reversals set state = 'settled', settled_on = $2, statement_reference = $3 where payment_id = $1",
        one.payment_id,
        on,
        reference,
    )


async def note_given_back(db: asyncpg.Connection, one: Reversal, on: date, reference: str) -> None:
    one.given_back_reference = reference
    await db.execute(
        "update reversals set given_back_on = $2, given_back_reference = $3 where payment_id = $1",
        one.payment_id,
        on,
        reference,
    )


async def finish(db: asyncpg.Connection, one: Reversal) -> None:
    one.state = "done"
    await db.execute("update reversals set state = 'done' where payment_id = $1", one.payment_id)


async def order_again(db: asyncpg.Connection, batch_id: UUID) -> None:
    """What a file carried that never left waits for the next one."""
    await db.execute(
        """
        update reversals set state = 'ordered', batch_id = null, ach_trace = null, effective_date = null
        where batch_id = $1 and state = 'scheduled'
        """,
        batch_id,
    )


async def schedule(
    db: asyncpg.Connection, batch_id: UUID, effective: date, traces: Sequence[tuple[UUID, str]]
) -> None:
    await db.execute(
        """
        update reversals r set state = 'scheduled', batch_id = $1, effective_date = $2, ach_trace = t.trace
        from unnest($3::uuid[], $4::text[]) as t (payment_id, trace) where r.payment_id = t.payment_id
        """,
        batch_id,
        effective,
        [payment_id for payment_id, _ in traces],
        [trace for _, trace in traces],
    )


async def scheduled(db: asyncpg.Connection, batch_id: UUID) -> list[ReversalScheduled]:
    """What is told of the reversals in a batch."""
    rows = await db.fetch(
        "select r.payment_id, r.batch_id, p.cents, r.ach_trace from reversals r join payments p using (payment_id)"
        " where r.batch_id = $1 order by r.payment_id",
        batch_id,
    )
    return [
        ReversalScheduled(
            payment_id=row["payment_id"],
            batch_id=row["batch_id"],
            amount_cents=row["cents"],
            ach_trace=row["ach_trace"],
        )
        for row in rows
    ]


async def are_ordered(db: asyncpg.Connection, told: Sequence[ReversalScheduled | ReversalFailed]) -> bool:
    """After a restore: whether each of these is ordered here again, so that it can be put back into its batch."""
    ids = sorted({one.payment_id for one in told})
    waiting = await db.fetch(
        "select 1 from reversals where payment_id = any($1::uuid[]) and state = 'ordered' for update", ids
    )
    return len(waiting) == len(ids)


async def fail(
    db: asyncpg.Connection, one: Reversal, failure: Failure, on: date, return_code: str | None = None
) -> ReversalFailed:
    """The reversal came to nothing: the payee has the money. The event to say."""
    one.state, one.failure, one.return_code = "failed", failure, return_code
    await db.execute(
        "update reversals set state = 'failed', failure = $2, return_code = $3 where payment_id = $1",
        one.payment_id,
        failure,
        return_code,
    )
    return ReversalFailed(
        payment_id=one.payment_id,
        amount_cents=one.cents,
        failure=failure,
        return_code=return_code,
        failed_on=on,
    )


def refuse_reversal(
    state: str | None,
    earlier_failure: str | None,
    has_one: bool,
    last_day: date | None,
    effective: date | None,
) -> Reason | None:
    """Why a payment cannot be reversed; None where it can. Checked in this order: it is known, was not reversed before
    (what never left may be ordered anew), is settled and did not come back, and the next file is in time."""
    if state is None:
        return Reason.UNKNOWN_SUBJECT
    if state == "reversed" or (has_one and earlier_failure not in NEVER_LEFT):
        return Reason.ALREADY_REVERSED
    if state in ("returned", "refused"):
        return Reason.ALREADY_ENDED
    if state != "settled" or last_day is None:
        return Reason.NOT_ALLOWED_NOW
    return None if effective is not None and effective <= last_day else Reason.REVERSAL_WINDOW
