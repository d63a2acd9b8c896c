"""What a provider does: begins a claim, sends it once, corrects it; sees its payments and keeps them as files."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from portal_people import Person, csrf_in, known, sign_in
from portal_stories import Life, Teller, example
from test_claim_form import GOOD
from test_request_pages import ada, of_payee, sent

from chassis import Context, testing
from portal.app import service
from portal.claim_form import Wrong
from portal.commands import Command
from portal.payment_files import csv_rows
from portal.payment_rows import payments_of
from portal.people_work import put_person
from portal.rules import Role
from portal.tenancy import WRITER, enter
from throughline.answers import Coordinates, Problem
from throughline.reasons import Reason
from throughline.signed import SIGNATURE, read

__all__ = ["ada", "sent"]


async def on_file(context: Context) -> Life:
    """The payer and the provider that the form offers."""
    teller = Teller()
    life = Life(teller, "x")
    teller.tell(example("PayerRecorded"))
    provider = example("ProviderRecorded", payee_id=life.payee_id, identifier=life.npi, npi=life.npi)
    teller.tell(provider)
    await testing.deliver(service, context, teller.told)
    return life


async def begun(browser: httpx.AsyncClient, fields: dict[str, str]) -> str:
    page = await browser.get("/new")
    draft = page.text.split('name="once" value="')[1].split('"')[0]
    form = {"csrf": csrf_in(page), "once": draft}
    for _ in range(2):
        assert (await browser.post("/new", data=form)).headers["location"] == f"/new/{draft}"
    for step in ("who", "patient", "services"):
        page = await browser.get(f"/new/{draft}?step={step}")
        assert page.status_code == 200, page.text
    saved = await browser.post(f"/new/{draft}", data={"csrf": csrf_in(page), "go": "send", **fields})
    assert saved.headers["location"].endswith("step=send")
    return draft


async def test_a_claim_is_sent_once_however_often_it_is_pressed(
    context: Context, pool: asyncpg.Pool, browser: httpx.AsyncClient, ada: Person, sent: list[Command]
) -> None:
    life = await on_file(context)
    draft = await begun(browser, GOOD | {"payee": str(life.payee_id)})
    page = await browser.get(f"/new/{draft}?step=send")
    assert "Send the request" in page.text and "1,120.50" in page.text
    for _ in range(3):
        answer = await browser.post(f"/new/{draft}/send", data={"csrf": csrf_in(page)})
        assert answer.headers["location"] == f"/new/{draft}/sent"
    (command,) = sent
    body = json.loads(command.value)
    assert command.topic == "intake.portal" and body["request"]["number"] == "CLM-1"
    assert body["request"]["payee"]["identifier"] == life.npi
    assert "It is on its way" in (await browser.get(f"/new/{draft}/sent")).text
    stored = await pool.fetchval("select string_agg(t::text, ' ') from drafts t")
    assert stored is None, "without a scope nothing is seen"
    said = [one for one in await testing.said_in(pool) if one.topic == "drafts"]
    saved, discarded = (json.loads(one.value) for one in said)
    assert "member_id" in saved["fields"] and "lines.0.charge" in saved["fields"]
    assert discarded["request_id"] == sent[0].key and saved["draft_id"] == draft
    assert not [
        one for one in said for typed in ("Doe", "M-1", "CLM-1", "1,120.50") if typed in str(one.value)
    ]


async def test_it_is_shown_what_became_of_it(
    context: Context, browser: httpx.AsyncClient, ada: Person, sent: list[Command]
) -> None:
    life = await on_file(context)
    draft = await begun(browser, GOOD | {"payee": str(life.payee_id)})
    csrf = csrf_in(await browser.get(f"/new/{draft}?step=send"))
    await browser.post(f"/new/{draft}/send", data={"csrf": csrf})
    at = Coordinates(topic="intake.portal", partition=0, offset=5)
    record = testing.raw(at.topic, b"{}", headers=(("ce_id", str(sent[0].id).encode()),), offset=at.offset)
    await testing.deliver(service, context, [record])
    problem = Problem(reason=Reason.NUMBER_IN_USE, field="request.number")
    refused = example("RequestAnswered").model_copy(
        update={"outcome": "refused", "coordinates": at, "receipt": None, "problems": (problem,)}
    )
    await testing.deliver(service, context, [testing.heard(refused, topic="answers.portal")])
    page = await browser.get(f"/new/{draft}/sent")
    assert "It was not taken in" in page.text and "request number is in use" in page.text
    again = {"csrf": csrf_in(page), "once": str(uuid4())}
    answer = await browser.post(f"/new/{draft}/again", data=again)
    assert "CLM-1" in (await browser.get(answer.headers["location"])).text
    teller = Teller("portal")
    Life(teller, "CLM-1", partner="portal").received()
    await testing.deliver(service, context, teller.told)
    assert (await browser.get(f"/new/{draft}/sent")).headers["location"].startswith("/requests/")


async def test_what_is_wrong_is_named_and_not_sent(
    context: Context, browser: httpx.AsyncClient, ada: Person, sent: list[Command]
) -> None:
    life = await on_file(context)
    wrong = GOOD | {"payee": str(life.payee_id), "lines.0.charge": "a lot", "member_id": ""}
    draft = await begun(browser, wrong)
    page = await browser.get(f"/new/{draft}?step=send")
    assert "Mend this before you send" in page.text and "Send the request" not in page.text
    answer = await browser.post(f"/new/{draft}/send", data={"csrf": csrf_in(page)})
    assert answer.headers["location"] == f"/new/{draft}?step=patient&field=member_id"
    assert sent == []
    at_fault = await browser.get(f"/new/{draft}?step=services&field=lines.0.charge")
    assert 'aria-invalid="true"' in at_fault.text and "Write a plain number" in at_fault.text
    typing = {"csrf": csrf_in(page), "lines.0.charge": "still"}
    part = await browser.post(f"/new/{draft}", data=typing, headers={"HX-Request": "true"})
    assert "Saved" in part.text and "Write a plain number" in part.text and "<html" not in part.text


async def test_no_connection_waits_while_validation_is_asked(
    context: Context, browser: httpx.AsyncClient, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where validation hangs, the pool is there for every other page."""
    held: list[int] = []

    async def asked(*_: object) -> list[Wrong]:
        held.append(context.pool.get_size() - context.pool.get_idle_size())
        return [Wrong("attachments", "rule", "A plan is missing.", "Attach it.")]

    monkeypatch.setattr("portal.pages.new.broken_rules", asked)
    life = await on_file(context)
    draft = await begun(browser, GOOD | {"payee": str(life.payee_id)})
    page = await browser.get(f"/new/{draft}?step=send")
    assert "A plan is missing." in page.text
    typing = {"csrf": csrf_in(page), "number": "CLM-2"}
    assert "Saved" in (await browser.post(f"/new/{draft}", data=typing, headers={"HX-Request": "true"})).text
    attach = await browser.get(f"/new/{draft}?step=attachments&field=attachments")
    assert "A plan is missing." in attach.text
    assert held == [0, 0, 0]


