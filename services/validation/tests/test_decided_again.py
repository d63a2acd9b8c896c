"""Why something was decided, and the same history decided again after everything it was decided by has changed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from validation_stories import DEAR, Line, correction

from throughline.submissions import SubmissionReceived
from validation.app import build_resources, service
from validation.desk import WAITING_MAX
from validation.replay import preview
from validation.settings import ValidationSettings
from validation.testing import (
    SERVICE_DAY,
    authorisation,
    contract,
    fees,
    line,
    payer,
    provider,
    received,
)

CATALOGUE = {
    one.name: one.read_text("utf-8")
    for one in (files("validation.rules") / "catalogue").iterdir()
    if one.name.endswith(".toml")
}
DAYS = {"from": "2026-11-01", "to": "2026-11-30"}


@pytest.fixture
async def http(on: Line) -> AsyncIterator[httpx.AsyncClient]:
    """A history of every verdict; then all reference data change, and memory begins again."""
    app = FastAPI()
    for router in service.api:
        app.include_router(router)
    app.state.context = on.context
    await on.hears(received(lines=DEAR), received("A2"), received("A3"), received("A4", total_cents=1))
    await on.hears(
        received("A5", lines=(line(code="99499"),)), received("A6", received_on=correction().received_on)
    )
    await on.hears(correction())
    await on.hears(authorisation(version=2, units=10), contract(version=2, deductible_cents=20_000))
    await on.hears(therapy("A7", 6, SERVICE_DAY), therapy("A8", 5, SERVICE_DAY - timedelta(days=20)))
    await on.hears(received("A9", lines=(line(charge_cents=11_000),)))
    await on.hears(
        authorisation(version=3, units=1),
        fees(("99213", 1), version=2),
        payer(version=2, auto_approve_below_cents=0),
        provider(version=2, active=False),
        contract(version=3, timely_filing_days=1),
    )
    settings: Any = ValidationSettings(database_url=on.context.settings.database_url)
    on.context.resources = await build_resources(settings, on.context.pool)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://validation/v1"
    ) as client:
        yield client


def therapy(number: str, units: int, day: date) -> SubmissionReceived:
    one = line(code="97110", units_thousandths=units * 1000, charge_cents=9_000, from_date=day, to_date=day)
    return received(number, lines=(one,), authorisation_number="AUTH1")


async def pages(http: httpx.AsyncClient, method: str, path: str, **more: Any) -> list[dict[str, Any]]:
    told, after = [], None
    while True:
        query: dict[str, Any] = {**DAYS, "limit": 2, **({"after": after} if after else {})}
        found = await http.request(method, path, params=query, **more)
        assert found.status_code == 200, found.text
        told.append(found.json())
        after = told[-1]["next"]
        if after is None:
            return told


async def test_history_decided_again_differs_in_nothing_and_a_forged_price_is_found(
    http: httpx.AsyncClient, on: Line
) -> None:
    found = await pages(http, "GET", "/replay")
    assert [one for page in found for one in page["differences"]] == []
    assert sum(page["compared"] for page in found) == 10
    await on.context.pool.execute(
        "update versions set verdict_cents = 1 where request_id = $1", received("A2").request_id
    )
    differs = [one for page in await pages(http, "GET", "/replay") for one in page["differences"]]
    assert {(one["request_id"], one["what"], one["stored"]) for one in differs} == {
        (str(received("A2").request_id), "price in cents", 1)
    }


async def test_an_explanation_tells_what_each_rule_read_the_price_and_the_pins(
    http: httpx.AsyncClient,
) -> None:
    told = (await http.get(f"/requests/{received('A2').request_id}/explanation")).json()
    (version,) = told["versions"]
    rules = {one["rule"]: one for one in version["rules"]}
    timely = rules["timely-filing"]
    assert (timely["verdict"], timely["margin"]) == ("passed", 76)
    assert timely["read"]["timely_filing_days"] == 90, "the contract of then"
    assert rules["authorisation-named"]["verdict"] == "not_applicable"
    (step,) = version["price"]
    assert (step["rate_cents"], step["full_cents"], step["paid_cents"]) == (9_000, 9_000, 9_000)
    assert (version["pinned"]["contract"], version["pinned"]["payer"], version["differs"]) == (1, 1, [])
    assert "M100" not in str(told) and "Doe" not in str(told) and "123456789" not in str(told)


async def test_a_duplicate_and_a_breach_are_told(http: httpx.AsyncClient) -> None:
    again = (await http.get(f"/requests/{received('A3').request_id}/explanation")).json()["versions"][0]
    assert (again["verdict"], again["duplicates"][0]["duplicate"]["kind"]) == ("except duplicate", "exact")
    broken = (await http.get(f"/requests/{received('A4').request_id}/explanation")).json()["versions"][0]
    assert [one["rule"] for one in broken["rules"] if one["verdict"] == "broken"] == [
        one["rule"] for one in broken["findings"]
    ]
    assert (await http.get("/requests/00000000-0000-0000-0000-000000000001/explanation")).status_code == 404


async def test_a_candidate_set_shows_whose_decisions_it_would_change(http: httpx.AsyncClient) -> None:
    same = await pages(http, "POST", "/rules/preview", json={"files": CATALOGUE})
    assert [one for page in same for one in page["changes"]] == []
    stricter = {
        name: text.replace('"first_received_day - last_service_day <= timely_filing_days"', '"false"')
        for name, text in CATALOGUE.items()
    }
    changes = [
        one
        for page in await pages(http, "POST", "/rules/preview", json={"files": stricter})
        for one in page["changes"]
    ]
    approved = next(one for one in changes if one["request_id"] == str(received("A2").request_id))
    assert (approved["stored"], approved["candidate"], approved["cents"]) == (
        "approve",
        "deny timely_filing",
        -9_000,
    )
    refused = await http.post("/rules/preview", params=DAYS, json={"files": {"x.toml": "rule = 1"}})
    assert (refused.status_code, "x.toml" in refused.text) == (422, True)


async def test_what_others_had_used_up_is_told_as_it_was_read(http: httpx.AsyncClient) -> None:
    short = (await http.get(f"/requests/{received('A8').request_id}/explanation")).json()["versions"][0]
    assert (short["verdict"], short["differs"]) == ("except authorisation_units", [])
    assert {(one["what"], one["before"]) for one in short["used_up"]} >= {("authorisation", 6_000)}


async def test_every_request_is_explained_page_by_page_as_it_is_alone(http: httpx.AsyncClient) -> None:
    told = [one for page in await pages(http, "GET", "/explanations") for one in page["requests"]]
    assert len(told) == 9
    for one in told:
        assert one == (await http.get(f"/requests/{one['request_id']}/explanation")).json()


async def test_whoever_asks_of_history_while_others_wait_is_sent_away(
    http: httpx.AsyncClient, on: Line
) -> None:
    desk = on.context.resources.desk
    async with desk.served():
        waiting = [asyncio.create_task(http.get("/replay", params=DAYS)) for _ in range(WAITING_MAX)]
        async with asyncio.timeout(10):
            while desk.waiting < WAITING_MAX:  # noqa: ASYNC110  # nobody tells when somebody begins to wait
                await asyncio.sleep(0)
        refused = await http.get("/replay", params=DAYS)
        assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (429, True)
    assert {one.status_code for one in await asyncio.gather(*waiting)} == {200}


async def test_a_preview_of_history_holds_up_nobody(
    http: httpx.AsyncClient, on: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a candidate judges in its thread, which here ends only after the next decision, the line decides."""
    begun, decided = threading.Event(), threading.Event()

    def slowly(*given: Any, **more: Any) -> Any:
        begun.set()
        assert decided.wait(30), "nothing was decided meanwhile"
        return preview(*given, **more)

    monkeypatch.setattr("validation.replay_api.preview", slowly)
    asked = asyncio.create_task(http.post("/rules/preview", params=DAYS, json={"files": CATALOGUE}))
    assert await asyncio.to_thread(begun.wait, 30)
    await on.hears(received("B1"))
    decided.set()
    assert (await asked).json()["compared"] == 10
