"""New request: a medical claim step by step, saved and checked as it is typed, sent once however often pressed."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID, uuid4

import asyncpg
from fastapi import Form, HTTPException, Query, Request, Response

from chassis import clock
from portal.authorisations import FormOf, forms_to_fill
from portal.claim_form import (
    LINE_FIELDS,
    STEPS,
    Fields,
    Wrong,
    field_of,
    fields_of,
    line_count,
    request_of,
    taken,
)
from portal.corrections import corrected
from portal.draft_events import say_discarded, say_saved
from portal.drafts import (
    Draft,
    answer_to,
    arrived,
    begin_draft,
    discard_draft,
    drafts_of,
    find_draft,
    save_draft,
)
from portal.form_shown import wording_of
from portal.one_request import content_of, content_of_version, one_request
from portal.own_organisations import chosen_organisation, own_organisations
from portal.page import Visit, may, page_router
from portal.pages.attachments import show_attachments
from portal.pages.request import may_correct
from portal.payee_on_file import organisation_of_payee, payee_of_form
from portal.programme_form import field_of as at_form
from portal.programme_form import fields_of as typed_before
from portal.programme_form import printed_of
from portal.request_rows import payees_of, payers_known
from portal.rule_checks import broken_rules
from portal.rule_proposals import newest_version
from portal.rules import PROVIDERS
from portal.sending import send_draft
from portal.unasked import unasked_of
from throughline.identifiers import claim_number_for, derived
from throughline.packs.statement import plain_statement
from throughline.programmes import MEDICAL
from throughline.requests import LINES_MAX, PaymentRequest

router = page_router()


@router.get("/new")
async def choose(visit: Annotated[Visit, may(*PROVIDERS)]) -> Response:
    resources = visit.context.resources
    async with visit.reading() as db:
        drafts = await drafts_of(db)
        organisations = await own_organisations(db)
        forms = [
            _offered(form, one["organisation_id"], visit)
            for one in organisations
            for form in await forms_to_fill(
                db, resources.content_key, resources.packs, [one["organisation_id"]]
            )
        ]
    return await visit.show(
        "new.html", drafts=drafts, organisations=organisations, forms=forms, once=uuid4(), once_of=_once_of
    )


@router.post("/new")
async def begin(
    visit: Annotated[Visit, may(*PROVIDERS)],
    once: Annotated[UUID, Form()],
    organisation_id: Annotated[UUID | None, Form()] = None,
) -> Response:
    """``once`` is the draft's id: pressed twice, it is the same draft. It is sent for its organisation."""
    organisation_id = chosen_organisation(visit, organisation_id)
    async with visit.writing() as db:
        payees = await payees_of(db, organisation_id)
        fields = {"payee": str(payees[0]["payee_id"])} if len(payees) == 1 else {}
        await begin_draft(
            db,
            visit.context.resources.content_key,
            once,
            organisation_id=organisation_id,
            person_id=visit.session.person_id,
            fields=fields,
            now=clock.event_time(),
        )
    return visit.redirect(f"/new/{once}")


