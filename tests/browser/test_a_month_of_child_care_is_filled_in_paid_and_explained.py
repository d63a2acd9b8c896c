"""A month of child care, on a phone: filled in by form, approved by rules, paid by PPD, explained plainly with no name.

From what the agency printed to the remittance in the provider's hand; each part is a promise with its own name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect
from sample_input.reference import COUNTY_PAYER, Provider

from stack.environment import PACKS
from stack.provider_people import BILLER
from tests.browser.people import PHONE, must_be_sound
from tests.browser.test_a_decision_in_the_portal_is_carried_out import until_there
from tests.whole_line import WholeLine
from throughline.decisions import SubmissionApproved
from throughline.identifiers import request_id_for
from throughline.packs.directory import load_packs
from throughline.packs.form import Form
from throughline.packs.lint_examples import case_of
from throughline.packs.travel import sent_of
from throughline.payments import PaymentSent
from throughline.reference import AuthorisationRecorded
from throughline.remittances import RemittancePosted
from throughline.sensitive import Sensitive
from throughline_cli.demo import reference

Window = Callable[..., Page]
pytestmark = pytest.mark.timeout(300)
PACK = load_packs(PACKS)["calworks-child-care", 1]
NUMBER = "WALK-CARE-1"
RATE_CENTS, FEE_CENTS = 110_000, 6_000


@dataclass(frozen=True)
class Walk:
    """Who walks, and the month they walk with."""

    line: WholeLine
    window: Window
    payee: Provider
    month: date

    @property
    def period(self) -> str:
        return f"{self.month:%Y-%m}"

    @property
    def request(self) -> UUID:
        payee = self.payee.record
        return request_id_for("portal", payee.kind, payee.identifier, f"{NUMBER} {self.period}")


def test_a_month_goes_from_the_form_on_a_phone_to_ppd_and_a_plain_remittance(
    line: WholeLine, as_person: Window
) -> None:
    payee = next(one for one in line.world.of_role("child-care") if one.account is not None)
    last_month = line.now().date().replace(day=1) - timedelta(days=1)
    walk = Walk(line, as_person, payee, last_month.replace(day=1))
    the_agency_prints_the_form(walk)
    phone = as_person(BILLER, viewport=PHONE)
    a_provider_fills_it_in_on_a_phone(walk, phone)
    rules_approve_it(walk)
    payment = it_is_paid_by_ppd(walk)
    the_plain_remittance_names_nobody(walk, phone, payment)


def the_agency_prints_the_form(walk: Walk) -> None:
    """Every month of it: which one it is for, the provider says."""
    printed = case_of(PACK, "base").authorised
    values = {name: value for name, value in printed.values.items() if name != PACK.header.dated_by}
    values |= {"rate_category": "monthly", "rate_cents": RATE_CENTS}
    authorisation = AuthorisationRecorded(
        number=NUMBER, version=1, payer=COUNTY_PAYER, payee_id=walk.payee.record.payee_id,
        member_id=Sensitive("CH-0001"), valid_from=date(2026, 1, 1), valid_to=date(2026, 12, 31),
        printed=sent_of(PACK, Form(values, printed.rows)),
    )  # fmt: skip
    reference.publish(walk.line.speaker, "authorisations", [authorisation])
    walk.line.rest()


def a_provider_fills_it_in_on_a_phone(walk: Walk, page: Page) -> None:
    until_there(page, "/new", NUMBER)
    must_be_sound(page)
    page.locator("li", has_text=NUMBER).get_by_role("button", name="Fill in").click()
    expect(page.get_by_role("heading", name="Printed by the agency")).to_be_visible()
    expect(page.locator("dt:text-is('Approved rate') + dd")).to_have_text("$1,100.00")
    must_be_sound(page)
    page.get_by_label("Service month").fill(walk.period)
    page.get_by_role("button", name="Save and go on").click()
    weekdays = [at for at in range(28) if (walk.month + timedelta(days=at)).isoweekday() <= 5]
    for at in weekdays[:5]:
        field(page, f"days.{at}.time_in").fill("08:05")
        field(page, f"days.{at}.time_out").fill("16:55")
    field(page, f"days.{weekdays[5]}.absence").select_option(label="Excused")
    field(page, f"days.{weekdays[5]}.absence_reason").fill("ill")
    must_be_sound(page)
    page.get_by_role("button", name="Save and go on").click()
    field(page, "total_billed_cents").fill("much")
    field(page, "total_billed_cents").press("Tab")
    expect(page.locator("#checks")).to_contain_text("Write a plain number")
    field(page, "total_billed_cents").fill("1100.00")
    field(page, "family_fee_cents").fill("60.00")
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_text("under penalty of perjury under the laws")).to_be_visible()
    today = str(walk.line.now().date())
    for who in ("parent", "provider"):
        field(page, f"{who}_accepts_perjury").select_option("yes")
        field(page, f"{who}_signed_on").fill(today)
    must_be_sound(page)
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_role("link", name="Go on").click()
    expect(page.locator("dt:text-is('Paid by the programme, if all of it holds') + dd")).to_have_text(
        "$1,040.00"
    )
    must_be_sound(page)
    page.get_by_role("button", name="Send the request").click()


def field(page: Page, name: str) -> Locator:
    return page.locator(f"[id='form.{name}']")


def rules_approve_it(walk: Walk) -> None:
    """Nothing stands against it, and it lies below the payer's tier: no person has to look."""
    approved = walk.line.until_said(SubmissionApproved, request_id=walk.request)
    assert (approved.decided_by.kind, approved.adjudication.paid_cents) == ("system", RATE_CENTS - FEE_CENTS)


def it_is_paid_by_ppd(walk: Walk) -> PaymentSent:
    line = walk.line
    line.rest()
    batch = line.pass_the_cutoff()
    payment = line.until_said(PaymentSent, batch_id=batch.batch_id, payee_id=walk.payee.record.payee_id)
    line.pass_the_settlement(batch)
    line.until_state(walk.request, "Paid")
    (entry,) = [
        one for one in line.entries(str(walk.payee.account)) if one.trace_number == payment.trace_number
    ]
    file = next(path for path in line.place.bank.rglob(entry.file))
    batches = [one for one in file.read_text("ascii").splitlines() if one.startswith("5")]
    assert [(one[50:53], one[53:63]) for one in batches if "CHILD CARE" in one] == [("PPD", "CHILD CARE")]
    return payment


def the_plain_remittance_names_nobody(walk: Walk, page: Page, payment: PaymentSent) -> None:
    posted = walk.line.until_said(RemittancePosted, payment_id=payment.payment_id)
    assert posted.format == "advice"
    until_there(page, f"/payments/{payment.payment_id}", "Plain remittance")
    must_be_sound(page)
    expect(page.locator("dt:text-is('Child') + dd")).to_have_text("A. E.")
    expect(page.locator("dt:text-is('Case number') + dd")).to_have_text("CASE000123")
    expect(page.get_by_role("link", name="835", exact=True)).to_have_count(0)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Plain remittance", exact=True).click()
    assert saved.value.suggested_filename == f"{payment.trace_number}.csv"
    told = Path(saved.value.path()).read_text("utf-8")
    assert "Child care payment / Pago de cuidado infantil" in told and "Total,1040.00" in told
    assert "A. E." in told and "CASE000123" in told and "-60.00" in told
    assert "Ana" not in told and "Example" not in told and "CH-0001" not in told
