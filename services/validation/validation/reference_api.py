"""Reference data over HTTP: what stood at the end of a day, and the exclusion lists in force."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import HTTPException, Path, Request

from chassis.guarded import context_of, guarded_router
from validation.reference_read import SHOWN, ListInForce, Stood, read_stood

router = guarded_router()


@router.get("/reference/{kind}/{name}")
async def reference(
    request: Request,
    kind: Annotated[str, Path(pattern=f"^({'|'.join(SHOWN)})$")],
    name: Annotated[str, Path(max_length=100)],
    as_of: date | None = None,
) -> Stood:
    """What was on file at the end of a day (UTC), else what is now. A member is asked for by the key of its record."""
    until = datetime.max.replace(tzinfo=UTC)
    if as_of is not None and as_of < date.max:
        until = datetime.combine(as_of + timedelta(days=1), time.min, UTC)
    async with context_of(request).pool.acquire() as db:
        try:
            stood = await read_stood(db, kind, name, until)
        except ValueError as error:
            raise HTTPException(422, str(error)) from None
    if stood is None:
        raise HTTPException(404, "nothing of that name was on file then")
    return stood


@router.get("/exclusion-lists")
async def exclusion_lists(request: Request) -> list[ListInForce]:
    """The lists in force, in order of id."""
    context = context_of(request)
    async with context.pool.acquire() as db:
        await context.resources.refresh(db)
    lists = context.resources.reference.screening.lists
    return [
        ListInForce(
            version=lists[name].version,
            entries=lists[name].entries,
            shrinks_because=lists[name].shrinks_because,
            **against.model_dump(),
        )
        for name in sorted(lists)
        for against in [lists[name].against]
    ]
