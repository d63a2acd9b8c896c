"""The workbench of rules over HTTP: catalogue files in, what is wrong with them or what they change out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from fastapi import HTTPException, Request
from pydantic import BaseModel

from chassis.guarded import context_of, guarded_router
from throughline.reasons import Severity
from throughline.rule_sets import PublishRuleSet
from validation.near_duplicates.rules import FILE, own_text
from validation.reference import Reference
from validation.rules.published import in_force, newest_first, texts_of
from validation.rules.rule import Rule
from validation.rules.rule_set import CatalogueBreach, own_texts, rules_in
from validation.rules.workbench import Change, ExampleRun, Problem, diff, lint, run_examples

router = guarded_router()


class Catalogue(BaseModel):
    """The text of each TOML file by its name."""

    files: dict[str, str]


class TwoCatalogues(BaseModel):
    old: dict[str, str]
    new: dict[str, str]


class Linted(BaseModel):
    problems: list[Problem]


class Compared(BaseModel):
    changes: list[Change]


class Tested(BaseModel):
    examples: list[ExampleRun]


class RuleTold(BaseModel):
    """A rule in plain words, as people read it before they publish."""

    rule: str
    version: int
    effective_from: date
    effective_to: date | None
    severity: Severity
    scope: str
    programme: str | None
    payer: str | None
    field: str
    reason: str
    message: str
    fix: str
    margin: str | None
    carc: str | None


class RulesTold(BaseModel):
    rules: list[RuleTold]


class PublishedSet(BaseModel):
    """One publication. ``deciding``: for some first service day nothing published later decides before it."""

    version: int
    effective_from: date | None
    """None: the release's own, for every day before the first that was published."""
    until: date | None
    deciding: bool
    sha256: str | None
    note: str | None


class PublishedSets(BaseModel):
    sets: list[PublishedSet]
    """The newest publication first, last the release's own as version 0."""


class OnePublishedSet(BaseModel):
    version: int
    files: dict[str, str]
    rules: list[RuleTold]


@router.get("/rules/published")
async def published(request: Request) -> PublishedSets:
    """What was ever published, with the first service days that each decides."""
    reference = await _refreshed(request)
    deciding = {one.version: one for one in in_force(reference.rules)}
    first = min((one.effective_from for one in deciding.values()), default=None)
    told = []
    for command in newest_first(reference.rules):
        dates = deciding.get(command.version)
        told.append(
            PublishedSet(
                version=command.version,
                effective_from=command.effective_from,
                until=None if dates is None else dates.until,
                deciding=dates is not None,
                sha256=command.sha256,
                note=command.note,
            )
        )
    until = None if first is None else date.fromordinal(first.toordinal() - 1)
    own = PublishedSet(version=0, effective_from=None, until=until, deciding=True, sha256=None, note=None)
    return PublishedSets(sets=[*told, own])


@router.get("/rules/published/{version}")
async def one_published(request: Request, version: int) -> OnePublishedSet:
    """The files and rules of one publication; version 0 is the release's own catalogue."""
    reference = await _refreshed(request)
    command: PublishRuleSet | None = reference.rules.get(str(version))
    if command is None and version != 0:
        raise HTTPException(404, "no such set was published")
    files = {**own_texts(), FILE: own_text()} if command is None else texts_of(command)
    return OnePublishedSet(version=version, files=files, rules=_told(rules_in(files)))


@router.post("/rules/read")
def read(asked: Catalogue) -> RulesTold:
    """The rules of some files in plain words, in order of their ids."""
    try:
        return RulesTold(rules=_told(rules_in(asked.files)))
    except CatalogueBreach as breach:
        raise HTTPException(422, str(breach)) from None


async def _refreshed(request: Request) -> Reference:
    context = context_of(request)
    async with context.pool.acquire() as db:
        await context.resources.refresh(db)
    reference: Reference = context.resources.reference
    return reference


def _told(rules: Sequence[Rule]) -> list[RuleTold]:
    return [RuleTold(**_plain(one)) for one in sorted(rules, key=lambda one: (one.id, one.version))]


def _plain(rule: Rule) -> dict[str, Any]:
    told = {name: getattr(rule, name) for name in RuleTold.model_fields if name != "rule"}
    return {**told, "rule": rule.id, "scope": "request" if rule.scope == "claim" else rule.scope}


@router.post("/rules/lint")
def linted(asked: Catalogue) -> Linted:
    """All at once: what would stop the service's start, and rules that could never do what they say."""
    return Linted(problems=lint(asked.files))


@router.post("/rules/diff")
def compared(asked: TwoCatalogues) -> Compared:
    """Rules added, removed and changed, by id and version."""
    try:
        return Compared(changes=diff(asked.old, asked.new))
    except CatalogueBreach as breach:
        raise HTTPException(422, str(breach)) from None


@router.post("/rules/test")
def tested(asked: Catalogue) -> Tested:
    """Each rule's passing and failing examples."""
    try:
        return Tested(examples=run_examples(asked.files))
    except CatalogueBreach as breach:
        raise HTTPException(422, str(breach)) from None
