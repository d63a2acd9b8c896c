"""What is taken for a repetition is published with the rules: by two people, from a service day on, and pinned."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from validation_stories import Line, correction, only

from throughline.decisions import CommandRefused, SubmissionApproved, SubmissionExcepted
from throughline.reasons import Reason
from throughline.rule_sets import PublishRuleSet, RuleFile, RuleSetPublished, files_sha256
from throughline.submissions import SubmissionReceived
from validation.app import build_resources, service
from validation.near_duplicates.rules import FILE, own_text
from validation.rules.rule_set import own_texts
from validation.rules.workbench import diff, lint
from validation.settings import ValidationSettings
from validation.testing import SERVICE_DAY, line, publication, received

LAX = own_text().replace("near = 84\nsuspect = 79", "near = 100\nsuspect = 99", 1)
"""In which medical bills must be the same but for two points of a hundred."""
OTHER_DAY = SERVICE_DAY - timedelta(days=5)


def published_with(text: str) -> PublishRuleSet:
    command = publication(1, date(2026, 1, 1))
    files = tuple(sorted((*command.files, RuleFile(name=FILE, text=text)), key=lambda one: one.name))
    return command.model_copy(update={"files": files, "sha256": files_sha256(files)})


def nearly(number: str, version: int = 1) -> SubmissionReceived:
    """Nearly what A1 bills."""
    changes: dict[str, Any] = {"lines": (line(charge_cents=11_900),)}
    return received(number, **changes) if version == 1 else correction(version, number=number, **changes)


async def test_published_thresholds_decide_and_stand_on_the_decision(on: Line) -> None:
    await on.hears(received())
    assert only(await on.hears(nearly("A2")), SubmissionExcepted).reason is Reason.DUPLICATE_NEAR
    only(await on.hears(published_with(LAX)), RuleSetPublished)
    approved = only(await on.hears(nearly("A3")), SubmissionApproved)
    (missed,) = [one for one in approved.findings if one.duplicate is not None]
    assert (missed.severity, missed.duplicate.kind, missed.duplicate.score) == ("note", "near_miss", 98)
    before = on.context.resources.duplicate_rules.in_force_on(SERVICE_DAY)
    assert missed.duplicate.rules_sha256 != before.sha256


async def test_what_came_in_before_is_judged_by_the_thresholds_of_then(on: Line) -> None:
    """Also by a process that begins later and reads the set from the database."""
    other = (line(from_date=OTHER_DAY, to_date=OTHER_DAY),)
    await on.hears(received("B0"), received(lines=other), published_with(own_text()))
    await on.hears(correction(lines=(line(charge_cents=11_900),)))  # waits for the stop of the first version
    lax = published_with(LAX).model_copy(update={"version": 2})
    only(await on.hears(lax), RuleSetPublished)
    on.context.resources = await build_resources(
        ValidationSettings(database_url=on.context.settings.database_url), on.context.pool
    )
    stopped = only(await on.stopped("correction"), SubmissionExcepted)
    assert (stopped.version, stopped.reason) == (2, Reason.DUPLICATE_NEAR)
    only(await on.hears(nearly("B1")), SubmissionApproved)


async def test_a_preview_tries_thresholds_on_what_was_kept(on: Line) -> None:
    """The one that was stopped as near would be approved by the lax ones; the one before it is as it was."""
    await on.hears(received(), nearly("A2"))
    app = FastAPI()
    for router in service.api:
        app.include_router(router)
    app.state.context = on.context
    days = {"from": "2026-11-01", "to": "2026-11-30"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://validation/v1") as http:

        async def previewed(text: str) -> dict[str, Any]:
            files = {"files": {**own_texts(), FILE: text}}
            found = await http.post("/rules/preview", params=days, json=files)
            assert found.status_code == 200, found.text
            return dict(found.json())

        as_it_is = await previewed(own_text())
        assert (as_it_is["compared"], as_it_is["changes"], as_it_is["left_open"]) == (2, [], 0)
        nearer = await previewed(own_text().replace("near = 84\nsuspect = 79", "near = 99\nsuspect = 79", 1))
        (change,) = nearer["changes"]
        assert (change["stored"], change["candidate"], change["cents"]) == (
            "except duplicate_near", "review duplicate_suspect", 0,
        )  # fmt: skip
        lax = await previewed(LAX)
        assert (lax["changes"], lax["left_open"], lax["nothing_kept"]) == ([], 1, 1), (
            "it may have hidden others"
        )
        strict = await previewed(own_text().replace("near = 84\nsuspect = 79", "near = 84\nsuspect = 73", 1))
        assert (strict["left_open"], strict["kept_from"], strict["nothing_kept"]) == (1, 76, 0)


async def test_thresholds_that_cannot_be_used_are_not_published(on: Line) -> None:
    refused = only(await on.hears(published_with(LAX.replace("near = 100", "near = 5"))), CommandRefused)
    assert refused.reason is Reason.RULES_UNSOUND and (refused.detail or "").startswith(FILE)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1", "rules"),
        ("[[rules]]", "Field required"),
        (LAX.replace("payee = 15", "payee = 16"), "do not sum to 100"),
        (LAX.replace("near_miss = 72", "near_miss = 0"), "do not rise"),
        (LAX + LAX, "one set of duplicate rules for each day"),
        ("[[rules", "Expected"),
    ],
)
def test_what_is_wrong_with_thresholds_is_named(text: str, says: str) -> None:
    found = [(one.file, one.problem) for one in lint({**own_texts(), FILE: text})]
    assert [file for file, _ in found] == [FILE] and says in found[0][1], found


def test_thresholds_alone_are_no_catalogue_and_what_differs_is_told() -> None:
    assert [one.problem for one in lint({FILE: LAX})] == [
        "holds no rule: every request would wait for a person"
    ]
    (change,) = diff({**own_texts(), FILE: own_text()}, {**own_texts(), FILE: LAX})
    assert (change.change, change.rule) == ("changed", "duplicates-1")
    assert change.what == ["programmes.medical.near", "programmes.medical.suspect"]
    assert diff(own_texts(), own_texts()) == []
