"""One request: its line with times, what happens next and when, what is paid for it, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Form, HTTPException, Response

from portal.commands import send_command
from portal.explained import open_to_provider, tells_of_likeness
from portal.form_findings import in_words_of_pack
from portal.form_language import COOKIE
from portal.one_request import Entry, OneRequest, changes, content_of, may_dispute, one_request
from portal.page import Visit, may, page_router
from portal.payee_on_file import organisation_of_payee
from portal.plain_words import plain_all
from portal.questions import questions_of
from portal.read_model.sealed_content import ContentKey
from portal.rules import PROVIDERS
from portal.sending import PORTAL
from portal.stage_notices import is_new, see
from portal.told_to_providers import reason_key
from portal.tones import state_key, tone_of
from portal.what_next import what_next
from throughline.flow import INTAKE
from throughline.lifecycle import ENDED, State, Substatus
from throughline.requests import Attachment, WithdrawRequest

router = page_router()
NOTES_SHOWN = frozenset(
    {
        "SubmissionDenied",
        "SubmissionExcepted",
        "SubmissionWithdrawn",
        "DisputeDecision",
        "DisputeDecided",
    }
)
"""Whose notes a provider reads: what is denied or returned, as its reviewer is told, and their own. Of approvals, holds
and reversals the staff write for each other."""
_FINAL = (State.PAID.value, State.SCHEDULED.value)


@router.get("/requests/{request_id}")
async def show_request(visit: Annotated[Visit, may(*PROVIDERS)], request_id: UUID) -> Response:
    key = visit.context.resources.content_key
    async with visit.reading() as db:
        one = await one_request(db, request_id, key)
        questions = await questions_of(db, request_id, key)
        new = await is_new(db, request_id)
    if one is None:
        raise HTTPException(404)
    if new and one.row["changed_at"] is not None:
        async with visit.writing() as db:
            await see(db, request_id, one.row["changed_at"])
    cutoffs = visit.settings.cutoffs_of(one.row["bank"])
    return await visit.show(
        "request.html",
        one=one,
        row=one.row,
        next=what_next(one.known, visit.context.clock.now(), cutoffs),
        line=[_said(visit, entry) for entry in one.line],
        findings=_findings(visit, one),
        compared=any(map(tells_of_likeness, one.shown.get("findings", ()))),
        changes=changes(one, key),
        attachments=_attachments(one, key),
        plain_all=plain_all,
        reason_key=reason_key,
        tone_of=tone_of,
        state_key=state_key,
        may_correct=may_correct(one),
        may_withdraw=may_withdraw(one),
        may_dispute=may_dispute(one, visit.context.clock.now().date()),
        questions=questions,
        side="provider",
        path_of_request=f"/requests/{request_id}",
        may_ask=one.row["payee_id"] is not None,
        once=uuid4(),
    )


def _findings(visit: Visit, one: OneRequest) -> Sequence[dict[str, Any]]:
    """Those that a provider reads; of a programme's form in its pack's words."""
    found = [each for each in one.shown.get("findings", ()) if open_to_provider(each)]
    resources, request = visit.context.resources, visit.request
    return found and in_words_of_pack(
        found,
        content_of(one.shown, resources.content_key),
        resources.packs,
        request.cookies.get(COOKIE),
        visit.shown.language,
        request.headers.get("accept-language", ""),
    )


def _attachments(one: OneRequest, key: ContentKey) -> Sequence[Attachment]:
    """Of what was sent here; another partner's documents are that partner's."""
    content = content_of(one.shown, key) if one.row["partner"] == PORTAL else None
    return () if content is None else content.attachments


@router.post("/requests/{request_id}/withdraw")
async def withdraw(
    visit: Annotated[Visit, may(*PROVIDERS)],
    request_id: UUID,
    once: Annotated[UUID, Form()],
    note: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Ask not to pay it. Whether it can still be stopped is said by payout's answer, on the line."""
    key = visit.context.resources.content_key
    async with visit.speaking() as tx:
        one = await one_request(tx.db, request_id, key)
        if one is None:
            raise HTTPException(404)
        content = content_of(one.shown, key)
        if content is None or not may_withdraw(one):
            raise HTTPException(412)
        command = WithdrawRequest(
            number=content.number,
            version=one.shown["version"],
            payee=content.payee,
            note=note.strip() or None,
        )
        await send_command(
            visit,
            tx,
            command,
            key=str(request_id),
            once=once,
            topic=INTAKE.of(PORTAL),
            organisation_id=await organisation_of_payee(tx.db, one.row["payee_id"]),
            correlation_id=str(request_id),
        )
    return await visit.redirect_with(f"/requests/{request_id}", "request.withdrawal_sent")


def may_correct(one: OneRequest) -> bool:
    """A correction is the next version of what the portal itself sent, while it has not ended."""
    return one.row["partner"] == PORTAL and Substatus(one.row["substatus"] or "") not in (
        ENDED - {Substatus.DENIED}
    )


def may_withdraw(one: OneRequest) -> bool:
    ended = Substatus(one.row["substatus"] or "") in ENDED
    return one.row["partner"] == PORTAL and not ended and one.row["state"] not in _FINAL


def _said(visit: Visit, entry: Entry) -> dict[str, Any]:
    """The entry with its sentence's key and what the sentence names."""
    facts, shown = entry.facts, visit.shown
    values = {"version": facts.get("version", ""), "code": facts.get("return_code", "")}
    if "amount_cents" in facts:
        values["amount"] = shown.money(facts["amount_cents"])
    for name in ("effective_date", "settled_on", "returned_on", "return_window_ends_on"):
        if name in facts:
            values[name] = shown.day_of(facts[name])
    who = (
        "system"
        if entry.actor is None
        else "you"
        if entry.actor == str(visit.session.person_id)
        else "colleague"
        if facts.get("side") == "provider"
        else "person"
    )
    reason = facts.get("reason") or (facts.get("reasons") or [None])[0]
    return {
        "at": entry.at,
        "key": f"line.{entry.type}",
        "named": values,
        "who": f"line.by_{who}",
        "reason": None if reason is None else reason_key(reason),
        "note": entry.note if entry.type in NOTES_SHOWN else None,
    }