async def test_another_organisation_finds_no_draft(
    context: Context, pool: asyncpg.Pool, browser: httpx.AsyncClient, ada: Person
) -> None:
    draft = await begun(browser, GOOD)
    async with pool.acquire() as db, db.transaction():
        await db.execute("select set_config('portal.sees', 'writer', true)")
        await db.execute("update drafts set organisation_id = $1", uuid4())
        content = await db.fetchval("select content from drafts")
    assert b"Doe" not in content
    assert (await browser.get(f"/new/{draft}")).status_code == 404
    assert f"/new/{draft}" not in (await browser.get("/new")).text


async def test_an_exception_is_corrected_at_its_field(
    context: Context, browser: httpx.AsyncClient, ada: Person, sent: list[Command]
) -> None:
    await on_file(context)
    teller = Teller("portal")
    life = Life(teller, "FIX-1", partner="portal").received().says("SubmissionExcepted")
    await testing.deliver(service, context, teller.told)
    page = await browser.get(f"/requests/{life.request_id}")
    once = page.text.split('name="once" value="')[1].split('"')[0]
    form = {"csrf": csrf_in(page), "once": once, "field": "total_cents"}
    answer = await browser.post(f"/requests/{life.request_id}/correct", data=form)
    assert answer.headers["location"] == f"/new/{once}?step=services&field=lines.0.charge"
    step = await browser.get(answer.headers["location"])
    assert 'aria-invalid="true"' in step.text
    await browser.post(f"/new/{once}/send", data={"csrf": csrf_in(step)})
    body = json.loads(sent[0].value)["request"]
    assert (body["number"], body["version"], body["frequency"]) == ("FIX-1", 2, "7")
    assert sent[0].key == str(life.request_id) and body["payer_claim_number"].startswith("T")


