"""Attachments through the portal: on to intake as they come, signed; a draft has type and name; who may sees them."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from portal_people import Person, csrf_in, known, sign_in
from portal_stories import Life, Teller
from test_claim_form import GOOD
from test_provider_work import begun, on_file
from test_request_pages import ada, sent

from chassis import Context, testing
from portal import intake_files
from portal.app import service
from portal.commands import Command
from portal.rules import Role
from throughline.signed import Signature, verify
from throughline.signed_http import Call, content_digest

__all__ = ["ada", "sent"]
PDF = b"%PDF-1.4 invented %%EOF"
NAME = sha256(PDF).hexdigest()
HELD = "ab" * 32
"""What the golden request names."""


class Intake:
    """Answers as intake's README says; looks at every signature."""

    def __init__(self, context: Context) -> None:
        self.kept = {HELD: b"%PDF-1.7 " + bytes(2000)}
        self.signers: list[Signature] = []
        self.is_away = False
        self._key = context.resources.signing_key

    async def answer(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        target = request.url.raw_path.decode()
        if self.is_away:
            raise httpx.ConnectError("away")
        if request.method == "POST":
            digest = content_digest(sha256(content).digest())
            assert request.headers["content-digest"] == digest
            call = Call("throughline.KeepAttachment", "POST", target, digest)
        else:
            call = Call("throughline.ReadAttachment", "GET", target)
        signature = request.headers["throughline-signature"].encode()
        self.signers.append(verify(signature, call.value, self._key))
        if request.method == "POST":
            return self._keep(request.headers["content-type"], content)
        kept = self.kept.get(target.rpartition("/")[2].partition("?")[0])
        if kept is None:
            return httpx.Response(404, json={"title": "Nothing by that name.", "reason": "not_found"})
        headers = {"Content-Type": "application/pdf", "Content-Length": str(len(kept))}
        return httpx.Response(200, headers=headers, content=b"" if request.method == "HEAD" else kept)

    def _keep(self, kind: str, content: bytes) -> httpx.Response:
        if kind != "application/pdf":
            title = "The file is application/pdf and was sent as image/png. Send it as what it is."
            return httpx.Response(422, json={"title": title, "reason": "attachment_type"})
        name = sha256(content).hexdigest()
        self.kept[name] = content
        told = {"sha256": name, "media_type": kind, "bytes": len(content)}
        return httpx.Response(201, json=told)


@pytest.fixture
def intake(context: Context, monkeypatch: pytest.MonkeyPatch) -> Intake:
    made = Intake(context)

    def client(settings: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(made.answer), base_url="http://intake")

    monkeypatch.setattr(intake_files, "_client", client)
    return made


async def add(
    browser: httpx.AsyncClient,
    draft: str,
    kind: str,
    name: str = "plan.pdf",
    declared: str = "application/pdf",
) -> httpx.Response:
    page = await browser.get(f"/new/{draft}?step=attachments")
    assert page.status_code == 200, page.text
    form = {"csrf": csrf_in(page), "type": kind}
    return await browser.post(f"/new/{draft}/attachments", data=form, files={"file": (name, PDF, declared)})


async def test_what_is_attached_is_sent_with_the_request(
    context: Context, browser: httpx.AsyncClient, ada: Person, sent: list[Command], intake: Intake
) -> None:
    life = await on_file(context)
    draft = await begun(browser, GOOD | {"payee": str(life.payee_id)})
    for kind in ("referral", "treatment-plan"):  # the same document again is one, of the kind said last
        answer = await add(browser, draft, kind, name="../\r\nDoe, Jane.pdf")
        assert answer.headers["location"] == f"/new/{draft}?step=attachments"
    page = await browser.get(f"/new/{draft}?step=attachments")
    assert "treatment-plan" in page.text and "referral</td>" not in page.text and "Received" in page.text
    assert "Doe, Jane" not in page.text and "1 KB" in page.text
    assert {(one.role, one.person_id) for one in intake.signers} == {("biller", ada.person_id)}
    csrf = csrf_in(page)
    await browser.post(f"/new/{draft}/send", data={"csrf": csrf})
    (command,) = sent
    assert json.loads(command.value)["request"]["attachments"] == [{"type": "treatment-plan", "sha256": NAME}]


async def test_what_is_removed_is_not_sent_and_nothing_is_attached_by_a_field(
    context: Context, browser: httpx.AsyncClient, ada: Person, sent: list[Command], intake: Intake
) -> None:
    life = await on_file(context)
    forged = {"attachments.0.type": "referral", "attachments.0.sha256": HELD}
    draft = await begun(browser, GOOD | {"payee": str(life.payee_id)} | forged)
    await add(browser, draft, "treatment-plan")
    page = await browser.get(f"/new/{draft}?step=attachments")
    form = {"csrf": csrf_in(page), "sha256": NAME}
    for _ in range(2):
        answer = await browser.post(f"/new/{draft}/attachments/remove", data=form)
        assert answer.headers["location"] == f"/new/{draft}?step=attachments"
    assert "Nothing is attached" in (await browser.get(f"/new/{draft}?step=attachments")).text
    await browser.post(f"/new/{draft}/send", data={"csrf": csrf_in(page)})
    assert json.loads(sent[0].value)["request"]["attachments"] == []


async def test_what_intake_refuses_is_said_at_the_field(
    context: Context, browser: httpx.AsyncClient, ada: Person, intake: Intake
) -> None:
    life = await on_file(context)
    draft = await begun(browser, GOOD | {"payee": str(life.payee_id)})
    answer = await add(browser, draft, "referral", declared="image/png")
    assert answer.status_code == 422 and "Send it as what it is." in answer.text
    assert 'id="attachments-problem"' in answer.text and 'value="referral"' in answer.text
    odd = await add(browser, draft, "treatment plan!")
    assert odd.status_code == 422 and "letters, digits and hyphens" in odd.text
    page = await browser.get(f"/new/{draft}?step=attachments")
    intake.is_away = True
    form = {"csrf": csrf_in(page), "type": "referral"}
    files = {"file": ("a.pdf", PDF, "application/pdf")}
    assert (await browser.post(f"/new/{draft}/attachments", data=form, files=files)).status_code == 503
    assert (await browser.get(f"/new/{draft}?step=attachments")).status_code == 200


async def named(context: Context) -> UUID:
    """A request through the portal that names a document."""
    teller = Teller()
    life = Life(teller, "CLM-9", partner="portal")
    life.received()
    await testing.deliver(service, context, teller.told)
    return life.request_id


async def test_a_reviewer_and_its_own_people_save_it_and_nobody_else(
    context: Context, pool: asyncpg.Pool, browser: httpx.AsyncClient, ada: Person, intake: Intake
) -> None:
    await on_file(context)
    request_id = await named(context)
    own = f"/requests/{request_id}/attachments/{HELD}"
    assert own in (await browser.get(f"/requests/{request_id}")).text
    saved = await browser.get(own)
    assert saved.content == intake.kept[HELD]
    assert saved.headers["content-disposition"] == f'attachment; filename="{HELD[:16]}.pdf"'
    assert (
        saved.headers["x-content-type-options"] == "nosniff" and saved.headers["cache-control"] == "no-store"
    )
    for odd in (f"/requests/{request_id}/attachments/{'0' * 64}", f"/requests/{request_id}/attachments/x"):
        assert (await browser.get(odd)).status_code == 404
    assert (await browser.get(own.replace("/requests/", "/reviews/"))).status_code == 403
    for role, status in ((Role.REVIEWER, 200), (Role.OPERATOR, 403)):
        browser.cookies.clear()
        await sign_in(browser, await known(context, role.value, role))
        page = await browser.get(f"/reviews/{request_id}")
        assert ("Download" in page.text) is (status == 200)
        assert (await browser.get(own.replace("/requests/", "/reviews/"))).status_code == status
    assert intake.signers[-1].role == "reviewer"
