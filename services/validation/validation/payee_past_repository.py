"""SQL of payees' pasts: those of a whole slice by one statement, each bounded, by the index of a payee's approvals."""

from __future__ import annotations

from collections.abc import Iterable

import asyncpg

from throughline.submissions import SubmissionReceived
from validation.history import Version
from validation.payee_past import DAYS, REQUESTS_MAX, OfCode, PayeePast

_READ = f"""
select a.at, l.code, count(*) as lines, sum(l.units_thousandths)::bigint as units, sum(l.charge_cents)::bigint as cents
from unnest($1::int[], $2::uuid[], $3::date[], $4::uuid[]) as a (at, payee, day, own)
cross join lateral (
  select v.body from versions v
  where v.state in ('approved', 'final') and v.payee_id = a.payee and v.received_on between a.day - {DAYS} and a.day
    and v.request_id is distinct from a.own
  order by v.received_on desc limit {REQUESTS_MAX}
) v
cross join lateral jsonb_to_recordset(convert_from(v.body, 'UTF8')::jsonb -> 'request' -> 'lines')
  as l (code text, units_thousandths bigint, charge_cents bigint)
group by a.at, l.code
"""


async def read_payee_past(db: asyncpg.Connection, versions: Iterable[Version]) -> None:
    """Give each of these versions its payee's past before the day on which it came in: other requests, not what it
    takes the place of itself, nor itself where it is looked at once more."""
    asked = list(versions)
    pasts = await past_of(db, [(one.submission, one.is_stored or one.number > 1) for one in asked])
    for version, past in zip(asked, pasts, strict=True):
        version.payee_past = past


async def past_of(
    db: asyncpg.Connection, submissions: Iterable[tuple[SubmissionReceived, bool]]
) -> list[PayeePast]:
    """One for each, in their order; with each, whether versions of its request may be stored. Payees with many new
    requests in a slice are read once for each day."""
    asked = [
        (one.payee_id, one.received_on, one.request_id if is_known else None) for one, is_known in submissions
    ]
    if not asked:
        return []
    once = list(dict.fromkeys(asked))
    payees, days, own = (list(column) for column in zip(*once, strict=True))
    rows = await db.fetch(_READ, list(range(len(once))), payees, days, own)
    found: list[dict[str, OfCode]] = [{} for _ in once]
    for row in rows:
        found[row["at"]][row["code"]] = OfCode(row["lines"], row["units"], row["cents"])
    return [found[once.index(one)] for one in asked]
