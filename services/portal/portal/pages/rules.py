"""Rules: those in force and to come, in plain words; what a candidate would change; publishing by two operators."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import asyncpg
from fastapi import File, Form, HTTPException, Query, Response, UploadFile

from portal import rule_proposals, step_up
from portal.page import Nav, Visit, may, page_router
from portal.rate_limits import must_be_within
from portal.rule_book import NotRead, Preview, RuleBook, ValidationUnreachable
from portal.rule_upload import ZIP_BYTES_MAX, NotACatalogue, files_of_zip
from portal.rule_words import RULES_PAGE, plain_rule, verdict_keys
from portal.rules import Role
from throughline.rule_sets import KEY, PublishRuleSet

READERS = (Role.OPERATOR, Role.AUDITOR)
PREVIEWS_A_MINUTE = 4
"""Of one person: each decides up to 5,000 requests again."""
router = page_router(Nav("rules", "/rules", READERS, order=75))

_PUBLISHED = """
select r.version, r.published_at, a.name as first, b.name as second from rule_sets r
left join account_names a on a.person_id = r.published_by left join account_names b on b.person_id = r.second_person
order by r.version desc limit 50
"""
_REFUSED = """
select reason, detail, refused_at from refusals where command_type = $1 order by refused_at desc limit 5
"""
_PAYEES = "select payee_id, name from payees where payee_id = any($1::uuid[])"


@router.get("/rules")
async def rules(visit: Annotated[Visit, may(*READERS)]) -> Response:
    return await _list(visit)


@router.get("/rules/sets/{rule_version}")
async def one_set(
    visit: Annotated[Visit, may(*READERS)],
    rule_version: int,
    beside: Annotated[int | None, Query(ge=0)] = None,
    after: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Its rules; with ``beside`` what it changes against another version."""
    book = RuleBook(visit.settings)
    try:
        one, sets = await book.one(rule_version), await book.published()
        other = None if beside is None else await book.one(beside)
        if one is None or (beside is not None and other is None):
            raise HTTPException(404)
        changes = [] if other is None else await book.differences(other["files"], one["files"])
    except (ValidationUnreachable, NotRead):
        raise HTTPException(503) from None
    told = next(each for each in sets if each["version"] == rule_version)
    return await visit.show(
        "rule_set.html",
        told=told,
        others=[each["version"] for each in sets if each["version"] != rule_version],
        beside=beside,
        changes=changes,
        **_page_of(visit, one["rules"], after),
    )


