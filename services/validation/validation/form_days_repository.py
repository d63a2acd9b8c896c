"""SQL of days that forms tell: those that a slice is measured by, under a lock of whose they are; what it adds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

import asyncpg

from validation.form_days import FORMS_MAX, DayOfForm, FormDays, Told

# Until the commit, in order of key: two forms of one payee in the same moment are measured one after the other.
_LOCK = "select pg_advisory_xact_lock(key) from unnest($1::bigint[]) as wanted (key)"
_READ = f"""
select a.whom, d.day, d.request_id, d.version, v.request_id is not null as counts
from unnest($1::bytea[], $2::date[], $3::date[]) as a (whom, first, before)
cross join lateral (
  select day, request_id, version from form_days f
  where f.whom = a.whom and f.day >= a.first and f.day < a.before order by f.day limit {FORMS_MAX}
) d
left join versions v on v.request_id = d.request_id and v.version = d.version and v.state not in ('ended', 'denied')
"""
_ADD = """
insert into form_days (whom, day, request_id, version)
select * from unnest($1::bytea[], $2::date[], $3::uuid[], $4::smallint[]) on conflict do nothing
"""


async def read_form_days(db: asyncpg.Connection, told: Iterable[Told]) -> FormDays:
    """What these forms are measured by."""
    days = FormDays()
    spans: dict[bytes, Told] = {}
    for one in told:
        known = spans.get(one.whom, one)
        spans[one.whom] = one._replace(
            first=min(one.first, known.first), before=max(one.before, known.before)
        )
    if not spans:
        return days
    await db.execute(_LOCK, sorted([int.from_bytes(whom[:8], "big", signed=True) for whom in spans]))
    asked = [(whom, one.first, one.before) for whom, one in sorted(spans.items())]
    rows = await db.fetch(_READ, *[list(column) for column in zip(*asked, strict=True)])
    for row in rows:
        if row["counts"]:
            days.stored[row["whom"]].append(
                DayOfForm(row["day"], UUID(int=row["request_id"].int), row["version"])
            )
    # What ended or was denied took its place among those that were read, too.
    read = Counter(row["whom"] for row in rows)
    days.too_many = {whom for whom, count in read.items() if count >= FORMS_MAX}
    return days


async def store_form_days(db: asyncpg.Connection, days: FormDays) -> None:
    """Keep what the slice adds."""
    rows = sorted([(whom, *one) for whom, added in days.added.items() for one in added])
    if rows:
        await db.execute(_ADD, *[list(column) for column in zip(*rows, strict=True)])
