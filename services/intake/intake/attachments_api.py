"""Attachments over HTTP: sent before the request that names them, by the name of their bytes; and shown again."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from chassis import Signer
from intake import attachments
from intake.attachment_content import KINDS, MEDIA_TYPES, TypeSeen
from intake.attachment_keys import About, AttachmentKeys
from intake.attachment_scan import ScannerAway, new_scan
from intake.attachments import PORTAL, Arriving, NoRoom, holder_of
from intake.http_access import ProblemRoute, calling_partner, content_type, context_of, path_id
from intake.http_body import pieces
from intake.http_problems import Problematic, not_found
from intake.receive import with_retries
from intake.signed_calls import signer_of_call
from throughline.people import OPERATIONS_ROLES
from throughline.reasons import Reason
from throughline.signed_http import DIGEST_HEADER, Call, sha256_in
from throughline.submissions import AttachmentShown

router = APIRouter(route_class=ProblemRoute)

SPOOL_BYTES = 1_000_000
PATH = "/v1/attachments"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SUFFIXES = {kind.media_type: kind.suffix for kind in KINDS}
_TYPES = "PDF, PNG, JPEG or TIFF"


@dataclass(slots=True)
class _Arrived:
    """What is known once the last byte has come."""

    sealed: Arriving
    digest: bytes
    size: int
    type: TypeSeen
    is_harmful: bool


@router.post(PATH)
async def receive_attachment(request: Request) -> Response:
    """Take in one document as the body. 201 with its SHA-256, which is its name; 200 for bytes that are here."""
    partner = await calling_partner(request)
    keys = _keys(request)
    declared, told = content_type(request), request.headers.get(DIGEST_HEADER)
    if declared not in MEDIA_TYPES:
        raise Problematic(415, "attachment_type", f"Send a {_TYPES} file, with its Content-Type.")
    named = None if told is None else sha256_in(told)
    if told is not None and named is None:
        raise Problematic(400, "content_digest", "Content-Digest must be sha-256=:<base64>:, or absent.")
    call = Call("throughline.KeepAttachment", "POST", PATH, told or "")
    room = context_of(request).settings.attachment_unnamed_bytes_max
    holder = holder_of(partner, await signer_of_call(request, call) if partner == PORTAL else None)
    with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as spool:
        try:
            arrived = await _arrive(request, Arriving(spool))
        except ScannerAway:
            raise Problematic(
                503, "no_scanner", "Nothing is taken in unseen. Try again in a minute."
            ) from None
        _must_be_sound(arrived, declared, named)

        async def keep() -> tuple[bool, asyncpg.Record]:
            spool.seek(0)
            about = About(uuid4(), holder, arrived.digest, declared, arrived.size)
            async with context_of(request).transaction() as transaction:
                new = await arrived.sealed.keep(transaction.db, keys, about, room)
                row = await attachments.held(transaction.db, holder, arrived.digest)
            assert row is not None
            return new, row

        try:
            new, row = await with_retries(keep)
        except NoRoom:
            raise Problematic(
                413,
                "attachment_quota",
                f"At most {room} bytes wait here for a request. Send the requests first.",
            ) from None
    headers = {"Location": f"{PATH}/{arrived.digest.hex()}", "Cache-Control": "no-store"}
    return JSONResponse(_shown(row), 201 if new else 200, headers)


@router.head(PATH + "/{name}")
@router.get(PATH + "/{name}")
async def show_attachment(request: Request, name: str) -> Response:
    """Its bytes. A partner's own; for the portal what its person may see: their organisation's, or, with
    ``?request=<id>``, what that request names: to reviewers and auditors, and, of what came through the portal, to who
    acts for its payee."""
    row, about, signer = await _found(request, name)
    headers = {
        "Content-Length": str(row["bytes"]),
        "Content-Disposition": f'attachment; filename="{name[:16]}.{_SUFFIXES[row["media_type"]]}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if request.method == "HEAD":
        return Response(None, 200, headers, row["media_type"])
    if about is not None and signer is not None:
        await _tell_of_the_look(request, about, name, signer)
    parts = attachments.content(context_of(request).pool, _keys(request), row)
    return StreamingResponse(parts, 200, headers, row["media_type"])


async def _arrive(request: Request, sealed: Arriving) -> _Arrived:
    settings = context_of(request).settings
    digest, size, type_seen = sha256(), 0, TypeSeen()
    scans = new_scan(settings.clamd, settings.scanner_wait_s)
    async for piece in pieces(
        request,
        bytes_max=settings.attachment_bytes_max,
        wait_s=settings.body_wait_s,
        total_s=settings.attachment_total_s,
    ):
        digest.update(piece)
        size += len(piece)
        type_seen.take(piece)
        sealed.take(piece)
        for scan in scans:
            await scan.take(piece)
    sealed.finish()
    is_harmful = any([await scan.is_harmful() for scan in scans])
    return _Arrived(sealed, digest.digest(), size, type_seen, is_harmful)


def _must_be_sound(arrived: _Arrived, declared: str, named: bytes | None) -> None:
    """Raises Problematic 422; of what is refused nothing is kept."""
    if arrived.size == 0:
        raise Problematic(422, Reason.EMPTY, "The file has no bytes. Choose it again and send it.")
    if named is not None and named != arrived.digest:
        raise Problematic(422, "content_digest", "What arrived is not what was sent. Send it again.")
    if arrived.is_harmful:
        raise Problematic(
            422, "attachment_harmful", "The file is harmful. It was not kept; send a clean one."
        )
    found = arrived.type.media_type
    if found is None:
        raise Problematic(
            422,
            "attachment_type",
            f"The file is not a whole {_TYPES} file, or is something else too. Save it as a PDF.",
        )
    if found != declared:
        raise Problematic(
            422, "attachment_type", f"The file is {found} and was sent as {declared}. Send it as what it is."
        )


async def _tell_of_the_look(request: Request, request_id: UUID, name: str, signer: Signer) -> None:
    """Before the first byte: a look that cannot be told of is none."""
    shown = AttachmentShown(
        request_id=request_id,
        sha256=name,
        person_id=signer.person_id,
        organisation_id=signer.organisation_id,
        role=signer.role,
    )
    async with context_of(request).transaction() as transaction:
        transaction.say(shown, key=str(request_id), cause=uuid4(), correlation_id=str(request_id))


async def _found(request: Request, name: str) -> tuple[asyncpg.Record, UUID | None, Signer | None]:
    """With the request that it is looked at for, and by whom, where a person looks through the portal."""
    partner = await calling_partner(request)
    if not _SHA256.fullmatch(name):
        raise not_found()
    pool, digest = context_of(request).pool, bytes.fromhex(name)
    about = request.query_params.get("request")
    request_id = None if about is None else path_id(about)
    if partner != PORTAL:
        row, signer = await attachments.held(pool, partner, digest) if request_id is None else None, None
    else:
        row, signer = await _seen_in_portal(request, digest, request_id)
    if row is None:
        raise not_found()
    return row, request_id, signer


async def _seen_in_portal(
    request: Request, digest: bytes, request_id: UUID | None
) -> tuple[asyncpg.Record | None, Signer]:
    target = request.url.path + (f"?request={request_id}" if request_id is not None else "")
    signer = await signer_of_call(request, Call("throughline.ReadAttachment", "GET", target))
    pool = context_of(request).pool
    if request_id is None:
        return await attachments.held(pool, holder_of(PORTAL, signer), digest), signer
    row = await attachments.named(pool, request_id, digest)
    if row is None or signer.role in OPERATIONS_ROLES:
        return row, signer
    through_portal = row["holder"].startswith(f"{PORTAL}/")
    is_theirs = through_portal and row["payee_id"] is not None and signer.acts_for(row["payee_id"])
    return (row if is_theirs else None), signer


def _keys(request: Request) -> AttachmentKeys:
    keys: AttachmentKeys | None = context_of(request).resources.attachment_keys
    if keys is None:
        raise Problematic(503, "no_keys", "Attachments are not taken here: intake has no key for them.")
    return keys


def _shown(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "sha256": row["sha256"].hex(),
        "media_type": row["media_type"],
        "bytes": row["bytes"],
        "received_at": row["received_at"].isoformat(),
    }
