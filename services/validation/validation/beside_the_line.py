"""Stored history is worked through beside the line: in a thread, a few requests at a time.

Whoever previews a thousand decisions must not hold up the one that is being made: the event loop reads a slice, a
thread judges it, and between slices everything else has its turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from chassis import Context
from validation.history import Request
from validation.payee_past import past_read
from validation.payee_past_repository import read_payee_past
from validation.stored_requests import read_pinned_requests, read_resembling

REQUESTS_AT_ONCE = 20
"""Reading them holds the event loop for about 2 ms, judging them a thread for about 20."""

_Told = TypeVar("_Told")


async def in_slices(
    context: Context,
    ids: Sequence[UUID],
    judge: Callable[[list[Request]], _Told],
    *,
    past: bool = False,
    resembling: bool = False,
) -> list[_Told]:
    """What ``judge`` comes to for these stored requests, slice by slice. It is called in a thread.

    With ``past``, versions whose decision asked nothing of their payee's past are given it as it stands now; with
    ``resembling``, each version the earlier requests that its decision kept as resembling it.
    """
    found: list[_Told] = []
    for start in range(0, len(ids), REQUESTS_AT_ONCE):
        async with context.pool.acquire() as db:
            requests = await read_pinned_requests(
                db, context.resources, ids[start : start + REQUESTS_AT_ONCE]
            )
            if past:
                unread = [
                    one
                    for each in requests
                    for one in each
                    if past_read(one.submission, one.settled_readings) is None
                ]
                await read_payee_past(db, unread)
            if resembling:
                await read_resembling(db, [one for each in requests for one in each])
        found.append(await asyncio.to_thread(judge, requests))
    return found
