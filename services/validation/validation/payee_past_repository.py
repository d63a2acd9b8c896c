"""SQL of payees' pasts: those of a whole slice by one statement, each bounded, by the index of a payee's approvals."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import asyncpg

from throughline.submissions import SubmissionReceived
from validation.history import Version
from validation.payee_past import DAYS, REQUESTS_MAX, OfCode, PayeePast

_READ = f"""
select a.at, l.code, count(*) as lines, sum(l.units_thousandths)::bigint as units, sum(l.charge_cents)::bigint as cents
from unnest($1::int[], $2::uuid[], $3::date[]) as a (at, payee, day)
cross join lateral (
  select v.body from versions v
  where v.state in ('approved', 'final') and v.payee_id = a.payee and v.received_on between a.day - {DAYS} and a.day
  order by v.received_on desc limit {REQUESTS_MAX}
) v
cross join lateral jsonb_to_recordset(convert_from(v.body, 'UTF8')::jsonb -> 'request' -> 'lines')
  as l (code text, units_thousandths bigint, charge_cents bigint)
group by a.at, l.code
"""


async def read_payee_past(db: asyncpg.Connection, versions: Iterable[Version]) -> None:
    """Give each of these versions its payee's past before the day on which it came in."""
    asked = list(versions)
    for version, past in zip(asked, await past_of(db, [one.submission for one in asked]), strict=True):
        version.payee_past = past


async def past_of(db: asyncpg.Connection, submissions: Iterable[SubmissionReceived]) -> list[PayeePast]:
    """One for each, in their order. Payees with many requests in a slice are read once for each day."""
    asked = [(one.payee_id, one.received_on) for one in submissions]
    if not asked:
        return []
    once = list(dict.fromkeys(asked))
    payees: list[UUID] = [payee for payee, _ in once]
    rows = await db.fetch(_READ, list(range(len(once))), payees, [day for _, day in once])
    found: list[dict[str, OfCode]] = [{} for _ in once]
    for row in rows:
        found[row["at"]][row["code"]] = OfCode(row["lines"], row["units"], row["cents"])
    return [found[once.index(one)] for one in asked]