@router.post("/requests/{request_id}/correct")
async def correct(
    visit: Annotated[Visit, may(*PROVIDERS)],
    request_id: UUID,
    once: Annotated[UUID, Form()],
    field: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """A draft of the next version, filled with what was sent, beginning at the field at fault."""
    key = visit.context.resources.content_key
    async with visit.writing() as db:
        one = await one_request(db, request_id, key)
        content = None if one is None else content_of(one.shown, key)
        if one is None or content is None:
            raise HTTPException(404)
        if not may_correct(one):
            raise HTTPException(412)
        sent_form = content.form
        await begin_draft(
            db,
            key,
            once,
            organisation_id=await organisation_of_payee(db, one.row["payee_id"]),
            person_id=visit.session.person_id,
            fields=fields_of(content, one.row["payee_id"])
            if sent_form is None
            else _typed_again(visit, content),
            now=clock.event_time(),
            corrects=request_id,
            version=one.shown["version"] + 1,
            kind=MEDICAL if sent_form is None else sent_form.pack,
        )
    if sent_form is not None:
        return visit.redirect(f"/forms/{once}?field={at_form(field)}" if field else f"/forms/{once}")
    at = field_of(field) if field else ""
    step = Wrong(at, "").step if at else STEPS[0]
    step = STEPS[0] if step == "send" else step
    return visit.redirect(f"/new/{once}?step={step}" + (f"&field={at}" if at else ""))


@router.get("/new/{draft_id}")
async def show_step(
    visit: Annotated[Visit, may(*PROVIDERS)],
    draft_id: UUID,
    step: Annotated[str, Query(max_length=20)] = STEPS[0],
    field: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    async with visit.reading() as db:
        draft = await _own(visit, db, draft_id)
        if draft.kind != MEDICAL and step != "attachments":
            return visit.redirect(f"/forms/{draft_id}?step={step if step == STEPS[-1] else ''}")
        made = await _made(db, visit, draft) if (field or step == STEPS[-1]) and draft.kind == MEDICAL else []
        payees, payers = await payees_of(db, draft.organisation_id), await payers_known(db)
        changed = await unasked_of(visit, db, draft, made)
        rule_set = await newest_version(db)
    # Validation and intake are asked: no connection waits for them.
    if step == "attachments":
        return await show_attachments(visit, draft, await _wrong_attached(visit, made, field))
    values = await _step(visit, draft, made, step if step in STEPS else STEPS[0], field)
    asked = await visit.context.resources.rule_help.by_step(
        visit.settings, rule_set, visit.context.clock.today()
    )
    return await visit.show(
        "new_step.html",
        unasked=changed,
        payees=payees,
        payers=payers,
        asked=asked.get(values["step"], ()),
        **values,
    )


@router.post("/new/{draft_id}")
async def save_step(request: Request, visit: Annotated[Visit, may(*PROVIDERS)], draft_id: UUID) -> Response:
    """Save what is typed. A button names where to go; without one it is a save while typing, answered with checks."""
    form = await request.form()
    now = clock.event_time()
    async with visit.speaking() as tx:
        draft = await _own(visit, tx.db, draft_id, lock=True)
        _must_be_medical(draft)
        fields = draft.fields | taken(form)
        if fields != draft.fields:
            await save_draft(tx.db, visit.context.resources.content_key, draft_id, fields, now)
            say_saved(tx, draft, fields, visit.session.person_id, now)
    if visit.is_partial and "go" not in form:
        async with visit.reading() as db:
            made = await _made(db, visit, replace(draft, fields=fields))
        found = await _checked(visit, made)
        wrong = [one for one in found if one.field in form and fields.get(one.field)]
        return await visit.show("draft_saved.html", wrong=wrong, saved_at=now)
    go = str(form.get("go", ""))
    return visit.redirect(f"/new/{draft_id}?step={go if go in STEPS else STEPS[0]}")


@router.post("/new/{draft_id}/discard")
async def discard(visit: Annotated[Visit, may(*PROVIDERS)], draft_id: UUID) -> Response:
    async with visit.speaking() as tx:
        draft = await _own(visit, tx.db, draft_id, lock=True)
        await discard_draft(tx.db, draft_id)
        say_discarded(tx, draft, visit.session.person_id, clock.event_time())
    return await visit.redirect_with("/new", "new.discarded")


@router.post("/new/{draft_id}/send")
async def send(visit: Annotated[Visit, may(*PROVIDERS)], draft_id: UUID) -> Response:
    """One request however often it is pressed: the draft's row is locked, and the command's id follows from it."""
    key = visit.context.resources.content_key
    async with visit.speaking() as tx:
        draft = await find_draft(tx.db, key, draft_id, lock=True)
        if draft is None:
            raise HTTPException(404)
        if draft.sent_at is not None:
            return visit.redirect(f"/new/{draft_id}/sent")
        _must_be_medical(draft)
        made = await _made(tx.db, visit, draft)
        if isinstance(made, list):
            return visit.redirect(f"/new/{draft_id}?step={made[0].step}&field={made[0].field}")
        await send_draft(visit, tx, draft, made)
    return visit.redirect(f"/new/{draft_id}/sent")


@router.get("/new/{draft_id}/sent")
async def sent(visit: Annotated[Visit, may(*PROVIDERS)], draft_id: UUID) -> Response:
    """What became of it: taken in, refused with reasons, or on its way; the page asks again until it is known."""
    key = visit.context.resources.content_key
    async with visit.reading() as db:
        draft = await find_draft(db, key, draft_id)
        if draft is None or draft.request_id is None:
            raise HTTPException(404)
        there = await arrived(db, draft)
        answer = await answer_to(db, draft)
    if there:
        return visit.redirect(f"/requests/{draft.request_id}")
    return await visit.show("sent.html", draft=draft, answer=answer, once=uuid4())


@router.post("/new/{draft_id}/again")
async def again(
    visit: Annotated[Visit, may(*PROVIDERS)], draft_id: UUID, once: Annotated[UUID, Form()]
) -> Response:
    """What was not taken in, as a new draft under a new id."""
    key = visit.context.resources.content_key
    async with visit.writing() as db:
        draft = await find_draft(db, key, draft_id)
        if draft is None or draft.sent_at is None:
            raise HTTPException(404)
        await begin_draft(
            db,
            key,
            once,
            organisation_id=draft.organisation_id,
            person_id=visit.session.person_id,
            fields=draft.fields,
            now=clock.event_time(),
            corrects=draft.corrects,
            version=draft.version,
            kind=draft.kind,
        )
    return visit.redirect(f"/new/{once}?step={STEPS[-1]}")


def _once_of(once: UUID, number: str) -> UUID:
    """A draft's id for each form that the page offers."""
    return derived("form", str(once), number)


def _offered(form: FormOf, organisation_id: UUID, visit: Visit) -> dict[str, Any]:
    """A form that can be filled in, in a line: whose it is by initials and case number."""
    authorisation, pack = form.authorisation, form.pack
    said = plain_statement(pack, printed_of(authorisation).values)
    return {
        "title": wording_of(pack, visit.shown.language).title,
        "number": authorisation.number,
        "first": authorisation.valid_from,
        "last": authorisation.valid_to,
        "initials": said.initials.reveal() if said is not None and said.initials is not None else "–",
        "shown": [one.value.reveal() for one in said.shown] if said is not None else [],
        "organisation_id": organisation_id,
    }


def _typed_again(visit: Visit, content: PaymentRequest) -> Fields:
    """The form that was sent, as typed. Raises HTTPException 412 where its pack is not here."""
    assert content.form is not None
    pack = visit.context.resources.packs.get((content.form.pack, content.form.pack_version))
    if pack is None:
        raise HTTPException(412)
    return typed_before(pack, content) | {"authorisation": content.authorisation_number or ""}


async def _own(visit: Visit, db: asyncpg.Connection, draft_id: UUID, *, lock: bool = False) -> Draft:
    """To be changed it is locked: two saves at once add to each other. Raises HTTPException 404, 412."""
    draft = await find_draft(db, visit.context.resources.content_key, draft_id, lock=lock)
    if draft is None:
        raise HTTPException(404)
    if draft.sent_at is not None:
        raise HTTPException(412)
    return draft


def _must_be_medical(draft: Draft) -> None:
    """What an agency printed is on no field of this form, and is not sent from here. Raises HTTPException 404."""
    if draft.kind != MEDICAL:
        raise HTTPException(404)


async def _made(db: asyncpg.Connection, visit: Visit, draft: Draft) -> PaymentRequest | list[Wrong]:
    key = visit.context.resources.content_key
    payee = await payee_of_form(db, key, draft.fields.get("payee", ""), draft.organisation_id)
    if draft.corrects is None:
        return request_of(draft.fields, payee, version=draft.version)
    before = await content_of_version(db, draft.corrects, draft.version - 1, key)
    if before is None:
        raise HTTPException(412)
    number = claim_number_for(draft.corrects)
    return corrected(before, draft.fields, payee, version=draft.version, claim_number=number)


async def _checked(visit: Visit, made: PaymentRequest | list[Wrong]) -> list[Wrong]:
    """What is wrong with it. Asks validation, so it is called with no connection in hand."""
    if isinstance(made, list):
        return made
    return await broken_rules(visit.settings, made) or []


async def _wrong_attached(visit: Visit, made: PaymentRequest | list[Wrong], field: str) -> Wrong | None:
    """What is wrong with what is attached, where the person was sent here for it."""
    if field != "attachments":
        return None
    found = await _checked(visit, made)
    return next((one for one in found if one.field == field), Wrong(field, "look_here"))


async def _step(
    visit: Visit, draft: Draft, made: PaymentRequest | list[Wrong], step: str, field: str
) -> dict[str, Any]:
    last = step == STEPS[-1]
    wrong = await _checked(visit, made) if last or field else []
    return {
        "draft": draft,
        "fields": draft.fields,
        "step": step,
        "steps": STEPS,
        "at": STEPS.index(step),
        "wrong": wrong,
        "by_field": {one.field: one for one in wrong},
        "at_fault": field,
        "made": made if last and isinstance(made, PaymentRequest) else None,
        "lines": min(line_count(draft.fields) + (1 if draft.fields.get("lines.0.code") else 0), LINES_MAX),
        "line_fields": LINE_FIELDS,
    }
