"""The feed: records as they were heard, byte for byte, for a service whose topic has expired behind it.

It shows everything, unmasked. So it is closed unless FEED_TOKEN is set, and takes that token alone.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from secrets import compare_digest
from typing import Annotated

import asyncpg
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import StreamingResponse

from audit.leaves import KeptRecord
from audit.packs import records_at
from audit.repository import batch_of
from chassis.guarded import InContext

PAGE_RECORDS_MAX = 5_000


def must_know_the_feed_token(context: InContext, request: Request) -> None:
    """404 where there is no feed, 401 for any other token, also the API's."""
    token = context.settings.feed_token
    if token is None:
        raise HTTPException(404, "there is no feed: FEED_TOKEN is not set")
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not compare_digest(given.encode(), token.get_secret_value().encode()):
        raise HTTPException(401, "the feed's token is needed", headers={"WWW-Authenticate": "Bearer"})


router = APIRouter(prefix="/v1/feed", dependencies=[Depends(must_know_the_feed_token)])


@router.get("/{topic}/{partition}")
async def get_feed(
    topic: str,
    partition: int,
    context: InContext,
    offset: Annotated[int, Query(ge=0)],
    limit: Annotated[int, Query(ge=1, le=PAGE_RECORDS_MAX)] = 1_000,
) -> StreamingResponse:
    """Lines of JSON: the records from `offset` on, as long as none is missing, `limit` at most. None: nothing there."""
    return StreamingResponse(
        _lines(context.pool, topic, partition, offset, limit), media_type="application/x-ndjson"
    )


async def _lines(
    pool: asyncpg.Pool, topic: str, partition: int, offset: int, limit: int
) -> AsyncIterator[str]:
    end = offset + limit
    while offset < end:
        async with pool.acquire() as db:
            batch = await batch_of(db, topic, partition, offset)
        if batch is None:
            return
        first = offset - batch.first_offset
        wanted = range(first, min(batch.length, first + end - offset))
        found = records_at(batch.records, wanted)
        for position in wanted:
            yield json.dumps(_shown(found[position])) + "\n"
        offset += len(wanted)


def _shown(record: KeptRecord) -> dict[str, object]:
    return {
        "offset": record.offset,
        "timestamp_ms": record.timestamp_ms,
        "timestamp_type": record.timestamp_type,
        "key": _text(record.key),
        "value": _text(record.value),
        "erased": record.is_erased,
        "headers": [[name, _text(value)] for name, value in record.headers],
    }


def _text(value: bytes | None) -> str | None:
    return None if value is None else b64encode(value).decode()