async def test_what_a_return_did_not_ask_for_is_told_before_it_is_sent(
    context: Context, browser: httpx.AsyncClient, ada: Person
) -> None:
    await on_file(context)
    teller = Teller("portal")
    life = Life(teller, "FIX-1", partner="portal").received()
    asked: dict[str, Any] = {
        "reason": Reason.RETURNED_FOR_EDITS,
        "findings": (),
        "fields": ("place_of_service",),
    }
    life.says("SubmissionExcepted", **asked)
    await testing.deliver(service, context, teller.told)
    page = await browser.get(f"/requests/{life.request_id}")
    form = {"csrf": csrf_in(page), "once": str(uuid4())}
    draft = (await browser.post(f"/requests/{life.request_id}/correct", data=form)).headers["location"]
    draft = draft.split("?")[0]
    warning = "the return did not ask for it"
    for typed, is_warned in (({"place_of_service": "12"}, False), ({"diagnoses": "E119"}, True)):
        await browser.post(draft, data={"csrf": form["csrf"], "go": "send"} | typed)
        last = (await browser.get(f"{draft}?step=send")).text
        assert f'action="{draft}/send"' in last and (warning in last) is is_warned
    assert "<li>Diagnoses</li>" in last and "<li>Place of service</li>" not in last


async def test_payments_are_listed_and_kept_as_files(
    context: Context, browser: httpx.AsyncClient, ada: Person
) -> None:
    await on_file(context)
    teller = Teller()
    paid = Life(teller, "PAY-1").paid()
    Life(teller, "PAY-2").paid().returned()
    theirs = Life(teller, "THEIRS", npi="1558598797").paid()
    await testing.deliver(service, context, teller.told)
    page = await browser.get("/payments")
    assert page.text.count("/payments/") >= 2 and "Returned by the bank" in page.text
    assert str(theirs.payment_id) not in page.text
    assert "Settled on the day foretold" in page.text
    one = await browser.get(f"/payments/{paid.payment_id}")
    assert one.status_code == 200 and "PAY-1" in one.text and "above the price agreed" in one.text
    assert (await browser.get(f"/payments/{theirs.payment_id}")).status_code == 404
    assert (await browser.get(f"/payments/{theirs.payment_id}/remittance?as=csv")).status_code == 404
    whole = (await browser.get("/payments/download?as=csv")).text
    assert "PAY-1" in whole and "PAY-2" in whole and "THEIRS" not in whole
    lines = (await browser.get("/payments/download?as=json&state=returned")).text.splitlines()
    assert [json.loads(one)["state"] for one in lines] == ["returned"]
    answer = await browser.get(f"/payments/{paid.payment_id}/remittance?as=json")
    told = json.loads(answer.text)
    assert told["net_cents"] == told["gross_cents"] - told["recovered_cents"]
    assert (await browser.get(f"/payments/{paid.payment_id}/remittance?as=835")).status_code == 503
    assert "2026" in (await browser.get("/payments?since=2026-11-01&until=2026-12-31")).text
    assert "No payment" in (await browser.get("/payments?since=2030-01-01")).text


async def test_home_shows_what_needs_them(context: Context, browser: httpx.AsyncClient, ada: Person) -> None:
    assert "Nothing waits for you" in (await browser.get("/")).text
    await on_file(context)
    teller = Teller()
    Life(teller, "MEND-1").received().says("SubmissionExcepted")
    Life(teller, "WAY-1").received().approved()
    Life(teller, "PAID-1").paid()
    await testing.deliver(service, context, teller.told)
    page = (await browser.get("/")).text
    assert "MEND-1" in page and "One request needs you" in page and "Approved" in page
    assert page.count("/payments/") == 1


