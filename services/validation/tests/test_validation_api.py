"""The HTTP API on a real database: the queue, one request's decisions, the rules in force."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from chassis import Context, testing
from validation.api import router
from validation.app import service
from validation.testing import contract, fees, line, payer, provider, received


@pytest.fixture
async def http(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(router)
    app.state.context = context
    await testing.deliver(service, context, [payer(), provider(), contract(), fees()])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://validation/v1"
    ) as client:
        yield client


async def answer(http: httpx.AsyncClient, path: str, **query: Any) -> Any:
    found = await http.get(path, params=query)
    assert found.status_code == 200, found.text
    return found.json()


async def test_the_queue_names_what_a_command_must_answer(http: httpx.AsyncClient, context: Context) -> None:
    said = await testing.deliver(service, context, [received(lines=(line(code="99499"),))])
    (waiting,) = (await answer(http, "/reviews"))["reviews"]
    assert (waiting["answers"], waiting["reason"], waiting["proposed_cents"]) == (
        str(said[0].id),
        "no_price",
        None,
    )
    assert waiting["charge_cents"] == 12_000


async def test_the_queue_is_read_page_by_page_and_by_payer(http: httpx.AsyncClient, context: Context) -> None:
    await testing.deliver(service, context, [received(f"A{number}", total_cents=1) for number in range(5)])
    await testing.deliver(service, context, [received("B1", payer="nobody")])
    seen, after = [], None
    while True:
        page = await answer(http, "/reviews", payer="acme", limit=2, **({"after": after} if after else {}))
        seen += [one["request_id"] for one in page["reviews"]]
        after = page["next"]
        if after is None:
            break
    assert sorted(seen) == sorted(str(received(f"A{number}").request_id) for number in range(5))


NEVER_GIVEN = (
    "nonsense",
    "2026-01-01~x",
    "2026-01-01T00:00:00~" + "0" * 32,
    "0001-01-01T00:00:00+14:00~" + "0" * 32,
    "9999-12-31T23:59:59-14:00~" + "0" * 32,
)


@pytest.mark.parametrize("after", NEVER_GIVEN)
async def test_a_position_that_the_list_never_gave(http: httpx.AsyncClient, after: str) -> None:
    assert (await http.get("/reviews", params={"after": after})).status_code == 422


async def test_one_request_with_its_findings(http: httpx.AsyncClient, context: Context) -> None:
    await testing.deliver(service, context, [received(total_cents=1)])
    found = await answer(http, f"/requests/{received().request_id}")
    (version,) = found["versions"]
    assert (version["state"], version["reason"], len(version["rule_set"])) == (
        "exception",
        "total_mismatch",
        64,
    )
    assert [one["rule"] for one in version["findings"]] == ["total-is-sum-of-lines"]
    assert "Doe" not in str(found) and "M100" not in str(found)


async def test_a_request_that_nobody_sent(http: httpx.AsyncClient) -> None:
    assert (await http.get(f"/requests/{received('ZZ').request_id}")).status_code == 404


async def test_the_rules_of_a_day(http: httpx.AsyncClient) -> None:
    found = await answer(http, "/rules", on="2026-11-02")
    assert len(found["rules"]) >= 20
    assert {"id", "version", "severity", "expression", "reason", "fix", "sentence"} <= found["rules"][
        0
    ].keys()
    assert (await answer(http, "/rules", on="1899-01-01"))["rules"] == []


async def test_where_a_token_is_set_every_route_asks_for_it(
    http: httpx.AsyncClient, context: Context
) -> None:
    context.settings = context.settings.model_copy(update={"api_token": SecretStr("right")})
    for path in ("/reviews", "/rules", f"/requests/{received().request_id}"):
        assert (await http.get(path)).status_code == 401
        assert (await http.get(path, headers={"Authorization": "Bearer wrong"})).status_code == 401
        assert (await http.get(path, headers={"Authorization": "Bearer right"})).status_code in (200, 404)


async def test_a_request_is_checked_before_it_is_sent(http: httpx.AsyncClient, context: Context) -> None:
    asked = received(total_cents=1).request
    found = (await http.post("/checks", content=asked.model_dump_json())).json()
    broken = {one["rule"]: one for one in found["findings"]}
    assert (
        broken["total-is-sum-of-lines"]["field"] == "total_cents" and broken["total-is-sum-of-lines"]["fix"]
    )
    right = asked.model_copy(update={"total_cents": sum(line.charge_cents for line in asked.lines)})
    found = (await http.post("/checks", content=right.model_dump_json())).json()
    assert "total-is-sum-of-lines" not in {one["rule"] for one in found["findings"]}
    assert (await http.post("/checks", content=b"{}")).status_code == 422
    versions = await context.pool.fetchval("select count(*) from versions")
    assert versions == 0, "nothing is stored"
