"""What audit answers over HTTP: timelines, records, roots, proofs, verification, erasure. Sensitive values are masked.

Only an exported proof can carry a record's bytes, and only where it is asked for with `value=true`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import HTTPException, Path, Query
from fastapi.responses import PlainTextResponse, StreamingResponse
from pydantic import BaseModel, Field

from audit.checkpoint import Signer, checkpoint
from audit.erase import erase_value
from audit.export import NotInTree, consistency_proof, inclusion_proof
from audit.keep_records import term_of
from audit.log_ends import ask_broker
from audit.reading import RECORDS_MAX, find_by_terms, find_record
from audit.repository import head_of_size, latest_head
from audit.settings import Settings
from audit.timeline import timeline_of
from audit.verify import Progress, verify
from chassis import Context
from chassis.guarded import InContext, guarded_router

router = guarded_router()
Partition = Annotated[int, Path(ge=0, le=2**31 - 1)]
Offset = Annotated[int, Path(ge=0, le=2**63 - 1)]
Size = Annotated[int, Query(ge=1, le=2**63 - 1)]
"""As far as Kafka and the database count."""


@router.get("/requests/{request_id}/timeline")
async def get_timeline(request_id: UUID, context: InContext) -> dict[str, Any]:
    """Everything that was said of one request, and its state."""
    async with context.pool.acquire() as db:
        timeline = await timeline_of(db, request_id)
    if timeline is None:
        raise HTTPException(404, "nothing was heard of this request")
    return timeline


@router.get("/messages")
async def get_messages(
    correlation: Annotated[str, Query(min_length=1, max_length=200)],
    context: InContext,
    limit: Annotated[int, Query(ge=1, le=RECORDS_MAX)] = RECORDS_MAX,
) -> dict[str, Any]:
    """Every record heard under a correlation id (or UUID key), in the order in which it was heard."""
    async with context.pool.acquire() as db:
        records = await find_by_terms(db, [term_of(correlation)], limit)
    return {"correlation": correlation, "messages": [each.shown() for each in records]}


@router.get("/records/{topic}/{partition}/{offset}")
async def get_record(topic: str, partition: Partition, offset: Offset, context: InContext) -> dict[str, Any]:
    """One record by its coordinates."""
    async with context.pool.acquire() as db:
        record = await find_record(db, topic, partition, offset)
    if record is None:
        raise HTTPException(404, "no such record was heard")
    return record.shown()


@router.get("/root")
async def get_root(context: InContext, size: Size | None = None) -> dict[str, Any]:
    """The newest root, or the one that was written at `size` leaves."""
    async with context.pool.acquire() as db:
        head = await (latest_head(db) if size is None else head_of_size(db, size))
    if head is None:
        raise HTTPException(404, "no root was written" + (" yet" if size is None else " at that size"))
    return {"size": head.size, "root": head.root.hex(), "written_at": head.written_at.isoformat()}


@router.get("/checkpoint")
async def get_checkpoint(context: InContext) -> PlainTextResponse:
    """The newest root as a C2SP checkpoint, signed where a key is set: keep it elsewhere, verify against it later."""
    async with context.pool.acquire() as db:
        head = await latest_head(db)
    if head is None:
        raise HTTPException(404, "no root was written yet")
    return PlainTextResponse(checkpoint(head, context.resources))


@router.get("/checkpoint/key")
async def get_checkpoint_key(context: InContext) -> PlainTextResponse:
    """The public key of checkpoints, as signed-note writes it."""
    signer: Signer | None = context.resources
    if signer is None:
        raise HTTPException(404, "checkpoints are not signed: CHECKPOINT_KEY_FILE is not set")
    return PlainTextResponse(signer.verifier_key() + "\n")


@router.get("/proofs/{topic}/{partition}/{offset}")
async def get_proof(
    topic: str,
    partition: Partition,
    offset: Offset,
    context: InContext,
    size: Size | None = None,
    value: bool = False,
) -> dict[str, Any]:
    """The inclusion proof of one record, for `python -m audit.proof check`."""
    async with context.pool.acquire() as db:
        try:
            return await inclusion_proof(db, topic, partition, offset, size=size, with_value=value)
        except NotInTree as absent:
            raise HTTPException(404, str(absent)) from None


@router.get("/consistency")
async def get_consistency(first: Size, second: Size, context: InContext) -> dict[str, Any]:
    """The proof that one tree is the beginning of another."""
    async with context.pool.acquire() as db:
        try:
            return await consistency_proof(db, first, second)
        except NotInTree as absent:
            raise HTTPException(404, str(absent)) from None


@router.post("/verify")
async def post_verify(
    context: InContext,
    size: Size | None = None,
    root: Annotated[str | None, Query(pattern="^[0-9a-fA-F]{64}$")] = None,
    broker: bool = True,
) -> StreamingResponse:
    """Verify the whole log. Lines of JSON: `{"done", "total"}` while it goes, `{"report"}` at the end.

    `size` and `root` are a root that you remember; `broker=false` looks at the database alone.
    """
    if (size is None) != (root is None):
        raise HTTPException(422, "size and root belong together")
    remembered = {size: root} if size is not None and root is not None else {}
    return StreamingResponse(_verify_lines(context, remembered, broker), media_type="application/x-ndjson")


async def _verify_lines(context: Context, remembered: dict[int, str], broker: bool) -> AsyncIterator[str]:
    settings: Settings = context.settings
    ask = partial(ask_broker, settings) if broker else None
    async with context.pool.acquire() as db:
        steps = verify(db, ask, remembered=remembered, settle_seconds=settings.verify_settle_s)
        async for step in steps:
            if isinstance(step, Progress):
                line: dict[str, Any] = {"done": step.done, "total": step.total}
            else:
                line = {"report": step.as_json()}
            yield json.dumps(line) + "\n"


class Erasure(BaseModel):
    """Which value to erase, who asks, and why."""

    topic: str
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]
    actor: Annotated[str, Field(min_length=1, max_length=120)]
    note: Annotated[str, Field(min_length=1, max_length=1000)]


@router.post("/erasures", status_code=204)
async def post_erasure(erasure: Erasure, context: InContext) -> None:
    """Erase one value with its salt; every proof still holds."""
    async with context.pool.acquire() as db:
        erased = await erase_value(
            db, erasure.topic, erasure.partition, erasure.offset, actor=erasure.actor, note=erasure.note
        )
    if not erased:
        raise HTTPException(404, "no such record was heard")
