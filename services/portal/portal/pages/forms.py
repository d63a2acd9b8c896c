"""A programme's form: filled in step by step from what the agency printed, checked as it is typed, sent once.

Which programme it is, nobody here knows: steps, fields, words and checks are its pack's. It begins at an authorisation;
what that prints is shown and never taken from the browser, and is read again when the form is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import Form, HTTPException, Query, Request, Response

from chassis import clock
from portal.authorisations import FormOf, forms_to_fill
from portal.claim_form import PayeeOfForm, Wrong
from portal.draft_events import say_saved
from portal.drafts import Draft, begin_draft, find_draft, save_draft
from portal.form_language import COOKIE, language_of, name_of
from portal.form_shown import parts_of, wording_of
from portal.one_request import content_of_version
from portal.page import Visit, may, page_router
from portal.payee_on_file import payee_of_form
from portal.programme_form import (
    ATTACHMENTS,
    SEND,
    Checked,
    checked,
    printed_of,
    request_of,
    step_of,
    step_of_rule,
    steps_of,
    taken,
    told_while_typing,
)
from portal.rule_help import Asked
from portal.rule_proposals import newest_version
from portal.rules import PROVIDERS
from portal.sending import send_draft
from portal.shown import Shown
from portal.unasked import unasked_of
from throughline.identifiers import claim_number_for
from throughline.requests import PaymentRequest

router = page_router()

AUTHORISATION = "authorisation"
"""The field of the draft that says by which authorisation it is filled."""


@router.post("/forms")
async def begin(
    visit: Annotated[Visit, may(*PROVIDERS)],
    once: Annotated[UUID, Form()],
    number: Annotated[str, Form(max_length=50)],
    organisation_id: Annotated[UUID, Form()],
) -> Response:
    """``once`` is the draft's id: pressed twice, it is the same draft."""
    if visit.caller is None or organisation_id not in visit.caller.scope.organisations:
        raise HTTPException(404)
    async with visit.writing() as db:
        form = await _form(visit, db, organisation_id, number)
        await begin_draft(
            db,
            visit.context.resources.content_key,
            once,
            organisation_id=organisation_id,
            person_id=visit.session.person_id,
            fields={AUTHORISATION: number},
            now=clock.event_time(),
            kind=form.pack.header.id,
        )
    return visit.redirect(f"/forms/{once}")


