"""Raw bodies lie in one partition per month, made ahead of time, so that old months can go at once."""

from __future__ import annotations

from chassis import Context

AHEAD = 2


async def make_months(context: Context) -> None:
    """Make the partitions of this month and the next two, where they are not there."""
    await context.pool.execute("select make_body_months($1)", AHEAD)
