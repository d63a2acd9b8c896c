"""The page of a step-up: what is about to be asked for, and the proof that it is this person who asks."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import Form, HTTPException, Response

from chassis import clock
from portal import order_proposals, rule_proposals
from portal.ceremonies import Ceremony
from portal.ceremony_page import show_ceremony
from portal.commands import Acting, Command, counts, say_signed
from portal.local_accounts import use_totp
from portal.page import Visit, may, page_router
from portal.passkeys import person_behind
from portal.rate_limits import must_be_within
from portal.rules import EVERYBODY
from portal.sessions import leave_notice
from portal.step_up import acting_of, asked, command_of
from throughline.rule_sets import PublishRuleSet
from throughline.signed import Method

router = page_router()
TRIES_A_MINUTE = 5


@router.get("/step-up/{ceremony_id}")
async def step_up(visit: Annotated[Visit, may(*EVERYBODY)], ceremony_id: UUID) -> Response:
    return await show_ceremony(visit, "step_up.html", asked, ceremony_id)


@router.post("/step-up/{ceremony_id}")
async def prove(
    visit: Annotated[Visit, may(*EVERYBODY)],
    ceremony_id: UUID,
    credential: Annotated[str, Form(max_length=20_000)] = "",
    code: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Sends the command that was shown, once, with the proof beside it."""
    await must_be_within(visit.context, ("step-up", str(visit.session.person_id), TRIES_A_MINUTE))
    async with visit.writing() as db:
        ceremony = await asked(visit, db, ceremony_id)
        method = await _proved(visit, db, ceremony, credential, code)
    if method is None:
        return await show_ceremony(visit, "step_up.html", asked, ceremony_id, wrong=True)
    about = ceremony.about
    async with visit.speaking() as transaction:
        await asked(visit, transaction.db, ceremony_id, use=True)
        command, acting = command_of(about), acting_of(visit, about)
        if await counts(transaction.db, command, acting.person_id):
            beside = await _proposer(visit, transaction.db, command, about.get("proposal"))
            say_signed(
                visit.context,
                transaction,
                command,
                acting,
                method,
                step_up=credential.encode() if method == "passkey" else None,
                beside=beside,
                correlation_id=about["correlation"],
            )
        await leave_notice(transaction.db, visit.session.id, about["notice"], {})
    return visit.redirect(about["back"])


async def _proposer(
    visit: Visit, db: asyncpg.Connection, command: Command, proposal: str | None
) -> tuple[Acting, Method] | None:
    """Who proposed the command, signing beside, and how they had proved who they are; their proposal ends with it."""
    if proposal is None:
        return None
    if isinstance(command.message, PublishRuleSet):
        return await rule_proposals.published(db, visit, UUID(proposal))
    found = await order_proposals.approved(db, visit, UUID(proposal))
    return found.first, found.method


async def _proved(visit: Visit, db: object, ceremony: Ceremony, credential: str, code: str) -> Method | None:
    """How the person proved it; None where they did not."""
    person_id = visit.session.person_id
    if credential:
        now = clock.event_time()
        found = await person_behind(db, visit.settings, credential, ceremony.challenge, now)
        return "passkey" if found == person_id else None
    if visit.settings.stack_mode != "sandbox":
        raise HTTPException(403)
    return "totp" if await use_totp(db, visit.context, person_id, code) else None
