"""A decision is disputed: for the request's provider, once, until its appeal date."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Form, HTTPException, Response
from pydantic import ValidationError

from portal.commands import send_command
from portal.notes import LongNote
from portal.one_request import may_dispute, one_request
from portal.page import Visit, may, page_router
from portal.payee_on_file import organisation_of_payee
from portal.rules import PROVIDERS
from throughline.reviews import DisputeDecision
from throughline.sensitive import SensitiveText

router = page_router()


@router.post("/requests/{request_id}/dispute")
async def dispute(
    visit: Annotated[Visit, may(*PROVIDERS)],
    request_id: UUID,
    once: Annotated[UUID, Form()],
    decided: Annotated[UUID, Form()],
    text: LongNote,
) -> Response:
    """Whether it is looked at again is said by validation's answer, on the line."""
    async with visit.speaking() as tx:
        one = await one_request(tx.db, request_id, visit.context.resources.content_key)
        if one is None:
            raise HTTPException(404)
        if one.shown.get("decision_id") != decided or not may_dispute(one, visit.context.clock.now().date()):
            raise HTTPException(412)
        try:
            command = DisputeDecision(
                request_id=request_id,
                version=one.shown["version"],
                payee_id=one.row["payee_id"],
                answers=decided,
                text=SensitiveText(text.replace("\r\n", "\n")),
                actor=str(visit.session.person_id),
            )
        except ValidationError:
            raise HTTPException(422) from None
        await send_command(
            visit,
            tx,
            command,
            key=str(request_id),
            once=once,
            organisation_id=await organisation_of_payee(tx.db, one.row["payee_id"]),
            correlation_id=str(request_id),
        )
    return await visit.redirect_with(f"/requests/{request_id}", "request.dispute_sent")
