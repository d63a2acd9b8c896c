"""A provider fills in a programme's form from what the agency printed, sends it once, completes it; sees it paid."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from portal_people import Person, csrf_in, known, sign_in
from portal_stories import Life, Teller, example
from test_programme_form import PACK, PACKS, authorised, filled
from test_request_pages import of_payee, sent

from chassis import Context, FixedClock, testing
from portal.app import service
from portal.commands import Command
from portal.page import PHONE_HTML_BYTES_MAX
from portal.resources import Resources
from portal.rule_book import RuleBook
from portal.rules import Role
from throughline.findings import Finding
from throughline.identifiers import derived, payee_id_for
from throughline.packs.directory import load_packs
from throughline.packs.statement import bank_entry, plain_statement
from throughline.packs.travel import form_of
from throughline.programmes import PayClock
from throughline.reasons import Reason, Severity
from throughline.reference import AuthorisationRecorded
from throughline.requests import ProgrammeForm

__all__ = ["sent"]

PAYEE_ID = payee_id_for("npi", "1234567893")


@pytest.fixture
async def maple(context: Context, browser: httpx.AsyncClient, clock: FixedClock) -> Person:
    """A biller of a child care home, signed in; the provider and an authorisation are on file."""
    clock.instant = datetime(2026, 10, 2, 15, tzinfo=UTC)
    keep(context, PACKS)
    person = await known(context, "maple", Role.BILLER)
    await of_payee(context.pool, person, PAYEE_ID)
    teller = Teller()
    teller.tell(example("ProviderRecorded", payee_id=PAYEE_ID))
    teller.tell(on_file(), key="AUTH-2026-77")
    teller.tell(on_file(number="AUTH-THEIRS", payee_id=payee_id_for("npi", "1558598797")), key="AUTH-THEIRS")
    await testing.deliver(service, context, teller.told)
    await sign_in(browser, person)
    return person


def keep(context: Context, packs: Any) -> None:
    was = context.resources
    context.resources = Resources(was.content_key, was.signing_key, packs=packs)


def on_file(**changes: Any) -> AuthorisationRecorded:
    return authorised(PACK).model_copy(update={"payee_id": PAYEE_ID} | changes)


async def begun(browser: httpx.AsyncClient, number: str = "AUTH-2026-77") -> str:
    page = await browser.get("/new")
    offered = page.text.split('action="/forms"')[1].split("</form>")[0]

    def hidden(name: str) -> str:
        return offered.split(f'name="{name}" value="')[1].split('"')[0]

    assert hidden("number") == number
    form = {name: hidden(name) for name in ("once", "number", "organisation_id")} | {"csrf": csrf_in(page)}
    for _ in range(2):
        answer = await browser.post("/forms", data=form)
        assert answer.headers["location"] == f"/forms/{form['once']}"
    theirs = await browser.post("/forms", data=form | {"number": "AUTH-THEIRS"})
    assert theirs.status_code == 404
    return form["once"]


async def test_a_month_is_filled_in_from_what_the_agency_printed_and_sent_once(
    context: Context, pool: asyncpg.Pool, browser: httpx.AsyncClient, maple: Person, sent: list[Command]
) -> None:
    offer = (await browser.get("/new")).text
    assert "Child care provider payment request" in offer and "For A. E., case CASE000123" in offer
    assert "AUTH-THEIRS" not in offer and "Ana" not in offer
    draft = await begun(browser)
    first = await browser.get(f"/forms/{draft}")
    assert "Printed by the agency" in first.text and "$270.00" in first.text
    assert 'name="form.rate_cents"' not in first.text and 'name="form.service_month"' in first.text
    fields = filled(PACK)
    csrf = csrf_in(first)
    typing = {"csrf": csrf, "form.service_month": "2026-09", "form.rate_cents": "9999.00"}
    await browser.post(f"/forms/{draft}", data=typing | {"go": "days"})
    days = await browser.get(f"/forms/{draft}?step=days")
    assert "Tue, Sep 1" in days.text and "Wed, Sep 30" in days.text and len(days.text) < PHONE_HTML_BYTES_MAX
    early = {"csrf": csrf, "form.total_billed_cents": "12", "form.family_fee_cents": "much"}
    part = await browser.post(f"/forms/{draft}", data=early, headers={"HX-Request": "true"})
    assert "Family fee</a>: Write a plain number" in part.text and "<html" not in part.text
    assert "not the sum of the weeks" not in part.text, "the weeks are still to come"
    await browser.post(f"/forms/{draft}", data={"csrf": csrf, **fields, "go": "send"})
    wrong = {"csrf": csrf, "form.total_billed_cents": "12"}
    part = await browser.post(f"/forms/{draft}", data=wrong, headers={"HX-Request": "true"})
    assert "Total billed</a>: The total is not the sum of the weeks." in part.text
    await browser.post(f"/forms/{draft}", data={"csrf": csrf, **fields, "go": "send"})
    spanish = await browser.get(
        f"/forms/{draft}?step=sign", headers={"Accept-Language": "es-MX,es;q=0.9,en;q=0.8"}
    )
    assert "bajo pena de perjurio" in spanish.text and 'language=en" lang="en"' in spanish.text
    chosen = await browser.get(f"/forms/{draft}?step=sign&language=es")
    assert (chosen.status_code, chosen.headers["location"]) == (303, f"/forms/{draft}?step=sign")
    assert "bajo pena de perjurio" in (await browser.get(f"/forms/{draft}?step=sign")).text
    await browser.get(f"/forms/{draft}?step=sign&language=en")
    sign = await browser.get(f"/forms/{draft}?step=sign")
    assert "under penalty of perjury under the laws" in sign.text
    last = await browser.get(f"/forms/{draft}?step=send")
    assert "Send the request" in last.text and "$1,128.00" in last.text, last.text
    other = {"csrf": csrf, "last_name": "Other", "lines.0.charge": "9999"}
    for path in (f"/new/{draft}", f"/new/{draft}/send"):
        assert (await browser.post(path, data=other)).status_code == 404, "no way around what is printed"
    for _ in range(3):
        answer = await browser.post(f"/forms/{draft}/send", data={"csrf": csrf})
        assert answer.headers["location"] == f"/new/{draft}/sent"
    (command,) = sent
    body = json.loads(command.value)["request"]
    assert (command.topic, body["programme"], body["number"]) == (
        "intake.portal", "child-care", "AUTH-2026-77 2026-09",
    )  # fmt: skip
    assert (body["total_cents"], body["subject"]["member_id"]) == (118_800, "CH-0001")
    form = ProgrammeForm.model_validate_json(json.dumps(body["form"]))
    assert "rate_cents" not in form_of(form).values, "what is printed is never sent back"
    said = [one for one in await testing.said_in(pool) if one.topic == "drafts"]
    assert {json.loads(one.value)["kind"] for one in said} == {"calworks-child-care"}
    beside_ids = [
        {
            name: value
            for name, value in json.loads(one.value).items()
            if name != "at" and not name.endswith("_id")
        }
        for one in said
    ]  # an id or a moment may hold any four digits
    assert not [typed for typed in ("CASE000123", "Example", "1188") if typed in str(beside_ids)]


async def test_what_is_wrong_is_named_and_nothing_is_sent(
    context: Context, browser: httpx.AsyncClient, maple: Person, sent: list[Command]
) -> None:
    draft = await begun(browser)
    csrf = csrf_in(await browser.get(f"/forms/{draft}"))
    fields = filled(PACK, total_billed_cents="1187.00", provider_signed_on="")
    await browser.post(f"/forms/{draft}", data={"csrf": csrf, **fields, "go": "send"})
    last = (await browser.get(f"/forms/{draft}?step=send")).text
    assert "The total is not the sum of the weeks." in last and "Provider signed on" in last
    assert "Send the request" not in last
    await browser.post(f"/forms/{draft}/send", data={"csrf": csrf})
    assert sent == []
    at_fault = await browser.get(f"/forms/{draft}?step=bill&field=form.total_billed_cents")
    assert 'aria-invalid="true"' in at_fault.text
    attach = await browser.get(f"/new/{draft}?step=attachments")
    assert attach.status_code == 200 and "rate sheet" in attach.text
    assert (await browser.get(f"/new/{draft}")).headers["location"].startswith(f"/forms/{draft}")


async def test_every_step_tells_what_published_rules_ask_of_it(
    browser: httpx.AsyncClient, maple: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rule(field: str, message: str) -> dict[str, Any]:
        return {
            "programme": PACK.header.programme, "payer": None, "severity": "exception", "field": field,
            "message": message, "fix": "Mend it.",
        }  # fmt: skip

    async def in_force(self: RuleBook, on: date) -> list[dict[str, Any]]:
        return [
            rule("form.days[#].time_in", "Days begin at six."),
            rule("total_cents", "A month has a limit."),
            rule("form.total_billed_cents", "Bill whole dollars."),
        ]

    monkeypatch.setattr(RuleBook, "in_force", in_force)
    draft = await begun(browser)
    told = {}
    for step in ("authorised", "days", "bill", "sign", "send"):
        page = (await browser.get(f"/forms/{draft}?step={step}")).text
        asked = ("Days begin at six.", "A month has a limit.", "Bill whole dollars.")
        told[step] = [one.split()[0] for one in asked if one in page]
    assert told == {
        "authorised": ["A"], "days": ["Days", "A"], "bill": ["A", "Bill"], "sign": ["A"],
        "send": ["Days", "A", "Bill"],
    }  # fmt: skip


async def test_an_authorisation_that_ended_meanwhile_sends_nothing(
    context: Context, browser: httpx.AsyncClient, maple: Person, sent: list[Command]
) -> None:
    draft = await begun(browser)
    csrf = csrf_in(await browser.get(f"/forms/{draft}"))
    await browser.post(f"/forms/{draft}", data={"csrf": csrf, **filled(PACK), "go": "send"})
    ended = testing.heard(
        on_file(active=False, version=2), key="AUTH-2026-77", topic="reference.authorisations"
    )
    await testing.deliver(service, context, [ended])
    assert (await browser.post(f"/forms/{draft}/send", data={"csrf": csrf})).status_code == 404
    assert sent == [] and "AUTH-2026-77" not in (await browser.get("/new")).text


async def test_what_is_returned_is_completed_at_its_field(
    context: Context, browser: httpx.AsyncClient, maple: Person, sent: list[Command]
) -> None:
    draft = await begun(browser)
    csrf = csrf_in(await browser.get(f"/forms/{draft}"))
    await browser.post(f"/forms/{draft}", data={"csrf": csrf, **filled(PACK), "go": "send"})
    await browser.post(f"/forms/{draft}/send", data={"csrf": csrf})
    request = type(example("SubmitRequest", "programme-form")).model_validate_json(sent[0].value).request
    teller = Teller("portal")
    life = Life(teller, request.number, partner="portal")
    life.received(**{name: getattr(request, name) for name in type(request).model_fields if name != "payee"})
    clock = PayClock(started_on=date(2026, 10, 2), due_on=date(2026, 10, 16))
    life.says("ReviewOpened", pay_by=clock)
    await testing.deliver(service, context, teller.told)
    assert "To be paid by Oct 16, 2026" in (await browser.get(f"/requests/{life.request_id}")).text
    life.says("SubmissionExcepted")
    await testing.deliver(service, context, teller.told[-1:])
    page = await browser.get(f"/requests/{life.request_id}")
    assert "stands still since" in page.text and "To be paid by" not in page.text
    once = page.text.split('name="once" value="')[1].split('"')[0]
    told = {"language": "es"}
    found = Finding(
        rule="times-in-order", rule_version=1, severity=Severity.EXCEPTION, reason=Reason.FORMAT,
        field="days", message="A child left before it came.", fix="Correct it.",
    )  # fmt: skip
    await browser.get(f"/forms/{await begun(browser)}", params=told)  # the language is chosen on a form
    life.says("SubmissionExcepted", findings=(found,))
    await testing.deliver(service, context, teller.told[-1:])
    page = await browser.get(f"/requests/{life.request_id}")
    assert 'lang="es"><strong>La hora de salida es anterior' in page.text and "A child left" not in page.text
    again = {"csrf": csrf_in(page), "once": once, "field": "days[3].time_in"}
    answer = await browser.post(f"/requests/{life.request_id}/correct", data=again)
    assert answer.headers["location"] == f"/forms/{once}?field=form.days.3.time_in"
    step = await browser.get(answer.headers["location"])
    assert 'value="08:05"' in step.text and 'aria-invalid="true"' in step.text
    later = {"csrf": csrf_in(step), "form.days.3.time_in": "08:10", "go": "send"}
    await browser.post(f"/forms/{once}", data=later | {"form.weeks.0.minutes": "2115"})
    await browser.post(f"/forms/{once}/send", data={"csrf": csrf_in(step)})
    body = json.loads(sent[-1].value)["request"]
    assert (body["version"], body["frequency"], body["number"]) == (2, "7", request.number)
    assert len(sent) == 2 and sent[1].key == str(life.request_id)


async def test_a_third_pack_is_offered_and_drawn_with_no_code(
    context: Context, browser: httpx.AsyncClient, maple: Person, tmp_path: Path
) -> None:
    shutil.copytree(Path(__file__).parents[3] / "packs" / "in-home-support", tmp_path / "home-meals")
    for path in (tmp_path / "home-meals").rglob("*.toml"):
        text = path.read_text("utf-8").replace("in-home-support", "home-meals")
        path.write_text(text.replace("In-home support timesheet", "Meals at home"), "utf-8")
    packs = load_packs(tmp_path)
    keep(context, packs)
    meals = authorised(packs["home-meals", 1]).model_copy(update={"payee_id": PAYEE_ID, "number": "MEALS-1"})
    await testing.deliver(
        service, context, [testing.heard(meals, key="MEALS-1", topic="reference.authorisations")]
    )
    assert "Meals at home" in (await browser.get("/new")).text
    draft = await begun(browser, "MEALS-1")
    page = await browser.get(f"/forms/{draft}")
    assert "Meals at home" in page.text and "$20.00" in page.text
    await browser.post(
        f"/forms/{draft}", data={"csrf": csrf_in(page), "form.service_month": "2026-09", "go": "visits"}
    )
    assert "Tue, Sep 1" in (await browser.get(f"/forms/{draft}?step=visits")).text


async def test_a_payment_shows_initials_and_case_number_in_the_packs_words(
    context: Context, browser: httpx.AsyncClient, maple: Person
) -> None:
    teller = Teller()
    life = Life(teller, "MONTH-1")
    claim = example("SubmissionApproved").adjudication
    values = form_of(on_file().printed).values  # type: ignore[arg-type]
    plainly = {"programme": "child-care", "entry": bank_entry(PACK), "plain": plain_statement(PACK, values)}
    own = {"payee_id": life.payee_id, "number": "MONTH-1", "partner": "acme"}
    life.received().says("SubmissionApproved", adjudication=claim.model_copy(update=own | plainly))
    life.decision = teller.told[-1].envelope.id
    life.scheduled().sent().settled()
    life.says(
        "RemittancePosted", "paid", payment_id=life.payment_id, format="advice", payee_id=life.payee_id,
        remittance_id=derived("r", "1"), request_id=None, version=None,
    )  # fmt: skip
    await testing.deliver(service, context, teller.told)
    page = (await browser.get(f"/payments/{life.payment_id}")).text
    assert "Child care payment" in page and "A. E." in page and "CASE000123" in page
    assert "Not paid by the programme" in page and "as=plain" in page
    assert "as=835" not in page and "Ana" not in page