@router.post("/rules/candidates")
async def candidate(
    visit: Annotated[Visit, may(Role.OPERATOR)],
    file: Annotated[UploadFile, File()],
    effective_from: Annotated[date, Form()],
    do: Annotated[Literal["look", "propose"], Form()],
    note: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Look at what a zip of catalogue files would do, or propose it to another operator."""
    book = RuleBook(visit.settings)
    try:
        files = files_of_zip(await file.read(ZIP_BYTES_MAX + 1))
        if problems := await book.problems(files):
            return await _list(visit, problems=problems)
        if do == "propose" and not note.strip():
            return await _list(visit, wrong="rules.note_missing")
        if do == "propose":
            proposal_id = await rule_proposals.propose(visit, files, effective_from, note.strip())
            return await visit.redirect_with(f"/rules/proposals/{proposal_id}", "rules.proposed")
        values = await _looked_at(visit, book, files, effective_from, days=30)
    except NotACatalogue as breach:
        return await _list(visit, wrong=breach.why)
    except (ValidationUnreachable, NotRead):
        raise HTTPException(503) from None
    return await visit.show("rule_candidate.html", proposal=None, is_mine=False, once=None, **values)


@router.get("/rules/proposals/{proposal_id}")
async def proposal(
    visit: Annotated[Visit, may(*READERS)],
    proposal_id: UUID,
    days: Annotated[int | None, Query(ge=1, le=90)] = None,
    after: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """What waits for a second operator; with ``days`` what it would have changed."""
    async with visit.reading() as db:
        found = await rule_proposals.one_waiting(db, proposal_id)
    try:
        values = await _looked_at(
            visit, RuleBook(visit.settings), found.files, found.effective_from, days=days, after=after
        )
    except (ValidationUnreachable, NotRead):
        raise HTTPException(503) from None
    is_mine = found.proposed_by == visit.session.person_id
    return await visit.show("rule_candidate.html", proposal=found, is_mine=is_mine, once=uuid4(), **values)


@router.post("/rules/proposals/{proposal_id}/publish")
async def publish(
    visit: Annotated[Visit, may(Role.OPERATOR)], proposal_id: UUID, once: Annotated[UUID, Form()]
) -> Response:
    """By a second operator, with a step-up over the very bytes: version, first day and hash are what they confirm."""
    async with visit.reading() as db:
        found = await rule_proposals.one_waiting(db, proposal_id)
        command = await rule_proposals.command_of(visit, db, found)
    return await step_up.ask(
        visit,
        command,
        key=KEY,
        once=once,
        facts=(
            ("rules.version", str(command.version)),
            ("rules.effective_from", visit.shown.day(command.effective_from)),
            ("rules.hash", command.sha256),
            ("rules.note", command.note),
        ),
        back="/rules",
        notice="rules.asked",
        role=Role.OPERATOR,
        proposal=proposal_id,
    )


@router.post("/rules/proposals/{proposal_id}/drop")
async def drop(visit: Annotated[Visit, may(Role.OPERATOR)], proposal_id: UUID) -> Response:
    await rule_proposals.drop(visit, proposal_id)
    return await visit.redirect_with("/rules", "rules.dropped")


async def _list(
    visit: Visit, *, problems: Sequence[dict[str, Any]] = (), wrong: str | None = None
) -> Response:
    try:
        sets = await RuleBook(visit.settings).published()
    except ValidationUnreachable:
        sets = None
    async with visit.reading() as db:
        published = {row["version"]: row for row in await db.fetch(_PUBLISHED)}
        refused = await db.fetch(_REFUSED, PublishRuleSet.type_name())
        proposals = await rule_proposals.waiting(db)
    return await visit.show(
        "rules.html",
        status=422 if problems or wrong else 200,
        sets=sets,
        published=published,
        refused=refused,
        proposals=proposals,
        problems=problems,
        wrong=wrong,
        today=visit.context.clock.today(),
        me=visit.session.person_id,
    )


async def _looked_at(
    visit: Visit,
    book: RuleBook,
    files: dict[str, str],
    effective_from: date,
    *,
    days: int | None,
    after: int = 0,
) -> dict[str, Any]:
    """A candidate beside what decides its first day now."""
    told = await book.read(files)
    deciding = [one for one in await book.published() if one["deciding"]]
    now = next(
        one
        for one in sorted(deciding, key=lambda one: one["effective_from"] or "", reverse=True)
        if (one["effective_from"] or "") <= str(effective_from)
    )
    standing = await book.one(now["version"])
    changes = [] if standing is None else await book.differences(standing["files"], files)
    preview = None
    if days is not None:
        await must_be_within(
            visit.context, ("rules.preview", str(visit.session.person_id), PREVIEWS_A_MINUTE)
        )
        preview = await book.preview(files, effective_from, visit.context.clock.today(), days)
    async with visit.reading() as db:
        names = await _names(db, preview)
    return {
        "effective_from": effective_from,
        "standing": now["version"],
        "changes": changes,
        "preview": preview,
        "names": names,
        "verdict_keys": verdict_keys,
        **_page_of(visit, told, after),
    }


async def _names(db: asyncpg.Connection, preview: Preview | None) -> dict[UUID, str]:
    asked = [] if preview is None else list(preview.payees)
    return {row["payee_id"]: row["name"] for row in await db.fetch(_PAYEES, asked)} if asked else {}


def _page_of(visit: Visit, rules: Sequence[dict[str, Any]], after: int) -> dict[str, Any]:
    told = [plain_rule(one, visit.shown) for one in rules[after : after + RULES_PAGE]]
    more = after + RULES_PAGE
    return {"rules": told, "count": len(rules), "more": more if len(rules) > more else None}
