"""Uploads: a file of claims (837P or CSV) goes to intake as it is; its progress and a result for each claim come back.

Intake reads files over its HTTP API as the portal's own partner. The file is not kept here; its receipt is, and it is
its organisation's alone.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import File, Form, HTTPException, Query, Response, UploadFile

from chassis import clock
from portal.commands import acting_as
from portal.intake_files import NotAnswering, Refused, claims_csv, file_progress, send_file
from portal.own_organisations import chosen_organisation, own_organisations
from portal.page import Nav, Visit, may, page_router
from portal.rules import PROVIDERS

router = page_router(Nav("uploads", "/uploads", PROVIDERS, order=25))

_RECENT = "select * from uploads order by sent_at desc, upload_id limit 50"
_ONE = "select * from uploads where upload_id = $1"
_NEW = """
insert into uploads (upload_id, organisation_id, person_id, receipt_id, format, bytes, sent_at)
values ($1, $2, $3, $4, $5, $6, $7) on conflict (upload_id) do nothing
"""


@router.get("/uploads")
async def list_uploads(visit: Annotated[Visit, may(*PROVIDERS)]) -> Response:
    return await _list(visit)


@router.post("/uploads")
async def upload(
    visit: Annotated[Visit, may(*PROVIDERS)],
    once: Annotated[UUID, Form()],
    file: Annotated[UploadFile, File()],
    organisation_id: Annotated[UUID | None, Form()] = None,
) -> Response:
    """``once`` is the key under which intake counts the file: sent twice, it is one file."""
    acting = acting_as(visit, organisation_id=chosen_organisation(visit, organisation_id))
    try:
        told = await send_file(visit, acting, once, file)
    except NotAnswering:
        raise HTTPException(503, headers={"Retry-After": "5"}) from None
    except Refused as problem:
        return await _list(visit, problem)
    async with visit.writing() as db:
        await db.execute(
            _NEW,
            once,
            acting.organisation_id,
            visit.session.person_id,
            UUID(told["receipt_id"]),
            told["format"],
            told["bytes"],
            clock.event_time(),
        )
    return visit.redirect(f"/uploads/{once}")


@router.get("/uploads/{upload_id}")
async def show_upload(
    visit: Annotated[Visit, may(*PROVIDERS)],
    upload_id: UUID,
    after: Annotated[int, Query(ge=0, le=999_999_999)] = 0,
) -> Response:
    """Progress and up to 200 results; the page asks again until every claim is answered."""
    row = await _own(visit, upload_id)
    try:
        told = await file_progress(visit.settings, row["receipt_id"], after)
    except NotAnswering:
        raise HTTPException(503, headers={"Retry-After": "5"}) from None
    template = "upload_progress.html" if visit.is_partial else "upload.html"
    return await visit.show(template, upload=row, told=told, after=after)


@router.get("/uploads/{upload_id}/results.csv")
async def download_results(visit: Annotated[Visit, may(*PROVIDERS)], upload_id: UUID) -> Response:
    row = await _own(visit, upload_id)
    try:
        content = await claims_csv(visit.settings, row["receipt_id"])
    except NotAnswering:
        raise HTTPException(503, headers={"Retry-After": "5"}) from None
    headers = {"Content-Disposition": f'attachment; filename="{upload_id}.csv"'}
    return Response(content, media_type="text/csv", headers=headers)


async def _list(visit: Visit, problem: Refused | None = None) -> Response:
    """With what intake found wrong with a file, where it did: the form again under a new key."""
    async with visit.reading() as db:
        found = [dict(row) for row in await db.fetch(_RECENT)]
        organisations = await own_organisations(db)
    return await visit.show(
        "uploads.html",
        status=200 if problem is None else 422,
        uploads=found,
        organisations=organisations,
        once=uuid4(),
        problem=problem,
    )


async def _own(visit: Visit, upload_id: UUID) -> dict[str, object]:
    async with visit.reading() as db:
        row = await db.fetchrow(_ONE, upload_id)
    if row is None:
        raise HTTPException(404)
    return dict(row)
