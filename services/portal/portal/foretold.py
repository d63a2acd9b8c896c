"""Dates foretold: at its approval a request is told the day on which its money is there; the bank says whether it was.

What was foretold is kept once: a rebuild of the read model reads old approvals again, at another time, and foretells
none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg
from prometheus_client import Gauge

from chassis import Context, clock
from chassis.metrics import REGISTRY
from portal.banking_days import Cutoff
from portal.tenancy import Scope, Sees, reading
from portal.what_next import Known, what_next
from throughline.lifecycle import State
from throughline.lifecycle_states import ENDED

FRESH = timedelta(hours=1)
"""An approval said longer ago is history: its date is not foretold any more."""
COUNTED = timedelta(days=30)

_KNOWN = """
select asked.payer, asked.payee_id, y.bank, a.payable_from
from unnest($1::text[], $2::uuid[]) as asked (payer, payee_id) left join payers y on y.payer = asked.payer
left join payee_accounts a on a.payee_id = asked.payee_id and a.state = 'verified'
"""
_KEEP = """
insert into foretold (decision_id, request_id, version, payee_id, foretold_on, told_at)
select * from unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::uuid[], $5::date[], $6::timestamptz[])
on conflict do nothing
"""
# Settled, or its day has passed without: then it is missed, unless the version ended and nothing is awaited any more.
_ENDED = ", ".join(f"'{one.value}'" for one in sorted(ENDED))
DUE = f"""
from foretold f left join versions v using (request_id, version) left join lateral (
    select min(p.settled_on) as settled_on, min(p.effective_date) filter (where p.sent_at is not null) as effective_date
    from payment_items i join payments p using (payment_id)
    where i.request_id = f.request_id and i.version = f.version and i.decision_id = f.decision_id) s on true
where f.told_at >= $1
  and (s.settled_on is not null or f.foretold_on < $2 and coalesce(v.substatus, '') not in ({_ENDED}))
"""
"""Dates foretold since ``$1`` of which something can be said on the day ``$2``."""
DATES_HELD = f"select count(*) as whole, count(*) filter (where s.settled_on = f.foretold_on) as part {DUE}"

_DATES = Gauge(
    "throughline_portal_dates",
    "Settled or due of those foretold in 30 days, by outcome",
    ["outcome"],
    registry=REGISTRY,
)
_COUNTED_AT = Gauge(
    "throughline_portal_dates_counted_timestamp_seconds", "When the dates were counted", registry=REGISTRY
)


@dataclass(frozen=True, slots=True)
class Approval:
    """What is to be paid from now on."""

    decision_id: UUID
    request_id: UUID
    version: int
    payee_id: UUID
    payer: str
    paid_cents: int
    at: datetime


def settles_on(
    approval: Approval, now: datetime, cutoffs: Sequence[Cutoff], payable_from: date | None
) -> date | None:
    """The day on which the page says the money will be there; None where it names none. ``now`` in business time."""
    known = Known(State.APPROVED, paid_cents=approval.paid_cents, account_payable_from=payable_from)
    return what_next(known, now, cutoffs).paid_on


async def foretell(
    db: asyncpg.Connection,
    approvals: Sequence[Approval],
    now: datetime,
    cutoffs_of: Callable[[str | None], tuple[Cutoff, ...]],
) -> None:
    """Keep the dates of fresh approvals, by what is known now of payer and account."""
    fresh = [one for one in approvals if clock.event_time() - one.at < FRESH]
    if not fresh:
        return
    asked = await db.fetch(_KNOWN, [one.payer for one in fresh], [one.payee_id for one in fresh])
    known: Mapping[tuple[str, UUID], asyncpg.Record] = {(row["payer"], row["payee_id"]): row for row in asked}
    rows = []
    for one in fresh:
        row = known[one.payer, one.payee_id]
        on = settles_on(one, now, cutoffs_of(row["bank"]), row["payable_from"])
        if on is not None:
            rows.append((one.decision_id, one.request_id, one.version, one.payee_id, on, one.at))
    if rows:
        await db.execute(_KEEP, *[list(column) for column in zip(*rows, strict=True)])


async def held(db: asyncpg.Connection, since: datetime, today: date) -> tuple[int, int]:
    """Of the dates foretold since, how many held, and how many have settled or should have."""
    row = await db.fetchrow(DATES_HELD, since, today)
    return row["part"], row["whole"]


async def count_dates(context: Context) -> None:
    """For the metrics."""
    now = clock.event_time()
    async with reading(context, Scope(Sees.OPERATIONS)) as db:
        part, whole = await held(db, now - COUNTED, context.clock.today())
    _DATES.labels(outcome="held").set(part)
    _DATES.labels(outcome="missed").set(whole - part)
    _COUNTED_AT.set(now.timestamp())
