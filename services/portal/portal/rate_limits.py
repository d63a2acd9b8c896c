"""How often something may be tried in a minute, counted in PostgreSQL, so that every replica counts the same."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from fastapi import HTTPException

from chassis import Context, clock
from portal.tenancy import SIGN_IN, writing

_TRY = """
insert into attempts (bucket, minute, tries) values ($1, date_trunc('minute', $2::timestamptz), 1)
on conflict (bucket, minute) do update set tries = attempts.tries + 1 returning tries, minute
"""


async def must_be_within(context: Context, *limits: tuple[str, str, int]) -> None:
    """Counts a try against each (what, whose, tries in a minute). Raises HTTPException 429 with Retry-After.

    Committed at once: a try counts whatever becomes of it. Whose it is is stored as a hash.
    """
    now, over = clock.event_time(), False
    async with writing(context, SIGN_IN) as db:
        for what, whose, limit in sorted(limits):
            bucket = f"{what}:{hashlib.sha256(whose.encode()).hexdigest()[:32]}"
            row = await db.fetchrow(_TRY, bucket, now)
            over = over or row["tries"] > limit
    if over:
        raise HTTPException(429, headers={"Retry-After": str(_seconds_left(now))})


def _seconds_left(now: datetime) -> int:
    next_minute = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return max(1, round((next_minute - now).total_seconds()))


async def forget_old(context: Context) -> None:
    """What no longer counts: old tries, ceremonies that were not finished, what old forms sent, sessions long ended."""
    now = clock.event_time()
    async with writing(context, SIGN_IN) as db:
        await db.execute("delete from attempts where minute < $1", now - timedelta(minutes=10))
        await db.execute("delete from ceremonies where ends_at < $1", now - timedelta(hours=1))
        await db.execute("delete from sent_commands where sent_at < $1", now - timedelta(days=30))
        await db.execute("delete from sessions where ends_at < $1", now - timedelta(days=30))
