"""Reference data as it stood at the end of a day, over HTTP; and the exclusion lists in force."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from test_screening_stories import BY_NUMBER, SOMEBODY
from validation_stories import Line

from chassis import Context
from throughline.members import member_key_for
from throughline.sensitive import Sensitive
from validation.reference_api import router
from validation.testing import PAYEE_ID, contract, excluded, insured, provider


@pytest.fixture
async def http(context: Context, on: Line) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(router)
    app.state.context = context
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://validation/v1"
    ) as client:
        yield client


async def test_what_stood_on_a_day_is_told_with_all_versions(http: httpx.AsyncClient, on: Line) -> None:
    pool = on.context.pool
    await pool.execute("update reference_moments set applied_at = '2026-03-01 23:59:59Z'")
    await on.hears(contract(version=2, copay_cents=2_500))
    await pool.execute(
        "update reference_moments set applied_at = '2026-03-02Z' where applied_at > '2026-03-02'"
    )
    then = (await http.get("/reference/contract/acme-general?as_of=2026-03-01")).json()
    assert (then["version"], then["record"]["copay_cents"]) == (1, 0)
    now = (await http.get("/reference/contract/acme-general")).json()
    assert (now["version"], now["record"]["copay_cents"]) == (2, 2_500)
    assert [one["version"] for one in now["versions"]] == [1, 2]
    assert (await http.get("/reference/contract/acme-general?as_of=2026-02-28")).status_code == 404
    assert (await http.get("/reference/person/acme-general")).status_code == 422


async def test_nothing_that_may_name_a_person_is_told(http: httpx.AsyncClient, on: Line) -> None:
    await on.hears(insured(), provider(version=2, licence_number="LIC-7"))
    told = (await http.get(f"/reference/provider/{PAYEE_ID}")).json()
    assert told["record"]["enrolled_from"] == "2020-01-01"
    assert not {"name", "tin", "address", "licence_number"} & set(told["record"])
    key = member_key_for("acme", Sensitive("M100"))
    assert "M100" not in (answer := await http.get(f"/reference/member/{key}")).text
    assert answer.json()["record"]["coverage"][0]["from_date"] == "2020-01-01"
    assert (await http.get("/reference/member/M100")).status_code == 422
    assert "M100" not in (await http.get("/reference/authorisation/AUTH1")).text


async def test_the_lists_in_force_tell_how_long_they_are(http: httpx.AsyncClient, on: Line) -> None:
    assert (await http.get("/exclusion-lists")).json() == []
    await on.hears(excluded(BY_NUMBER, SOMEBODY, version=3))
    (one,) = (await http.get("/exclusion-lists")).json()
    assert (one["list_id"], one["version"], one["entries"]) == ("oig-leie", 3, 2)
    assert one["shrinks_because"] == "Invented lists are short."
