"""The workbench of rules over HTTP: catalogue files in, what is wrong with them or what they change out."""

from __future__ import annotations

from fastapi import HTTPException
from pydantic import BaseModel

from chassis.guarded import guarded_router
from validation.rules.rule_set import CatalogueBreach
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
