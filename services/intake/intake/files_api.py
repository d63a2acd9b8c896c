"""Files of claims over HTTP: sent once, read in the background, an answer for each claim."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from intake import problem_text
from intake.attachments import PORTAL
from intake.files import Format, Sender, keep_file
from intake.http_access import (
    ProblemRoute,
    calling_partner,
    content_type,
    context_of,
    idempotency_key,
    path_id,
)
from intake.http_body import pieces
from intake.http_problems import Problematic, not_found, told
from intake.signed_calls import signer_of_call
from throughline.identifiers import claim_number_for, derived
from throughline.reasons import Reason
from throughline.signed_http import DIGEST_HEADER, Call, sha256_in

router = APIRouter(route_class=ProblemRoute)

SPOOL_BYTES = 1_000_000
PAGE = 200
_KINDS: dict[str, Format | None] = {
    "application/edi-x12": "837p",
    "text/csv": "csv",
    "application/octet-stream": None,
    "text/plain": None,
}
_FILE = "select * from files where receipt_id = $1"
_OUTCOMES = (
    "select outcome, count(*) from file_claims where receipt_id = $1 group by outcome order by outcome"
)
_CLAIMS = """
select position, number, outcome, request_id, version, problems from file_claims
where receipt_id = $1 and position > $2 order by position limit $3
"""


@router.post("/v1/files")
async def receive_file(request: Request) -> Response:
    """Take in an 837P or CSV file as the body. 202 with its receipt; the same key and bytes get the same receipt."""
    partner = await calling_partner(request)
    key = idempotency_key(request)
    kind = content_type(request)
    if kind not in _KINDS:
        raise Problematic(415, "content_type", "Send application/edi-x12 or text/csv.")
    context = context_of(request)
    settings = context.settings
    receipt_id = derived("file", partner, key)
    sender, named = await _sender(request, partner, key)
    digest, size = sha256(), 0
    with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as spool:
        async for piece in pieces(
            request,
            bytes_max=settings.file_bytes_max,
            wait_s=settings.body_wait_s,
            total_s=settings.body_total_s,
        ):
            digest.update(piece)
            size += len(piece)
            spool.write(piece)
        if named is not None and named != digest.digest():
            raise Problematic(422, "content_digest", "What arrived is not what was signed. Send it again.")
        spool.seek(0)
        form = _KINDS[kind] or ("837p" if spool.read(3) == b"ISA" else "csv")
        async with context.transaction() as transaction:
            new = await keep_file(
                transaction.db, receipt_id, partner, form, digest.digest(), size, spool, sender
            )
            row = await transaction.db.fetchrow(_FILE, receipt_id)
    if row["sha256"] != digest.digest():
        raise Problematic(422, Reason.CONFLICT, "That key came before with another file. Use a new key.")
    headers = {"Location": f"/v1/files/{receipt_id}", "Cache-Control": "no-store"}
    return JSONResponse(await _shown(context.pool, row), 202 if new else 200, headers)


@router.get("/v1/files/{receipt}")
async def show_file(request: Request, receipt: str) -> Response:
    """How far the file is, and up to 200 claims after ``?after=<position>`` with their answers."""
    row = await _own_file(request, receipt)
    pool = context_of(request).pool
    after = request.query_params.get("after", "0")
    if not after.isdecimal() or len(after) > 9:
        raise Problematic(400, "query", "after is the position of a claim.")
    claims = await pool.fetch(_CLAIMS, row["receipt_id"], int(after), PAGE)
    shown = await _shown(pool, row) | {"results": [_claim(one) for one in claims]}
    return JSONResponse(shown, headers={"Cache-Control": "no-store"})


@router.get("/v1/files/{receipt}/claims.csv")
async def download_claims(request: Request, receipt: str) -> Response:
    """Every claim answered so far, one row each."""
    row = await _own_file(request, receipt)
    headers = {
        "Content-Disposition": f'attachment; filename="{row["receipt_id"]}.csv"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(_rows(context_of(request).pool, row["receipt_id"]), 200, headers, "text/csv")


async def _sender(request: Request, partner: str, key: str) -> tuple[Sender | None, bytes | None]:
    """Who signed a file of the portal, and the SHA-256 that they signed; nobody of a partner's own."""
    if partner != PORTAL:
        return None, None
    told = request.headers.get(DIGEST_HEADER, "")
    named = sha256_in(told)
    if named is None:
        raise Problematic(400, "content_digest", "Send Content-Digest: sha-256=:<base64>:.")
    signer = await signer_of_call(request, Call("throughline.SendFile", "POST", "/v1/files", told, key))
    return Sender(signer.person_id, signer.organisation_id, signer.role), named


async def _own_file(request: Request, receipt: str) -> asyncpg.Record:
    partner = await calling_partner(request)
    row = await context_of(request).pool.fetchrow(_FILE, path_id(receipt))
    if row is None or row["partner"] != partner:
        raise not_found()
    return row


async def _shown(pool: asyncpg.Pool, row: asyncpg.Record) -> dict[str, Any]:
    outcomes = await pool.fetch(_OUTCOMES, row["receipt_id"])
    return {
        "receipt_id": str(row["receipt_id"]),
        "format": row["format"],
        "state": row["state"],
        "bytes": row["bytes"],
        "claims": row["claims"],
        "answered": row["answered"],
        "outcomes": {one[0]: one[1] for one in outcomes},
        "problems": [told(one) for one in problem_text.read(row["problems"])],
    }


def _claim(row: asyncpg.Record) -> dict[str, Any]:
    request_id: UUID | None = row["request_id"]
    return {
        "position": row["position"],
        "number": row["number"],
        "outcome": row["outcome"],
        "request_id": None if request_id is None else str(request_id),
        "version": row["version"],
        "payer_claim_number": None if request_id is None else claim_number_for(request_id),
        "problems": [told(one) for one in problem_text.read(row["problems"])],
    }


async def _rows(pool: asyncpg.Pool, receipt_id: UUID) -> AsyncIterator[str]:
    names = ("position", "number", "outcome", "request_id", "version", "payer_claim_number")
    yield _line([*names, "reason", "field", "detail"])
    after = 0
    while page := await pool.fetch(_CLAIMS, receipt_id, after, 1000):
        for row in page:
            shown = _claim(row)
            first = shown["problems"][0] if shown["problems"] else {}
            yield _line(
                [
                    *(shown[name] for name in names),
                    *(first.get(name) for name in ("reason", "field", "detail")),
                ]
            )
        after = page[-1]["position"]


def _line(cells: list[Any]) -> str:
    """One row. A cell that a spreadsheet would run as a formula begins with an apostrophe."""
    written = io.StringIO()
    csv.writer(written).writerow([_plain(cell) for cell in cells])
    return written.getvalue()


def _plain(cell: Any) -> Any:
    return "'" + cell if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
