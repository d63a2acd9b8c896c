"""A provider finds its requests and sees one of them whole; another's is not found by any id."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import asyncpg
import httpx
import pytest
from portal_people import Person, csrf_in, known, sign_in
from portal_stories import Life, Teller, example

from chassis import Context, FixedClock, testing
from portal.app import service
from portal.commands import Command
from portal.one_request import Entry
from portal.pages.request import _said
from portal.request_rows import PAGE
from portal.rules import Role
from portal.shown import Shown
from portal.tenancy import WRITER, enter
from throughline.requests import WithdrawRequest


@pytest.fixture
async def ada(context: Context, browser: httpx.AsyncClient, clock: FixedClock) -> Person:
    """A biller of the first NPI, signed in."""
    clock.instant = datetime(2026, 11, 16, 15, tzinfo=UTC)
    person = await known(context, "ada", Role.BILLER)
    await of_payee(context.pool, person, Life(Teller(), "x").payee_id)
    await sign_in(browser, person)
    return person


async def of_payee(pool: asyncpg.Pool, person: Person, payee_id: object) -> None:
    async with pool.acquire() as db, db.transaction():
        await enter(db, WRITER)
        await db.execute("insert into organisation_payees values ($1, $2)", person.organisation_id, payee_id)


async def test_a_list_narrows_and_pages_by_key(
    context: Context, browser: httpx.AsyncClient, ada: Person
) -> None:
    teller = Teller()
    teller.tell(example("PayerRecorded"))
    for at in range(PAGE + 3):
        Life(teller, f"CLM-{at:03}").received()
    Life(teller, "PAID-1").paid()
    await testing.deliver(service, context, teller.told)
    page = (await browser.get("/requests")).text
    assert page.count("/requests/") >= PAGE and "PAID-1" in page and "CLM-000" not in page
    following = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    rest = (await browser.get(following)).text
    assert "CLM-000" in rest and "CLM-052" not in rest and 'rel="next"' not in rest
    assert "PAID-1" not in (await browser.get("/requests?state=Submitted&number=CLM-00")).text
    narrowed = (await browser.get("/requests?number=CLM-01")).text
    assert "CLM-010" in narrowed and "CLM-020" not in narrowed
    assert "CLM" not in (await browser.get("/requests?needs=me")).text.split("</form>")[-1]
    for odd in (
        "after=x",
        "after=2026-01-01_y",
        "payee=nobody",
        "state=Never",
        "number=%25",
        "number=%ED%9F%BF",
    ):
        assert (await browser.get(f"/requests?{odd}")).status_code == 200


async def test_home_counts_what_needs_the_person_and_what_is_on_its_way(
    context: Context, browser: httpx.AsyncClient, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    teller = Teller()
    for at in range(3):
        Life(teller, f"CLM-{at}").received().says("SubmissionExcepted")
        Life(teller, f"WAY-{at}").received()
    await testing.deliver(service, context, teller.told)
    home = (await browser.get("/")).text
    assert "3 requests need you." in home and "3 requests" in home.split('id="way"')[1]
    for module in ("portal.request_rows", "portal.pages.home"):
        monkeypatch.setattr(f"{module}.COUNTED_MAX", 2)
    assert "More than 2 requests need you." in (await browser.get("/")).text


async def test_a_whole_life_stands_on_its_page(
    context: Context, browser: httpx.AsyncClient, ada: Person
) -> None:
    teller = Teller()
    for name in ("PayerRecorded", "ProviderRecorded"):
        teller.tell(example(name))
    life = Life(teller, "WHOLE-1").received().says("ReviewOpened").says("SubmissionExcepted")
    life.received(total_cents=99900).approved().scheduled().sent().settled().remitted()
    await testing.deliver(service, context, teller.told)
    answer = await browser.get(f"/requests/{life.request_id}")
    assert answer.status_code == 200
    for words in ("Version 2 was received", "999.00", "The bank settled", "Sums are", "return it until"):
        assert words in answer.text or words == "Sums are", words
    assert len(answer.content) < 150_000


@pytest.mark.parametrize(
    "name", ["paid", "returned", "on hold", "mend it", "received", "withdrawn", "in review"]
)
async def test_every_kind_of_life_has_a_page(
    context: Context, browser: httpx.AsyncClient, ada: Person, name: str
) -> None:
    from test_read_model import LIVES

    teller = Teller("portal")
    life = LIVES[name][0](Life(teller, "KIND-1", partner="portal"))
    await testing.deliver(service, context, teller.told)
    answer = await browser.get(f"/requests/{life.request_id}")
    assert answer.status_code == 200 and "KIND-1" in answer.text
    assert (">Withdraw it<" in answer.text) == (name not in ("paid", "withdrawn"))


async def test_anothers_request_is_not_found(
    context: Context, browser: httpx.AsyncClient, ada: Person
) -> None:
    teller = Teller()
    theirs = Life(teller, "THEIRS-1", npi="1558598797").paid()
    await testing.deliver(service, context, teller.told)
    assert (await browser.get(f"/requests/{theirs.request_id}")).status_code == 404
    assert "THEIRS-1" not in (await browser.get("/requests")).text
    assert (await browser.get(f"/requests/{theirs.payee_id}")).status_code == 404


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Command]:
    """The commands that leave, in the place of the topic."""
    commands: list[Command] = []

    def take(transaction: object, command: Command, headers: object, correlation_id: object = None) -> None:
        assert dict(headers)["signature"]  # type: ignore[call-overload]
        commands.append(command)

    monkeypatch.setattr("portal.commands.say_with", take)
    return commands


async def test_a_withdrawal_leaves_signed_and_is_one_however_often_it_is_pressed(
    context: Context, browser: httpx.AsyncClient, ada: Person, sent: list[Command]
) -> None:
    teller = Teller()
    life = Life(teller, "STOP-1", partner="portal").received()
    await testing.deliver(service, context, teller.told)
    page = await browser.get(f"/requests/{life.request_id}")
    once = page.text.split('name="once" value="')[1].split('"')[0]
    form = {"csrf": csrf_in(page), "once": once, "note": "sent by mistake"}
    for _ in range(2):
        answer = await browser.post(f"/requests/{life.request_id}/withdraw", data=form)
        assert answer.status_code == 303, answer.text
    assert {one.topic for one in sent} == {"intake.portal"} and len({one.id for one in sent}) == 1
    command = WithdrawRequest.model_validate_json(sent[0].value)
    assert (command.number, command.version, command.note) == ("STOP-1", 1, "sent by mistake")


async def test_what_another_system_sent_is_not_withdrawn_here(
    context: Context, browser: httpx.AsyncClient, ada: Person, sent: list[Command]
) -> None:
    teller = Teller()
    life = Life(teller, "ELSE-1").received()
    await testing.deliver(service, context, teller.told)
    page = await browser.get(f"/requests/{life.request_id}")
    assert "sent by another system (acme)" in page.text
    form = {"csrf": csrf_in(page), "once": str(life.request_id)}
    assert (await browser.post(f"/requests/{life.request_id}/withdraw", data=form)).status_code == 412
    assert sent == []


@pytest.mark.parametrize(
    ("type", "is_read"),
    [
        ("SubmissionDenied", True),
        ("SubmissionExcepted", True),
        ("SubmissionWithdrawn", True),
        ("SubmissionApproved", False),
        ("DecideReview", False),
        ("HoldItem", False),
        ("ReversalOrdered", False),
        ("PaymentReissued", False),
    ],
)
def test_a_provider_reads_the_notes_of_denials_and_returns_alone(type: str, is_read: bool) -> None:
    visit: Any = SimpleNamespace(shown=Shown("en", "UTC"))
    entry = Entry(type, datetime(2026, 11, 16, 15, tzinfo=UTC), None, {}, "It looks like fraud.")
    assert (_said(visit, entry)["note"] is not None) == is_read
