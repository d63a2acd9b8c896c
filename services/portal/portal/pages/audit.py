"""Audit: everything that was said of a request, as it was sealed; a proof of any record; whether it all holds."""

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

from fastapi import HTTPException, Response

from portal.audit_log import AuditLog, AuditUnreachable
from portal.page import Nav, Visit, may, page_router
from portal.rules import OPERATIONS, Role

router = page_router(Nav("audit", "/audit", OPERATIONS, order=80))

_FIND = """
select request_id, number, partner, payer, state, received_on from requests
where number = $1 or payment_id::text = $1 or request_id::text = $1 order by received_at desc limit 20
"""


@router.get("/audit")
async def audit(visit: Annotated[Visit, may(*OPERATIONS)], find: str = "") -> Response:
    """``find``: a request's number or id, or a payment's id."""
    wanted = find.strip()[:80]
    rows = []
    if wanted:
        async with visit.reading() as db:
            rows = await db.fetch(_FIND, wanted)
    try:
        root = await AuditLog(visit.settings).root()
        away = False
    except AuditUnreachable:
        root, away = None, True
    return await visit.show("audit.html", find=wanted, rows=rows, root=root, away=away, report=None)


@router.post("/audit/verify")
async def verify(visit: Annotated[Visit, may(Role.AUDITOR, Role.OPERATOR)]) -> Response:
    log = AuditLog(visit.settings)
    try:
        report, root = await log.verify(), await log.root()
    except AuditUnreachable:
        raise HTTPException(503) from None
    return await visit.show("audit.html", find="", rows=[], root=root, away=False, report=report)


@router.get("/audit/requests/{request_id}")
async def timeline(visit: Annotated[Visit, may(*OPERATIONS)], request_id: UUID) -> Response:
    try:
        found = await AuditLog(visit.settings).timeline(request_id)
    except AuditUnreachable:
        raise HTTPException(503) from None
    if found is None:
        raise HTTPException(404)
    return await visit.show("audit_request.html", found=found)


@router.get("/audit/proofs/{topic}/{partition}/{offset}")
async def proof(
    visit: Annotated[Visit, may(*OPERATIONS)], topic: str, partition: int, offset: int
) -> Response:
    """A file that ``python -m audit.proof check`` judges, on any machine, without us."""
    try:
        found = await AuditLog(visit.settings).proof(topic, partition, offset)
    except AuditUnreachable:
        raise HTTPException(503) from None
    if found is None:
        raise HTTPException(404)
    name = "".join(letter if letter.isalnum() or letter in ".-" else "_" for letter in topic)
    return Response(
        json.dumps(found, indent=2) + "\n",
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="proof-{name}-{partition}-{offset}.json"'},
    )