@router.get("/forms/{draft_id}")
async def show_step(
    visit: Annotated[Visit, may(*PROVIDERS)],
    draft_id: UUID,
    step: Annotated[str, Query(max_length=60)] = "",
    field: Annotated[str, Query(max_length=120)] = "",
    language: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    async with visit.reading() as db:
        draft, form = await _own(visit, db, draft_id)
        rule_set = await newest_version(db)
        made = await _made(visit, db, draft, form) if step == SEND else None
        changed = await unasked_of(visit, db, draft, made)
    steps = steps_of(form.pack)
    step = step_of(form.pack, field) if field and not step else step
    step = step if step in steps else steps[0]
    if step == ATTACHMENTS:
        return visit.redirect(f"/new/{draft_id}?step={ATTACHMENTS}")
    if language in form.pack.header.languages:
        chosen = visit.redirect(f"/forms/{draft_id}?step={step}")
        chosen.set_cookie(COOKIE, language, path="/", secure=True, httponly=True, samesite="lax")
        return chosen
    rules = await visit.context.resources.rule_help.of_programme(
        visit.settings, rule_set, visit.context.clock.today(), form.pack.header.programme
    )
    last = step == SEND
    found = _checked(visit, draft, form)
    words = wording_of(form.pack, _shown(visit, form).language)
    return await visit.show(
        "form_step.html",
        draft=draft,
        words=words,
        steps=steps,
        step=step,
        at=steps.index(step),
        last=last,
        signs=step == _step_of_signing(form),
        parts=parts_of(form.pack, printed_of(form.authorisation), draft.fields, step, _shown(visit, form)),
        found=found,
        by_field={one.field: one for one in found.wrong if field == one.field or draft.fields.get(one.field)},
        at_fault=field,
        step_of=lambda name: step_of(form.pack, name),
        label_of=lambda name: _label(form, visit, name),
        made=made if isinstance(made, PaymentRequest) and not found.wrong else None,
        unasked=changed,
        missing=[words.attachments.get(one, one) for one in found.missing_attachments],
        rules=rules if last else _asked_on(form, step, rules),
        spoken={one: name_of(one) for one in form.pack.header.languages},
        form_language=_shown(visit, form).language,
        price=None if found.assessment is None else found.assessment.price,
    )


@router.post("/forms/{draft_id}")
async def save_step(request: Request, visit: Annotated[Visit, may(*PROVIDERS)], draft_id: UUID) -> Response:
    """Save what is typed. A button names where to go; without one it is a save while typing, answered with checks."""
    sent = await request.form()
    now = clock.event_time()
    async with visit.speaking() as tx:
        draft, form = await _own(visit, tx.db, draft_id, lock=True)
        fields = draft.fields | taken(form.pack, printed_of(form.authorisation), sent)
        if fields != draft.fields:
            await save_draft(tx.db, visit.context.resources.content_key, draft_id, fields, now)
            say_saved(tx, draft, fields, visit.session.person_id, now)
    if visit.is_partial and "go" not in sent:
        found = _checked(visit, replace(draft, fields=fields), form)
        wrong = told_while_typing(form.pack, found, sent, fields)
        return await visit.show(
            "form_checks.html", wrong=wrong, label_of=lambda name: _label(form, visit, name), saved_at=now
        )
    go = str(sent.get("go", ""))
    return visit.redirect(f"/forms/{draft_id}?step={go if go in steps_of(form.pack) else ''}")


@router.post("/forms/{draft_id}/send")
async def send(visit: Annotated[Visit, may(*PROVIDERS)], draft_id: UUID) -> Response:
    """One request however often it is pressed: the draft's row is locked, and the command's id follows from it."""
    async with visit.speaking() as tx:
        key = visit.context.resources.content_key
        draft = await find_draft(tx.db, key, draft_id, lock=True)
        if draft is None:
            raise HTTPException(404)
        if draft.sent_at is not None:
            return visit.redirect(f"/new/{draft_id}/sent")
        form = await _form(visit, tx.db, draft.organisation_id, draft.fields.get(AUTHORISATION, ""))
        made = await _made(visit, tx.db, draft, form)
        found = _checked(visit, draft, form)
        if isinstance(made, list) or found.wrong or found.missing_attachments:
            return visit.redirect(f"/forms/{draft_id}?step={SEND}")
        await send_draft(visit, tx, draft, made)
    return visit.redirect(f"/new/{draft_id}/sent")


async def _own(
    visit: Visit, db: asyncpg.Connection, draft_id: UUID, *, lock: bool = False
) -> tuple[Draft, FormOf]:
    """Raises HTTPException 404, 412."""
    draft = await find_draft(db, visit.context.resources.content_key, draft_id, lock=lock)
    if draft is None:
        raise HTTPException(404)
    if draft.sent_at is not None:
        raise HTTPException(412)
    return draft, await _form(visit, db, draft.organisation_id, draft.fields.get(AUTHORISATION, ""))


async def _form(visit: Visit, db: asyncpg.Connection, organisation_id: UUID, number: str) -> FormOf:
    """The form that an authorisation prints now. Raises HTTPException 404: none for the organisation's payees."""
    resources = visit.context.resources
    found = await forms_to_fill(db, resources.content_key, resources.packs, [organisation_id], number)
    if not found:
        raise HTTPException(404)
    return found[0]


async def _made(
    visit: Visit, db: asyncpg.Connection, draft: Draft, form: FormOf
) -> PaymentRequest | list[Wrong]:
    """The request as it would be sent. A correction keeps number and payee of what it corrects."""
    key = visit.context.resources.content_key
    if draft.corrects is None:
        payee = await payee_of_form(db, key, str(form.authorisation.payee_id), draft.organisation_id)
        if payee is None:
            return [Wrong("payee", "unknown")]
        return request_of(form.pack, form.authorisation, payee, draft.fields)
    before = await content_of_version(db, draft.corrects, draft.version - 1, key)
    if before is None:
        raise HTTPException(412)
    was = before.payee
    return request_of(
        form.pack,
        form.authorisation,
        PayeeOfForm(was.kind, was.identifier, was.tin.reveal(), was.name),
        draft.fields,
        version=draft.version,
        claim_number=claim_number_for(draft.corrects),
        number=before.number,
    )


def _shown(visit: Visit, form: FormOf) -> Shown:
    """As everything is shown to the person, but in the language of the form."""
    asked = visit.request.headers.get("accept-language", "")
    chosen = visit.request.cookies.get(COOKIE)
    spoken = form.pack.header.languages
    return replace(visit.shown, language=language_of(spoken, chosen, visit.shown.language, asked))


def _checked(visit: Visit, draft: Draft, form: FormOf) -> Checked:
    today = visit.context.clock.now().date()
    return checked(form.pack, form.authorisation, draft.fields, today, _shown(visit, form).language)


def _asked_on(form: FormOf, step: str, rules: Sequence[Asked]) -> list[Asked]:
    """What rules ask of a step's fields, and on every step what they ask of the form as a whole."""
    return [one for one in rules if step_of_rule(form.pack, one.path) in (step, None)]


def _step_of_signing(form: FormOf) -> str:
    """Where the pack's longer texts are read: the step of the last thing that who fills it in accepts."""
    accepted = [one.step for one in form.pack.fields if one.type == "boolean" and not one.is_printed]
    own = [one for one in accepted if one in steps_of(form.pack)]
    return own[-1] if own else ""


def _label(form: FormOf, visit: Visit, field: str) -> str:
    """What people read at a field of the form; the name itself where it is no field of the pack."""
    words = wording_of(form.pack, _shown(visit, form).language)
    parts: list[Any] = field.split(".")
    told = words.fields.get(parts[1]) if len(parts) > 1 else None
    if told is None:
        return field
    if len(parts) < 4:
        return told.label
    return f"{told.label} {int(parts[2]) + 1}: {told.columns.get(parts[3], parts[3])}"
