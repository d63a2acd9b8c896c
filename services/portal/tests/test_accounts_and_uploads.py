"""The bank account is sealed and never kept in the clear; a file goes to intake once, and its results come back."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from joserfc.jwk import OKPKey
from portal_people import Person, csrf_in, known, sign_in
from portal_stories import Life, Teller, example
from test_provider_work import on_file
from test_request_pages import ada, of_payee

from chassis import Context, testing
from portal import intake_files
from portal.app import service
from portal.rules import Role
from throughline.payees import ChangeAccount
from throughline.sealed import new_key, open_account
from throughline.signed import Signature, verify
from throughline.signed_http import Call, content_digest

__all__ = ["ada"]
ROUTING, NUMBER = "091000019", "4417999988887777"


@pytest.fixture
async def head(context: Context, browser: httpx.AsyncClient, tmp_path: Path) -> tuple[Person, Any]:
    """A provider administrator, signed in, and payout's key."""
    key = new_key()
    file = tmp_path / "sealing-public.jwk"
    file.write_text(json.dumps(key.as_dict(private=False)))
    context.settings = context.settings.model_copy(update={"sealing_key_file": file})
    person = await known(context, "head", Role.PROVIDER_ADMIN)
    await of_payee(context.pool, person, Life(Teller(), "x").payee_id)
    await sign_in(browser, person)
    return person, key


async def verified(context: Context) -> Life:
    life = await on_file(context)
    teller = Teller()
    teller.tell(example("AccountVerified", payee_id=life.payee_id, account_mask="••••3456"))
    await testing.deliver(service, context, teller.told)
    return life


async def test_a_change_is_sealed_and_waits_for_a_proof(
    context: Context, pool: asyncpg.Pool, browser: httpx.AsyncClient, head: tuple[Person, Any]
) -> None:
    person, key = head
    life = await verified(context)
    page = await browser.get(f"/bank-account/{life.payee_id}")
    assert "••••3456" in page.text and "3456" in page.text
    typed = {
        "csrf": csrf_in(page),
        "once": str(uuid4()),
        "routing": ROUTING,
        "number": NUMBER,
        "again": NUMBER,
    }
    answer = await browser.post(f"/bank-account/{life.payee_id}", data=typed | {"kind": "checking"})
    assert answer.status_code == 303 and answer.headers["location"].startswith("/step-up/")
    proof = await browser.get(answer.headers["location"])
    assert "••••7777" in proof.text and NUMBER not in proof.text
    async with pool.acquire() as db, db.transaction():
        await db.execute("select set_config('portal.sees', 'sign-in', true)")
        stored = json.loads(await db.fetchval("select about from ceremonies where kind = 'step-up'"))
    assert set(stored) == {"id", "sealed"}, "a routing number, a note or a name never stands there to be read"
    assert ROUTING not in proof.text and "•••••0019" not in json.dumps(stored)
    opened_about = context.resources.content_key.open(
        bytes.fromhex(stored["sealed"]), "ceremonies.about", UUID(stored["id"])
    )
    assert ROUTING.encode() not in opened_about
    value = base64.b64decode(json.loads(opened_about)["value"])
    assert NUMBER.encode() not in value
    command = ChangeAccount.model_validate_json(value)
    opened = open_account(command.sealed_account, payee_id=life.payee_id, speaker="portal", private_key=key)
    assert (opened.routing, opened.account) == (ROUTING, NUMBER)
    assert command.requested_by == str(person.person_id)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"routing": "091000018"}, "no routing number"),
        ({"again": "4417999988887778"}, "not the same number"),
        ({"number": "44 17"}, "17 letters and digits"),
    ],
)
async def test_what_is_wrong_is_said_and_the_number_is_not_shown_again(
    context: Context, browser: httpx.AsyncClient, head: Any, changed: dict[str, str], words: str
) -> None:
    life = await verified(context)
    page = await browser.get(f"/bank-account/{life.payee_id}")
    typed = {
        "csrf": csrf_in(page),
        "once": str(uuid4()),
        "routing": ROUTING,
        "number": NUMBER,
        "again": NUMBER,
    }
    answer = await browser.post(f"/bank-account/{life.payee_id}", data=typed | {"kind": "savings"} | changed)
    assert answer.status_code == 422 and words in answer.text
    assert NUMBER not in answer.text and "44179" not in answer.text


async def test_the_waiting_period_and_the_second_person_are_seen(
    context: Context, browser: httpx.AsyncClient, head: Any
) -> None:
    life = await verified(context)
    await testing.deliver(
        service,
        context,
        [testing.heard(example("AccountChanged", payee_id=life.payee_id, account_mask="••••9999"))],
    )
    assert "Waits for a second person" in (await browser.get(f"/bank-account/{life.payee_id}")).text
    assert "Waits for a second person" in (await browser.get("/bank-account")).text
    assert (await browser.get(f"/bank-account/{UUID(int=5)}")).status_code == 404


