"""Intake's HTTP API, called as the portal's own partner: files of claims, and attachments.

What a person sends or reads is signed for them (``throughline.signed_http``): intake looks at whose payees and whose
documents they may touch, not at the portal's word. Bodies are streamed from where the framework holds them.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Literal, cast
from uuid import UUID

import httpx
from fastapi import UploadFile

from portal.commands import Acting, sign_call
from portal.page import Visit
from portal.resources import read_secret
from portal.settings import Settings
from throughline.signed import Method
from throughline.signed_http import DIGEST_HEADER, SIGNATURE_HEADER, Call, content_digest

INTAKE_KEY_FILE = "intake.key"
ATTACHMENTS = "/v1/attachments"
_WAIT_S = 60.0
_PIECE_BYTES = 262_144
Body = bytes | AsyncIterator[bytes]


class NotAnswering(Exception):
    """Intake does not answer, or does not know the portal. Nothing was taken."""


@dataclass
class Refused(Exception):
    """Intake takes it not, and says in ``sentence`` why and what to do about it."""

    reason: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Stored:
    """An attachment as intake has it."""

    sha256: str
    media_type: str
    size: int


async def send_file(visit: Visit, acting: Acting, once: UUID, file: UploadFile) -> dict[str, Any]:
    """The receipt of a file of claims. Raises NotAnswering, Refused."""
    kind = "application/edi-x12" if await _begins(file, b"ISA") else "text/csv"
    digest = content_digest(await _sha256(file))
    call = Call("throughline.SendFile", "POST", "/v1/files", digest, str(once))
    headers = {"Content-Type": kind, "Idempotency-Key": str(once)}
    told: dict[str, Any] = (await _send(visit, call, acting, headers, file)).json()
    return told


async def file_progress(settings: Settings, receipt_id: object, after: int) -> dict[str, Any]:
    told: dict[str, Any] = (await _call(settings, "GET", f"/v1/files/{receipt_id}?after={after}")).json()
    return told


async def claims_csv(settings: Settings, receipt_id: object) -> bytes:
    """Every claim answered so far."""
    return (await _call(settings, "GET", f"/v1/files/{receipt_id}/claims.csv")).content


async def keep_attachment(visit: Visit, acting: Acting, file: UploadFile) -> Stored:
    """Hand a document on, in one of the person's organisations. Raises NotAnswering, Refused."""
    digest = content_digest(await _sha256(file))
    call = Call("throughline.KeepAttachment", "POST", ATTACHMENTS, digest)
    headers = {"Content-Type": file.content_type or "application/octet-stream"}
    told = (await _send(visit, call, acting, headers, file)).json()
    return Stored(told["sha256"], told["media_type"], told["bytes"])


async def stored_attachment(
    visit: Visit, acting: Acting, sha256: str, request_id: UUID | None = None
) -> Stored | None:
    """None where intake has none by that name that the person may see. Raises NotAnswering."""
    call = _reading(sha256, request_id)
    try:
        answer = await _call(visit.settings, "HEAD", call.target, _signed(visit, call, acting))
    except Refused:
        return None
    return Stored(sha256, answer.headers["content-type"], int(answer.headers["content-length"]))


async def open_attachment(
    visit: Visit, acting: Acting, sha256: str, request_id: UUID
) -> tuple[httpx.Response, AsyncExitStack] | None:
    """Its bytes, not read yet, and what to close after them; None where the person may not see it.

    Raises NotAnswering.
    """
    call = _reading(sha256, request_id)
    async with AsyncExitStack() as opened:
        try:
            client = await opened.enter_async_context(_client(visit.settings))
            asked = client.stream("GET", call.target, headers=_signed(visit, call, acting))
            answer = await opened.enter_async_context(asked)
        except httpx.HTTPError:
            raise NotAnswering from None
        if answer.status_code == 200:
            return answer, opened.pop_all()
        if answer.status_code == 401 or answer.status_code >= 500:
            raise NotAnswering
    return None


def _reading(sha256: str, request_id: UUID | None) -> Call:
    about = "" if request_id is None else f"?request={request_id}"
    return Call("throughline.ReadAttachment", "GET", f"{ATTACHMENTS}/{sha256}{about}")


async def _send(
    visit: Visit, call: Call, acting: Acting, headers: dict[str, str], file: UploadFile
) -> httpx.Response:
    more = {DIGEST_HEADER: call.content_digest, "Content-Length": str(file.size or 0)}
    signed = headers | more | _signed(visit, call, acting)
    return await _call(visit.settings, call.method, call.target, signed, _pieces(file))


def _signed(visit: Visit, call: Call, acting: Acting) -> dict[str, str]:
    return {SIGNATURE_HEADER: sign_call(visit.context, call, acting, cast(Method, visit.session.method))}


async def _call(
    settings: Settings,
    method: Literal["GET", "HEAD", "POST"],
    path: str,
    headers: dict[str, str] | None = None,
    content: Body = b"",
) -> httpx.Response:
    try:
        async with _client(settings) as client:
            answer = await client.request(method, path, headers=headers, content=content)
    except httpx.HTTPError:
        raise NotAnswering from None
    if answer.status_code in (200, 201, 202):
        return answer
    if answer.status_code == 401 or not 400 <= answer.status_code < 500:
        raise NotAnswering
    raise _refused(answer)


def _refused(answer: httpx.Response) -> Refused:
    try:
        told = answer.json()
        return Refused(str(told.get("reason", "")), str(told["title"]))
    except (ValueError, KeyError, AttributeError):
        return Refused("", "")


def _client(settings: Settings) -> httpx.AsyncClient:
    key = _key(settings)
    if settings.intake_url is None or key is None:
        raise NotAnswering
    known = {"Authorization": f"Bearer {key}"}
    return httpx.AsyncClient(base_url=settings.intake_url, timeout=_WAIT_S, headers=known)


def _key(settings: Settings) -> str | None:
    """The API key of the portal's own partner, from its secrets; None where it has none."""
    if settings.secrets_dir is None or not (settings.secrets_dir / INTAKE_KEY_FILE).is_file():
        return None
    return read_secret(settings.secrets_dir / INTAKE_KEY_FILE)


async def _begins(file: UploadFile, with_: bytes) -> bool:
    await file.seek(0)
    return await file.read(len(with_)) == with_


async def _sha256(file: UploadFile) -> bytes:
    await file.seek(0)
    found = await asyncio.to_thread(hashlib.file_digest, cast(Any, file.file), "sha256")
    return found.digest()


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    await file.seek(0)
    while piece := await file.read(_PIECE_BYTES):
        yield piece
