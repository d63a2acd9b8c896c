"""Attachments: added to a draft and taken off it again; looked at by who sent them and by who reviews them.

The bytes go on to intake as they come, and from it as they are asked for: nothing of them is kept here. A draft holds
type and SHA-256 alone.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Annotated, Any
from uuid import UUID

import httpx
from fastapi import File, Form, HTTPException, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter, ValidationError

from chassis import clock
from portal.claim_form import ATTACHMENTS_MAX, STEPS, Wrong, attachments_in, with_attachments
from portal.commands import Acting, acting_as
from portal.draft_events import say_saved
from portal.drafts import Draft, find_draft, save_draft
from portal.form_shown import wording_of
from portal.intake_files import (
    NotAnswering,
    Refused,
    keep_attachment,
    open_attachment,
    stored_attachment,
)
from portal.page import Visit, may, page_router
from portal.payee_on_file import organisation_of_payee
from portal.rules import PROVIDERS, Role
from throughline.message import Code
from throughline.programmes import MEDICAL

router = page_router()

TYPES = ("treatment-plan", "referral", "progress-notes", "attendance", "invoice", "payment-advice")
"""Offered; a payer may ask for others."""
ENDINGS = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg", "image/tiff": "tif"}
DRAFT_BYTES_MAX = 100_000_000
"""All documents of one draft together."""
_TYPE: TypeAdapter[str] = TypeAdapter(Code)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@router.post("/new/{draft_id}/attachments")
async def attach(
    visit: Annotated[Visit, may(*PROVIDERS)],
    draft_id: UUID,
    type: Annotated[str, Form(max_length=60)],
    file: Annotated[UploadFile, File()],
) -> Response:
    """The same document again only changes its type."""
    kind = type.strip().lower()
    async with visit.reading() as db:
        draft = await _open_draft(visit, db, draft_id)
    if not _is_type(kind):
        return await show_attachments(visit, draft, Wrong("attachments", "attachment_type"), kind)
    acting = acting_as(visit, organisation_id=draft.organisation_id)
    if not await _has_room(visit, acting, draft, file.size or 0):
        return await show_attachments(visit, draft, Wrong("attachments", "attachment_room"), kind)
    try:
        stored = await keep_attachment(visit, acting, file)
    except NotAnswering:
        raise HTTPException(503, headers={"Retry-After": "5"}) from None
    except Refused as problem:
        return await show_attachments(visit, draft, Wrong("attachments", "rule", problem.sentence), kind)
    return await _change(visit, draft_id, {"type": kind, "sha256": stored.sha256})


@router.post("/new/{draft_id}/attachments/remove")
async def detach(
    visit: Annotated[Visit, may(*PROVIDERS)],
    draft_id: UUID,
    sha256: Annotated[str, Form(pattern=r"^[0-9a-f]{64}$")],
) -> Response:
    """Off the draft. Intake keeps the document: another request may name it."""
    return await _change(visit, draft_id, {"sha256": sha256})


@router.get("/requests/{request_id}/attachments/{sha256}")
async def show_own(visit: Annotated[Visit, may(*PROVIDERS)], request_id: UUID, sha256: str) -> Response:
    """What was attached through the portal to a request of their payee."""
    async with visit.reading() as db:
        payee_id = await db.fetchval("select payee_id from requests where request_id = $1", request_id)
        if payee_id is None:
            raise HTTPException(404)
        organisation_id = await organisation_of_payee(db, payee_id)
    return await _shown(visit, acting_as(visit, organisation_id=organisation_id), request_id, sha256)


@router.get("/reviews/{request_id}/attachments/{sha256}")
async def show_to_reviewer(
    visit: Annotated[Visit, may(Role.REVIEWER, Role.AUDITOR)], request_id: UUID, sha256: str
) -> Response:
    async with visit.reading() as db:
        if not await db.fetchval("select true from requests where request_id = $1", request_id):
            raise HTTPException(404)
    return await _shown(visit, acting_as(visit), request_id, sha256)


async def show_attachments(
    visit: Visit, draft: Draft, wrong: Wrong | None = None, kind: str = ""
) -> Response:
    """The step of the form: what is attached, with size and state as intake has it, and a place for one more.

    ``wrong`` is what was wrong with an upload, or why the person was sent here.
    """
    acting = acting_as(visit, organisation_id=draft.organisation_id)
    attached = await _described(visit, acting, attachments_in(draft.fields))
    return await visit.show(
        "attachments.html",
        status=422 if wrong is not None and visit.request.method == "POST" else 200,
        draft=draft,
        steps=STEPS if draft.kind == MEDICAL else (),
        page=f"/{'new' if draft.kind == MEDICAL else 'forms'}/{draft.draft_id}",
        documents=_documents(visit, draft),
        attached=attached,
        full=len(attached) >= ATTACHMENTS_MAX,
        wrong=wrong,
        kind=kind,
        types=TYPES if draft.kind == MEDICAL else (),
    )


def _documents(visit: Visit, draft: Draft) -> dict[str, str]:
    """The documents that a form may ask for, by type, in its pack's words."""
    for pack in visit.context.resources.packs.values():
        if pack.header.id == draft.kind:
            return dict(wording_of(pack, visit.shown.language).attachments)
    return {}