async def test_a_biller_looks_and_does_not_change(
    context: Context, browser: httpx.AsyncClient, ada: Person
) -> None:
    life = await verified(context)
    page = await browser.get(f"/bank-account/{life.payee_id}")
    assert "••••3456" in page.text and 'name="number"' not in page.text
    typed = {
        "csrf": csrf_in(page),
        "once": str(uuid4()),
        "routing": ROUTING,
        "number": NUMBER,
        "again": NUMBER,
    }
    answer = await browser.post(f"/bank-account/{life.payee_id}", data=typed | {"kind": "checking"})
    assert answer.status_code == 403


@pytest.fixture
def intake(context: Context, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Intake's answers as its README gives them; the files it took, by key."""
    taken: dict[str, bytes] = {}
    receipt = str(uuid4())
    claim = {"position": 1, "number": "A1", "outcome": "refused", "request_id": None, "version": None}
    problem = {"reason": "missing", "field": "NM109", "detail": "A required field is missing."}

    async def answer(request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        if content == b"refused":
            title = "That key came before with another file. Use a new key."
            return httpx.Response(422, json={"title": title, "status": 422, "reason": "conflict"})
        if request.method == "POST":
            said = _believed(request, content, context.resources.signing_key)
            assert (said.message, said.role) == ("throughline.SendFile", "biller")
            taken[request.headers["idempotency-key"]] = content
        if request.url.path.endswith("claims.csv"):
            return httpx.Response(200, content=b"position,number\r\n1,A1\r\n")
        told = {"receipt_id": receipt, "format": "837p", "state": "answered", "bytes": len(content)}
        told |= {"claims": 1, "answered": 1, "outcomes": {"refused": 1}, "problems": []}
        told |= {"results": [claim | {"payer_claim_number": None, "problems": [problem]}]}
        return httpx.Response(200, json=told)

    def client(settings: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://intake")

    monkeypatch.setattr(intake_files, "_client", client)
    return taken


def _believed(request: httpx.Request, content: bytes, key: OKPKey) -> Signature:
    """What the portal signed for the person of the session; verified over the very bytes that came."""
    digest = content_digest(sha256(content).digest())
    assert request.headers["content-digest"] == digest
    assert request.headers["content-length"] == str(len(content))
    call = Call("throughline.SendFile", "POST", "/v1/files", digest, request.headers["idempotency-key"])
    return verify(request.headers["throughline-signature"].encode(), call.value, key)


async def test_a_file_is_sent_once_and_its_results_come_back(
    context: Context, pool: asyncpg.Pool, browser: httpx.AsyncClient, ada: Person, intake: dict[str, bytes]
) -> None:
    page = await browser.get("/uploads")
    once = page.text.split('name="once" value="')[1].split('"')[0]
    for _ in range(2):
        answer = await browser.post(
            "/uploads", data={"csrf": csrf_in(page), "once": once}, files={"file": ("a.edi", b"ISA*00*")}
        )
        assert answer.headers["location"] == f"/uploads/{once}", answer.text
    assert intake == {once: b"ISA*00*"}
    shown = await browser.get(f"/uploads/{once}")
    assert "Every claim is answered" in shown.text and "A required field is missing" in shown.text
    part = await browser.get(f"/uploads/{once}", headers={"HX-Request": "true"})
    assert "<html" not in part.text and 'id="progress"' in part.text
    assert (await browser.get(f"/uploads/{once}/results.csv")).text.startswith("position,number")
    async with pool.acquire() as db, db.transaction():
        await db.execute("select set_config('portal.sees', 'writer', true)")
        await db.execute("update uploads set organisation_id = $1", uuid4())
    assert (await browser.get(f"/uploads/{once}")).status_code == 404


async def test_what_intake_refuses_is_shown_in_its_words(
    context: Context, browser: httpx.AsyncClient, ada: Person, intake: dict[str, bytes]
) -> None:
    page = await browser.get("/uploads")
    form = {"csrf": csrf_in(page), "once": str(uuid4())}
    answer = await browser.post("/uploads", data=form, files={"file": ("a.csv", b"refused")})
    assert answer.status_code == 422 and "Use a new key." in answer.text and 'name="file"' in answer.text


async def test_where_intake_does_not_answer_it_is_said(
    context: Context, browser: httpx.AsyncClient, ada: Person
) -> None:
    page = await browser.get("/uploads")
    form = {"csrf": csrf_in(page), "once": str(uuid4())}
    answer = await browser.post("/uploads", data=form, files={"file": ("a.csv", b"x")})
    assert answer.status_code == 503 and "We cannot answer just now" in answer.text
