"""A draft becomes a request: its command leaves, and it is a draft no more."""

from __future__ import annotations

from chassis import Transaction, clock
from portal.commands import send_command
from portal.draft_events import say_discarded
from portal.drafts import Draft, mark_sent
from portal.page import Visit
from throughline.flow import INTAKE
from throughline.identifiers import request_id_for
from throughline.requests import CorrectRequest, PaymentRequest, SubmitRequest

PORTAL = "portal"
"""The partner as which the portal sends."""


async def send_draft(visit: Visit, transaction: Transaction, draft: Draft, made: PaymentRequest) -> None:
    """The first version of a request, or the next of the one that it corrects. The draft's row is locked, and the
    command's id follows from the draft's, so that it is sent once. Raises SentOtherwise."""
    request_id = draft.corrects or request_id_for(PORTAL, made.payee.kind, made.payee.identifier, made.number)
    command = SubmitRequest(request=made) if draft.version == 1 else CorrectRequest(request=made)
    command_id = await send_command(
        visit,
        transaction,
        command,
        key=str(request_id),
        once=draft.draft_id,
        topic=INTAKE.of(PORTAL),
        organisation_id=draft.organisation_id,
        correlation_id=str(request_id),
    )
    now = clock.event_time()
    await mark_sent(transaction.db, draft.draft_id, now, command_id, request_id)
    say_discarded(transaction, draft, visit.session.person_id, now, request_id)
