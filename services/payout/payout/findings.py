"""Findings: what does not agree and needs a person. Stored, paged until resolved, never repaired by itself."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from chassis import Context
from payout.calendar import RETURN_WINDOW_BANKING_DAYS, add_banking_days
from payout.signed_by_two import Resolvers
from throughline.identifiers import derived
from throughline.payments import FindingResolved

STOPS_DELIVERY = frozenset(("unknown_file",))
"""While one of these is open nothing leaves; two people resolve it."""


async def find(
    db: asyncpg.Connection,
    what: str,
    file_id: UUID | None = None,
    *,
    batch_id: UUID | None = None,
    payment_id: UUID | None = None,
    line: int | None = None,
    cents: int | None = None,
    detail: str = "",
) -> None:
    """Record a finding. The same one found again is the same row."""
    finding_id = derived("finding", what, str(file_id), str(batch_id), str(payment_id), str(line), detail)
    await db.execute(
        """
        insert into findings (finding_id, what, file_id, batch_id, payment_id, line, cents, detail)
        values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing
        """,
        finding_id,
        what,
        file_id,
        batch_id,
        payment_id,
        line,
        cents,
        detail[:200],
    )


async def page_open_findings(context: Context) -> None:
    """Alarms live in a process and findings in the database: every replica pages what is open, and a restart too."""
    rows = await context.pool.fetch("select finding_id, what from findings where resolved_at is null")
    still_open = {(row["what"], row["finding_id"]) for row in rows}
    for what, finding_id in still_open:
        context.alarms.raise_(what, finding_id=finding_id)
    closed = await context.pool.fetch(
        "select finding_id, what from findings where resolved_at > clock_timestamp() - interval '1 hour'"
    )
    for row in closed:
        context.alarms.clear(row["what"], finding_id=row["finding_id"])
    await _page_files_in_doubt(context)
    await _page_what_never_settled(context)
    await _page_payers_without_bank(context)
    await _page_what_was_not_released(context)


async def _page_files_in_doubt(context: Context) -> None:
    rows = await context.pool.fetch(
        """
        select batch_id, state in ('intended', 'unknown', 'delivered')
            and intended_at < clock_timestamp() - make_interval(secs => $1) as in_doubt
        from batches where intended_at > clock_timestamp() - interval '30 days'
        """,
        context.settings.unknown_alarm_s,
    )
    for row in rows:
        if row["in_doubt"]:
            context.alarms.raise_("file_not_acknowledged", batch_id=row["batch_id"])
        else:
            context.alarms.clear("file_not_acknowledged", batch_id=row["batch_id"])


async def _page_what_never_settled(context: Context) -> None:
    """Payments that neither settled nor came back within the return window after their effective date."""
    rows = await context.pool.fetch(
        "select batch_id, count(*) as payments from payments where state = 'sent' and effective_date < $1 group by 1",
        add_banking_days(context.clock.today(), -RETURN_WINDOW_BANKING_DAYS),
    )
    overdue = {row["batch_id"] for row in rows}
    for details in [
        one for (what, _), one in context.alarms.raised.items() if what == "payments_not_settled"
    ]:
        if details["batch_id"] not in overdue:
            context.alarms.clear("payments_not_settled", batch_id=details["batch_id"])
    for batch_id in overdue:
        context.alarms.raise_("payments_not_settled", batch_id=batch_id)


async def _page_payers_without_bank(context: Context) -> None:
    """Payers whose items wait for a bank that no setting names: no window of theirs ever closes."""
    rows = await context.pool.fetch(
        """
        select payer from payers where bank <> all($1::text[]) and exists (
            select 1 from items where items.payer = payers.payer and state = 'waiting')
        """,
        list(context.settings.banks),
    )
    stranded = {row["payer"] for row in rows}
    known = [one["payer"] for (what, _), one in context.alarms.raised.items() if what == "payer_without_bank"]
    for payer in known:
        if payer not in stranded:
            context.alarms.clear("payer_without_bank", payer=payer)
    for payer in stranded:
        context.alarms.raise_("payer_without_bank", payer=payer)


async def _page_what_was_not_released(context: Context) -> None:
    """Batches that wait for a person and have missed the date that they were closed with."""
    rows = await context.pool.fetch(
        "select batch_id from batches where state in ('awaiting', 'held') and dated_until <= $1",
        context.clock.now(),
    )
    late = {row["batch_id"] for row in rows}
    for (what, _), details in list(context.alarms.raised.items()):
        if what == "batch_not_released" and details["batch_id"] not in late:
            context.alarms.clear(what, batch_id=details["batch_id"])
    for batch_id in late:
        context.alarms.raise_("batch_not_released", batch_id=batch_id)


async def resolve(context: Context, finding_id: UUID, by: Resolvers) -> bool:
    """A person has looked. False where there is no such open finding."""
    async with context.transaction() as tx:
        found = await tx.db.fetchrow(
            """
            update findings set resolved_by = $2, resolved_at = clock_timestamp()
            where finding_id = $1 and resolved_at is null returning what, batch_id, payment_id
            """,
            finding_id,
            by.named,
        )
        if found is None:
            return False
        resolved = FindingResolved(
            finding_id=finding_id,
            what=found["what"],
            batch_id=found["batch_id"],
            payment_id=found["payment_id"],
            actors=by.actors,
            signed=by.signed,
        )
        tx.say(resolved, key=str(found["batch_id"] or finding_id), cause=finding_id)
    return True