async def test_home_is_a_providers_also_for_who_works_in_operations_too(
    context: Context, pool: asyncpg.Pool, browser: httpx.AsyncClient
) -> None:
    person = await known(context, "both", Role.BILLER)
    staff = await known(context, "staff", Role.AUDITOR)
    await of_payee(pool, person, Life(Teller(), "x").payee_id)
    roles = (*person.record().roles, *staff.record().roles)
    async with pool.acquire() as db, db.transaction():
        await enter(db, WRITER)
        await put_person(db, person.record(version=2, roles=roles))
    teller = Teller()
    Life(teller, "MEND-1").received().says("SubmissionExcepted")
    Life(teller, "THEIRS", npi="1558598797").received().says("SubmissionExcepted")
    await testing.deliver(service, context, teller.told)
    await sign_in(browser, person)
    page = (await browser.get("/")).text
    assert "MEND-1" in page and "THEIRS" not in page and "One request needs you" in page


async def test_two_saves_at_once_add_to_each_other(
    context: Context, browser: httpx.AsyncClient, ada: Person
) -> None:
    draft = await begun(browser, {})
    csrf = csrf_in(await browser.get(f"/new/{draft}"))
    typed = {"number": "N-1", "member_id": "M-1", "last_name": "Doe", "authorisation_number": "A-1"}
    for _ in range(3):
        await asyncio.gather(
            *[
                browser.post(
                    f"/new/{draft}", data={"csrf": csrf, name: value}, headers={"HX-Request": "true"}
                )
                for name, value in typed.items()
            ]
        )
        pages = [
            (await browser.get(f"/new/{draft}?step={one}")).text for one in ("who", "patient", "services")
        ]
        assert all(f'value="{value}"' in "".join(pages) for value in typed.values())
        typed = {name: f"{value}x" for name, value in typed.items()}


async def test_who_has_several_organisations_chooses_and_acts_in_the_role_held_there(
    context: Context, pool: asyncpg.Pool, browser: httpx.AsyncClient
) -> None:
    life = await on_file(context)
    person = await known(context, "ada", Role.PROVIDER_ADMIN)
    second = await known(context, "second", Role.BILLER)
    first, other = sorted((person, second), key=lambda one: one.organisation_id)
    await of_payee(pool, other, life.payee_id)  # not the first organisation of the two
    roles = (*person.record().roles, *second.record().roles)
    async with pool.acquire() as db, db.transaction():
        await enter(db, WRITER)
        await put_person(db, person.record(version=2, roles=roles))
    await sign_in(browser, person)
    page = await browser.get("/new")
    assert str(first.organisation_id) in page.text and str(other.organisation_id) in page.text
    form = {"csrf": csrf_in(page), "once": str(uuid4())}
    assert (await browser.post("/new", data=form)).status_code == 422
    stranger = form | {"organisation_id": str(uuid4())}
    assert (await browser.post("/new", data=stranger)).status_code == 404
    wrong = form | {"once": str(uuid4()), "organisation_id": str(first.organisation_id)}
    path = (await browser.post("/new", data=wrong)).headers["location"]
    fields = GOOD | {"payee": str(life.payee_id), "csrf": form["csrf"], "go": "send"}
    await browser.post(path, data=fields)
    assert "Send the request" not in (await browser.get(f"{path}?step=send")).text
    chosen = form | {"organisation_id": str(other.organisation_id)}
    path = (await browser.post("/new", data=chosen)).headers["location"]
    await browser.post(path, data=fields)
    answer = await browser.post(f"{path}/send", data={"csrf": form["csrf"]})
    assert answer.headers["location"] == f"{path}/sent"
    (record,) = [one for one in await testing.said_in(pool) if one.topic == "intake.portal"]
    signer = read(dict(record.headers)[SIGNATURE])
    assert (signer.organisation_id, signer.role) == (other.organisation_id, other.roles[0])