async def _described(
    visit: Visit, acting: Acting, attached: Sequence[Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Each with what intake says of it, all asked at once."""

    async def one(named: Mapping[str, str]) -> dict[str, Any]:
        try:
            stored = await stored_attachment(visit, acting, named["sha256"])
        except NotAnswering:
            return {**named, "stored": None, "state": "not_known"}
        return {**named, "stored": stored, "state": "not_held" if stored is None else "held"}

    return list(await asyncio.gather(*(one(named) for named in attached)))


async def _has_room(visit: Visit, acting: Acting, draft: Draft, size: int) -> bool:
    """What one request may bring along. Intake counts what an organisation has there beside."""
    attached = await _described(visit, acting, attachments_in(draft.fields))
    sizes = [one["stored"].size for one in attached if one["stored"]]
    return bool(sum(sizes) + size <= DRAFT_BYTES_MAX)


async def _open_draft(visit: Visit, db: Any, draft_id: UUID, *, lock: bool = False) -> Draft:
    draft = await find_draft(db, visit.context.resources.content_key, draft_id, lock=lock)
    if draft is None:
        raise HTTPException(404)
    if draft.sent_at is not None:
        raise HTTPException(412)
    return draft


async def _change(visit: Visit, draft_id: UUID, change: Mapping[str, str]) -> Response:
    """Put one attachment on the draft, or take it off where no type is given. Its row is locked: two at once add up."""
    now = clock.event_time()
    async with visit.speaking() as tx:
        draft = await _open_draft(visit, tx.db, draft_id, lock=True)
        attached = [one for one in attachments_in(draft.fields) if one["sha256"] != change["sha256"]]
        if "type" in change:
            attached.append(dict(change))
        if len(attached) > ATTACHMENTS_MAX:
            raise HTTPException(422)
        fields = with_attachments(draft.fields, attached)
        if fields != draft.fields:
            await save_draft(tx.db, visit.context.resources.content_key, draft_id, fields, now)
            say_saved(tx, draft, fields, visit.session.person_id, now)
    return visit.redirect(f"/new/{draft_id}?step=attachments")


async def _shown(visit: Visit, acting: Acting, request_id: UUID, sha256: str) -> Response:
    """To be saved, never shown in a page: its bytes are a stranger's. Intake tells who looked (`AttachmentShown`)."""
    if not _SHA256.fullmatch(sha256):
        raise HTTPException(404)
    try:
        opened = await open_attachment(visit, acting, sha256, request_id)
    except NotAnswering:
        raise HTTPException(503, headers={"Retry-After": "5"}) from None
    if opened is None:
        raise HTTPException(404)
    answer, closing = opened
    kind = answer.headers["content-type"]
    headers = {
        "Content-Disposition": f'attachment; filename="{sha256[:16]}.{ENDINGS.get(kind, "bin")}"',
        "Content-Length": answer.headers["content-length"],
    }
    return StreamingResponse(_passed_on(answer, closing), 200, headers, kind)


async def _passed_on(answer: httpx.Response, closing: AsyncExitStack) -> AsyncIterator[bytes]:
    async with closing:
        async for piece in answer.aiter_bytes():
            yield piece


def _is_type(kind: str) -> bool:
    try:
        _TYPE.validate_python(kind)
    except ValidationError:
        return False
    return True
