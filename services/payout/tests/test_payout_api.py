"""The HTTP API: what may be looked at, what a person may resolve, and that it never shows an account."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr, ValidationError

from chassis.testing_people import OPERATIONS, Actor, called, know
from payout.api import router
from payout.findings import find, page_open_findings
from payout.settings import PayoutSettings
from throughline.orders import ReleaseItem
from throughline.payments import FileResolved, FindingResolved
from throughline.people import OPERATIONS_ROLES, RoleHeld
from throughline.signed import new_signing_key, verify
from throughline.signed_http import (
    SECOND_SIGNATURE_HEADER,
    SIGNATURE_HEADER,
    Call,
    What,
    content_digest,
)

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import House


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.state.context = house.context
    app.include_router(router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://payout") as made:
        yield made


async def paid(house: House) -> Any:
    await house.payer()
    await house.enrol()
    made = await house.approve(10_000)
    await house.pay()
    return made


async def test_a_payment_is_found_by_request_and_shows_a_mask_only(
    house: House, client: httpx.AsyncClient
) -> None:
    made = await paid(house)
    (payment,) = (await client.get("/v1/payments", params={"request_id": str(made.request_id)})).json()
    assert (payment["amount_cents"], payment["account_mask"], payment["state"]) == (
        10_000,
        "••••6789",
        "sent",
    )
    one = (await client.get(f"/v1/payments/{payment['payment_id']}")).json()
    assert [item["request_id"] for item in one["items"]] == [str(made.request_id)]
    batch = (await client.get(f"/v1/batches/{payment['batch_id']}")).json()
    assert batch["payments"] == [{"state": "sent", "payments": 1, "cents": 10_000}]
    (item,) = (await client.get(f"/v1/items/{made.request_id}")).json()
    assert item["state"] == "scheduled"
    answers = [one, batch, payment, item]
    for path in ("batches", "windows", "ledger", "findings?all=true"):
        response = await client.get(f"/v1/{path}")
        assert response.status_code == 200
        answers.append(response.json())
    assert "123456789" not in str(answers).replace("1234567893", "")


async def test_what_is_not_there_is_not_found(client: httpx.AsyncClient) -> None:
    for path in (f"batches/{uuid4()}", f"payments/{uuid4()}"):
        assert (await client.get(f"/v1/{path}")).status_code == 404
    assert (await client.post(f"/v1/findings/{uuid4()}/resolution", json={"actor": "ann"})).status_code == 404
    assert (await client.post("/v1/cutoff", params={"bank": "nobody"})).status_code == 404
    for path in ("payments?limit=0", "payments?batch_id=x"):
        assert (await client.get(f"/v1/{path}")).status_code == 422


async def test_the_windows_say_what_waits_for_which_cutoff(house: House, client: httpx.AsyncClient) -> None:
    await house.payer()
    await house.approve(700)
    (window,) = (await client.get("/v1/windows")).json()
    assert (window["next_window"], window["next_effective_date"]) == ("2026-11-23T1500", "2026-11-24")
    assert (window["waiting_items"], window["waiting_cents"]) == (1, 700)


async def test_a_sandbox_closes_a_window_at_once(house: House, client: httpx.AsyncClient) -> None:
    await house.payer()
    await house.enrol()
    await house.approve(700)
    (batch_id,) = (await client.post("/v1/cutoff")).json()["batches"]
    assert (await client.get(f"/v1/batches/{batch_id}")).json()["total_cents"] == 700
    house.context.settings = house.settings.model_copy(update={"stack_mode": "live"})
    assert (await client.post("/v1/cutoff")).status_code == 403


ANN, BEA = called("ann"), called("bea")


async def in_doubt(house: House) -> UUID:
    """A file that left and was not seen again; with the people who may say what became of it."""
    everything = tuple(
        RoleHeld(role=one, organisation_id=OPERATIONS.organisation_id) for one in OPERATIONS_ROLES
    )
    await know(house.pool, OPERATIONS, *[one.record(roles=everything) for one in (ANN, BEA)])
    await house.pool.execute("update batches set state = 'unknown'")
    ((batch_id,),) = await house.rows("select batch_id from batches")
    return UUID(int=batch_id.int)


async def says(
    client: httpx.AsyncClient, what: What, path: str, first: Actor, *others: Actor, **told: Any
) -> httpx.Response:
    """The call with the signatures of these people, the first named by its body."""
    body = json.dumps({"actor": first.name, **told}).encode()
    call = Call(what, "POST", path, content_digest(sha256(body).digest()))
    headers = {"content-type": "application/json"}
    for name, one in zip((SIGNATURE_HEADER, SECOND_SIGNATURE_HEADER), (first, *others), strict=False):
        signature = one.sign(call.value, message=what, id=call.id, topic=path, at=datetime.now(UTC))
        headers[name] = signature.decode()
    return await client.post(path, content=body, headers=headers)


async def resolved(client: httpx.AsyncClient, batch_id: UUID, outcome: str, *people: Actor) -> httpx.Response:
    sending = (await client.get(f"/v1/batches/{batch_id}")).json()["intended_at"]
    path = f"/v1/batches/{batch_id}/resolution"
    return await says(client, "throughline.ResolveFile", path, *people, outcome=outcome, intended_at=sending)


async def test_two_people_say_that_a_file_leaves_again(house: House, client: httpx.AsyncClient) -> None:
    await paid(house)
    batch_id = await in_doubt(house)
    house.inbox()[0].unlink()
    assert (await resolved(client, batch_id, "not_received", ANN, BEA)).json()["state"] == "built"
    assert (await resolved(client, batch_id, "not_received", ANN, BEA)).status_code == 409  # not in doubt
    await house.work()
    assert house.inbox()[0].read_bytes() == house.file  # the same bytes under the same name
    assert house.inbox()[0].name == house.file_name
    assert await house.rows("select resolved_by from batches") == [(f"{ANN.name} {BEA.name}",)]
    (said,) = await house.said_of(FileResolved)
    assert said.actors == (ANN.name, BEA.name) and said.outcome == "not_received"
    for signature, person in zip(said.signed.signatures, (ANN, BEA), strict=True):
        verify(signature.encode(), said.signed.value.encode(), person.key)
    assert content_digest(sha256(said.signed.body.encode()).digest()) in said.signed.value
    await house.pool.execute("update batches set state = 'unknown'")
    path = f"/v1/batches/{batch_id}/resolution"
    received = await client.post(path, json={"outcome": "received", "actor": "bea"})  # one person, as before
    assert received.json()["state"] == "delivered"


async def test_a_file_does_not_leave_again_while_an_account_in_it_is_not_in_order(
    house: House, client: httpx.AsyncClient
) -> None:
    """Its bytes cannot change, because the bank would know them again; so nothing of it leaves."""
    await paid(house)
    batch_id = await in_doubt(house)
    house.inbox()[0].unlink()
    assert (await resolved(client, batch_id, "given_up", ANN, BEA)).status_code == 409, "it may leave again"
    assert (await resolved(client, batch_id, "not_received", ANN, BEA)).json()["state"] == "built"
    await house.pool.execute("update accounts set state = 'held'")  # before it left
    await house.work()
    assert await house.rows("select state from batches") == [("unknown",)] and house.inbox() == []
    again = await resolved(client, batch_id, "not_received", ANN, BEA)
    assert again.status_code == 409 and "given_up" in again.json()["detail"]
    assert (await resolved(client, batch_id, "given_up", ANN, BEA)).json()["state"] == "refused"
    await house.work()
    assert house.inbox() == [] and await house.states() == {"held:refused_by_bank": 1}
    assert await house.balances() == {"claims": 10_000, "returned": -10_000}


REFUSED: dict[str, tuple[tuple[Actor, ...], int]] = {
    "one person": ((ANN,), 403),
    "one person twice": ((ANN, ANN), 403),
    "a role that may not": ((ANN, replace(BEA, role="reviewer")), 403),
    "a key that nobody has": ((ANN, replace(BEA, key=new_signing_key())), 403),
}


@pytest.mark.parametrize("who", REFUSED)
@pytest.mark.parametrize("outcome", ["not_received", "given_up"])
async def test_one_person_makes_no_file_leave_again(
    house: House, client: httpx.AsyncClient, who: str, outcome: str
) -> None:
    people, status = REFUSED[who]
    await paid(house)
    batch_id = await in_doubt(house)
    assert (await resolved(client, batch_id, outcome, *people)).status_code == status
    path = f"/v1/batches/{batch_id}/resolution"
    unsigned = await client.post(path, json={"outcome": outcome, "actor": ANN.name})
    assert unsigned.status_code == 403
    assert await house.rows("select state, resolved_by from batches") == [("unknown", None)]


async def test_what_two_people_signed_of_one_sending_fits_no_other(
    house: House, client: httpx.AsyncClient
) -> None:
    await paid(house)
    batch_id = await in_doubt(house)
    path, told = f"/v1/batches/{batch_id}/resolution", {"outcome": "not_received"}
    before = datetime(2026, 11, 23, tzinfo=UTC).isoformat()
    for sending in ({}, {"intended_at": before}):
        answer = await says(client, "throughline.ResolveFile", path, ANN, BEA, **told, **sending)
        assert answer.status_code == 409 and "intended_at" in answer.json()["detail"]


async def test_two_people_say_that_a_file_we_do_not_know_stops_delivery_no_longer(
    house: House, client: httpx.AsyncClient
) -> None:
    await paid(house)
    await in_doubt(house)
    await find(house.pool, "unknown_file")
    ((finding_id,),) = await house.rows("select finding_id from findings")
    path = f"/v1/findings/{finding_id}/resolution"
    assert (await client.post(path, json={"actor": "ann"})).status_code == 403
    assert (await says(client, "throughline.ResolveFinding", path, ANN, BEA)).status_code == 200
    assert await house.rows("select resolved_by from findings") == [(f"{ANN.name} {BEA.name}",)]
    (said,) = await house.said_of(FindingResolved)
    assert (said.what, said.actors) == ("unknown_file", (ANN.name, BEA.name)) and said.signed is not None


async def test_a_file_whose_bytes_a_restore_lost_is_given_up_and_never_sent_again(
    house: House, client: httpx.AsyncClient
) -> None:
    made = await paid(house)
    batch_id = await in_doubt(house)
    assert (await resolved(client, batch_id, "given_up", ANN, BEA)).status_code == 409  # its bytes are here
    house.inbox()[0].unlink()
    await house.pool.execute("update batches set file_bytes = ''")
    assert (await resolved(client, batch_id, "not_received", ANN, BEA)).status_code == 409
    answer = await resolved(client, batch_id, "given_up", ANN, BEA)
    assert (answer.status_code, answer.json()["state"]) == (200, "refused")
    await house.work()
    assert house.inbox() == [] and await house.states() == {"held:refused_by_bank": 1}
    assert await house.balances() == {"claims": 10_000, "returned": -10_000}
    order = ReleaseItem(request_id=made.request_id, version=1, note="pay it", actor="ann")
    assert len(await house.hears(order)) == 1 and await house.states() == {"waiting": 1}


async def test_a_token_is_asked_for_where_one_is_set(house: House, client: httpx.AsyncClient) -> None:
    house.context.settings = house.settings.model_copy(update={"api_token": SecretStr("right")})
    assert (await client.get("/v1/batches")).status_code == 401
    assert (await client.get("/v1/batches", headers={"Authorization": "Bearer wrong"})).status_code == 401
    assert (await client.get("/v1/batches", headers={"Authorization": "Bearer right"})).status_code == 200


def test_a_live_stack_refuses_the_sandbox_bank_and_an_open_api(tmp_path: Path) -> None:
    live: dict[str, Any] = {
        "database_url": "postgresql://unused", "stack_mode": "live", "bank_directory": tmp_path,
        "api_token": "secret",
    }  # fmt: skip
    real = {
        "routing": "021000021",
        "origin": "1987654321",
        "name": "A BANK",
        "origin_name": "US",
        "cutoffs": [{"at": "14:30"}],
    }
    assert PayoutSettings(**live, banks={"bank": real}).banks["bank"].routing == "021000021"
    with pytest.raises(ValidationError, match="sandbox bank"):
        PayoutSettings(**live)
    with pytest.raises(ValidationError, match="API_TOKEN"):
        PayoutSettings(**{**live, "api_token": None}, banks={"bank": real})
    (tmp_path / ".bank.lock").touch()
    with pytest.raises(ValidationError, match="sandbox bank"):
        PayoutSettings(**live, banks={"bank": real})


async def test_payments_that_never_settle_page(house: House) -> None:
    await paid(house)
    house.clock.instant = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
    await page_open_findings(house.context)
    assert "payments_not_settled" not in house.context.alarms.names()
    house.clock.instant = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
    await page_open_findings(house.context)
    assert "payments_not_settled" in house.context.alarms.names()
    await house.pool.execute("update payments set state = 'settled'")
    await page_open_findings(house.context)
    assert "payments_not_settled" not in house.context.alarms.names()