async def test_a_download_holds_every_payment_and_totals_hold_what_stands(
    context: Context,
    pool: asyncpg.Pool,
    browser: httpx.AsyncClient,
    ada: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    teller = Teller()
    life = Life(teller, "PAY-1").paid()
    Life(teller, "PAY-2").paid().returned()
    taken_back = Life(teller, "PAY-3").paid()
    taken_back.says("PaymentReversed", payment_id=taken_back.payment_id)
    await testing.deliver(service, context, teller.told)
    amount = next(
        one.message.amount_cents for one in teller.told if type(one.message).__name__ == "PaymentSent"
    )
    page = (await browser.get("/payments")).text
    cards = page.split('<ul class="cards">')[1].split("</ul>")[0]
    money = [one.split("<")[0] for one in cards.split('class="figure">')[1:]]
    assert "One payment" in cards or "1 payment" in cards
    assert money[0] == money[1] == f"${amount / 100:,.2f}" and money[2] == f"${2 * amount / 100:,.2f}"
    assert "Taken back" in page
    async with pool.acquire() as db, db.transaction():
        await enter(db, WRITER)
        await db.execute(
            """insert into payments (payment_id, payee_id, effective_date, sent_at)
               select gen_random_uuid(), $1, date '2026-01-01' + n % 300, now() from generate_series(1, 5200) n""",
            life.payee_id,
        )
    held = 0

    async def counted(db: asyncpg.Connection, *given: Any) -> Any:
        nonlocal held
        page = await payments_of(db, *given)
        held = max(held, len(page.rows))
        return page

    monkeypatch.setattr("portal.payment_rows.payments_of", counted)
    lines = (await browser.get("/payments/download?as=json")).text.splitlines()
    assert len(lines) == len({json.loads(one)["payment_id"] for one in lines}) == 5203
    assert held <= 200


async def test_an_835_download_that_breaks_off_does_not_look_whole(
    context: Context, browser: httpx.AsyncClient, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    teller = Teller()
    for number in ("PAY-1", "PAY-2"):
        Life(teller, number).paid()
    await testing.deliver(service, context, teller.told)
    asked = []

    def remittance(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, content=b"ISA~") if len(asked) < fails_at else httpx.Response(500)

    true_client = httpx.AsyncClient
    monkeypatch.setattr(
        "portal.payment_files.httpx.AsyncClient",
        lambda **given: true_client(transport=httpx.MockTransport(remittance), **given),
    )
    context.settings = context.settings.model_copy(update={"remittance_url": "http://remittance.example"})
    fails_at = 9
    assert (await browser.get("/payments/download?as=835")).content == b"ISA~ISA~"
    asked.clear()
    fails_at = 1
    assert (await browser.get("/payments/download?as=835")).status_code == 503
    asked.clear()
    fails_at = 2
    with pytest.raises(AssertionError):  # of the transport: the answer was never completed
        await browser.get("/payments/download?as=835")


@pytest.mark.parametrize(
    ("name", "cell"),
    [("=1+1", "'=1+1"), ("+1", "'+1"), ("@SUM(A1)", "'@SUM(A1)"), ("-2", "'-2"), ("\t=1", "'\t=1")],
)
async def test_h16_a_cell_is_no_formula(name: str, cell: str) -> None:
    line = {"line_id": "1", "from_date": "2026-01-01", "code": "=X", "charge_cents": 1, "allowed_cents": 1}
    line |= {"paid_cents": 1, "adjustments": []}
    item = {"number": name, "version": 1, "payer_claim_number": "T1", "lines": [line]}
    payment = {"payment_id": "p", "trace_number": "1", "effective_date": "", "state": "sent", "payer": name}
    (row,) = csv.reader(io.StringIO(csv_rows(payment | {"payee_name": name, "items": [item]})))
    assert [row[4], row[5], row[6]] == [cell] * 3 and row[11] == "'=X"


async def test_h16_a_file_name_ends_no_header(
    context: Context, pool: asyncpg.Pool, browser: httpx.AsyncClient, ada: Person
) -> None:
    teller = Teller()
    life = Life(teller, "PAY-1").paid()
    await testing.deliver(service, context, teller.told)
    async with pool.acquire() as db, db.transaction():
        await enter(db, WRITER)
        await db.execute("update payments set trace_number = $1", 'x"; filename="evil.exe\r\nSet-Cookie: a=b')
    answer = await browser.get(f"/payments/{life.payment_id}/remittance?as=csv")
    assert answer.status_code == 200 and "set-cookie" not in answer.headers
    assert answer.headers["content-disposition"].count('"') == 2


@pytest.mark.parametrize("path", ["/", "/requests", "/payments", "/new"])
async def test_pages_are_small(browser: httpx.AsyncClient, ada: Person, path: str) -> None:
    assert len((await browser.get(path)).content) < 150_000
