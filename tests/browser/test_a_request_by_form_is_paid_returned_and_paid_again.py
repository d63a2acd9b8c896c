"""A claim by form: refused and fixed, approved, released by another person, paid; returned, and paid again.

One walk through everybody's browser, from the biller's empty form to the auditor's timeline. Each part is a promise
with its own name; the next part begins where it ended.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from uuid import UUID

import pytest
from babel.dates import format_date
from playwright.sync_api import Page, expect
from sample_input.documents import attendance_sheet

from stack.provider_people import PROVIDER, act_for
from tests.browser.claim_by_form import TypedClaim, type_in
from tests.browser.people import DESK, PHONE, People, must_be_sound
from tests.browser.test_a_decision_in_the_portal_is_carried_out import person_of, until_there
from tests.whole_line import WholeLine
from throughline.accounts import AccountChanged, AccountVerified
from throughline.decisions import SubmissionApproved, SubmissionExcepted
from throughline.identifiers import request_id_for
from throughline.payments import (
    BatchClosed,
    BatchHeld,
    BatchReleased,
    PaymentReissued,
    PaymentReturned,
    PaymentSent,
    PaymentSettled,
)
from throughline.reasons import Reason
from throughline.reference import RequiredAttachment
from throughline.submissions import SubmissionReceived
from throughline_cli.demo.remittance_files import read_835

Window = Callable[..., Page]
pytestmark = pytest.mark.timeout(
    420
)  # the line may start within it, and a code counts once in its half minute
PAYER, CODE = "BLUEHARBOR", "G0121"
NUMBER = "WALK-1"
PLAN = RequiredAttachment(type="treatment-plan", codes=(CODE,), effective_from=date(2020, 1, 1))
MENDED = "4400118642"


@dataclass(frozen=True)
class Walk:
    """Who walks, and the request they walk with."""

    line: WholeLine
    people: People
    window: Window
    payee_id: UUID
    request: UUID
    folder: Path

    def step_up(self, page: Page, login: str) -> None:
        """Proves once more who it is, by a code, over what the page shows."""
        expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
        must_be_sound(page)
        page.get_by_label("Code").fill(self.people.fresh_code(login))
        page.get_by_role("button", name="Confirm with a code").click()
        expect(page.get_by_role("heading", name="Confirm that it is you")).to_have_count(0)


def test_a_claim_is_fixed_approved_released_paid_returned_and_paid_again(
    line: WholeLine, people: People, as_person: Window, tmp_path: Path
) -> None:
    payee = line.world.one("returned in the portal").record
    request = request_id_for("portal", payee.kind, payee.identifier, NUMBER)
    act_for(line.stack.kafka_bootstrap, line.stack.places.people, PROVIDER, [payee.payee_id])
    walk = Walk(line, people, as_person, payee.payee_id, request, tmp_path)
    biller = as_person("biller-1")
    # It wants a document with these services, and a person to release its batches.
    with line.payer_with(PAYER, required_attachments=(PLAN,), release="by_person"):
        a_biller_sends_a_claim_with_an_attachment_by_form(walk, biller)
        what_was_refused_is_fixed_at_the_field_at_fault(walk, biller)
        a_reviewer_approves_it_with_a_fresh_proof(walk)
        first = another_person_releases_the_batch(walk)
    the_biller_sees_the_payment_with_its_date(walk, biller, first)
    the_biller_downloads_what_explains_it(walk, biller, first)
    the_return_leads_the_provider_to_the_account(walk, first)
    a_second_person_confirms_the_account(walk)
    operations_pay_it_again_after_the_waiting_period(walk, first)
    second = it_is_paid_again_to_the_new_account(walk, biller, first)
    assert second.amount_cents == first.amount_cents
    every_step_stands_in_the_timeline_with_its_person_and_role(walk)
    the_figures_are_drawn_and_sound(walk)


def a_biller_sends_a_claim_with_an_attachment_by_form(walk: Walk, page: Page) -> None:
    claim = TypedClaim(
        payee_id=walk.payee_id, payer=PAYER, number=NUMBER, member="M-8642", last_name="Walker",
        code=CODE, day="2026-11-03", units="10", charge="4000.00",
    )  # fmt: skip
    type_in(page, claim)
    attach(walk, page, "referral")
    page.get_by_role("link", name="Go on").click()
    page.get_by_role("button", name="Send the request").click()
    excepted = walk.line.until_said(SubmissionExcepted, request_id=walk.request)
    assert excepted.reason == Reason.ATTACHMENT_MISSING, "another document than the one asked for"
    (received,) = walk.line.said(SubmissionReceived, request_id=walk.request, version=1)
    assert [one.type for one in received.request.attachments] == ["referral"]


def attach(walk: Walk, page: Page, kind: str) -> None:
    document = walk.folder / f"{kind}.pdf"
    document.write_bytes(attendance_sheet(f"{NUMBER} {kind}"))
    page.get_by_label("Kind of document").fill(kind)
    page.locator("#attachments").set_input_files(document)
    page.get_by_role("button", name="Add the document").click()
    expect(page.get_by_role("cell", name=kind, exact=True)).to_be_visible()


def what_was_refused_is_fixed_at_the_field_at_fault(walk: Walk, page: Page) -> None:
    until_there(page, "/", NUMBER)  # home names what needs the biller
    until_there(page, f"/requests/{walk.request}", "treatment-plan")
    page.get_by_role("button", name="Go to the field").first.click()
    expect(page.locator("#attachments-problem")).to_contain_text("treatment-plan")
    attach(walk, page, "treatment-plan")
    page.get_by_role("link", name="Go on").click()
    page.get_by_role("button", name="Send the request").click()
    walk.line.until_state(walk.request, "In review", version=2)
    (received,) = walk.line.said(SubmissionReceived, request_id=walk.request, version=2)
    assert received.submitted_by == person_of(walk.line, "biller-1")


def a_reviewer_approves_it_with_a_fresh_proof(walk: Walk) -> None:
    page = walk.window("reviewer-1")
    until_there(page, f"/reviews/{walk.request}", "Send the decision")
    page.get_by_label("Approve").check()
    page.get_by_label("Note").fill("The plan says so.")
    page.get_by_role("button", name="Send the decision").click()
    walk.step_up(page, "reviewer-1")
    approved = walk.line.until_said(SubmissionApproved, request_id=walk.request)
    assert approved.decided_by.actor == str(person_of(walk.line, "reviewer-1"))


def another_person_releases_the_batch(walk: Walk) -> PaymentSent:
    line = walk.line
    closed = line.close_the_window()
    held = line.until_said(BatchHeld, batch_id=closed.batch_id)
    assert held.cause == "release_required"
    reviewer, releaser = walk.window("reviewer-1"), walk.window("releaser-1")
    until_there(reviewer, f"/batches/{closed.batch_id}", "Waits for release")
    expect(reviewer.get_by_role("button", name="Release this batch")).to_have_count(0)
    until_there(releaser, f"/batches/{closed.batch_id}", "Waits for release")
    must_be_sound(releaser)
    assert not line.said(PaymentSent, batch_id=closed.batch_id), "nothing leaves before it is released"
    releaser.get_by_label("Note").fill("The sums are right.")
    releaser.get_by_role("button", name="Release this batch").click()
    walk.step_up(releaser, "releaser-1")
    released = line.until_said(BatchReleased, batch_id=closed.batch_id)
    assert released.actor == str(person_of(line, "releaser-1"))
    line.bank_took(closed)
    return the_payment_of(walk, closed)


def the_payment_of(walk: Walk, batch: BatchClosed) -> PaymentSent:
    return walk.line.until_said(PaymentSent, batch_id=batch.batch_id, payee_id=walk.payee_id)


def the_biller_sees_the_payment_with_its_date(walk: Walk, page: Page, payment: PaymentSent) -> None:
    walk.line.live_to(payment.effective_date, time(18, 30))
    walk.line.until_state(walk.request, "Paid", version=2)
    settled = walk.line.until_said(PaymentSettled, payment_id=payment.payment_id)
    day = format_date(settled.settled_on, "medium", locale="en")
    until_there(page, f"/payments/{payment.payment_id}", "Settled on")
    must_be_sound(page)
    expect(page.locator("dt:text-is('Settled on') + dd")).to_have_text(day)
    page.goto("/payments")
    row = page.locator("tbody tr", has_text=payment.trace_number)
    expect(row).to_contain_text(format_date(payment.effective_date, "medium", locale="en"))


def the_biller_downloads_what_explains_it(walk: Walk, page: Page, payment: PaymentSent) -> None:
    until_there(page, f"/payments/{payment.payment_id}", ">835<")
    content = {}
    for kind in ("835", "CSV", "JSON"):
        with page.expect_download() as saved:
            page.get_by_role("link", name=kind, exact=True).click()
        assert saved.value.suggested_filename == f"{payment.trace_number}.{kind.lower()}"
        content[kind] = Path(saved.value.path()).read_text()
    (remittance,) = read_835(content["835"], "downloaded")
    assert remittance.amount_cents == payment.amount_cents and not remittance.imbalances()
    assert NUMBER in content["CSV"]
    assert json.loads(content["JSON"])["net_cents"] == payment.amount_cents


def the_return_leads_the_provider_to_the_account(walk: Walk, payment: PaymentSent) -> None:
    walk.line.pass_banking_days(1, time(8, 0))
    walk.line.until_said(PaymentReturned, payment_id=payment.payment_id)
    walk.line.until_state(walk.request, "Exception (returned)", version=2)
    page = walk.window(PROVIDER)
    until_there(page, f"/requests/{walk.request}", "Look at the bank account")
    page.get_by_role("link", name="Look at the bank account").click()
    expect(page).to_have_url(re.compile(f"/bank-account/{walk.payee_id}$"))
    until_there(page, f"/bank-account/{walk.payee_id}", "Held")
    must_be_sound(page)
    page.get_by_label("Routing number").fill("091000019")
    for label in ("Account number", "Account number once more"):
        page.get_by_label(label, exact=True).fill(MENDED)
    page.get_by_role("button", name="Go on to prove that it is you").click()
    assert MENDED not in page.content()
    walk.step_up(page, PROVIDER)
    changed = walk.line.until_said(AccountChanged, payee_id=walk.payee_id)
    assert changed.account_mask.endswith(MENDED[-4:])
    until_there(page, f"/bank-account/{walk.payee_id}", "Waits for a second person")


def a_second_person_confirms_the_account(walk: Walk) -> None:
    page = walk.window("approver-1")
    until_there(page, "/account-changes", MENDED[-4:])
    must_be_sound(page)
    row = page.locator("tr", has_text=MENDED[-4:])
    row.get_by_role("button", name=re.compile("Confirm the new account")).click()
    walk.step_up(page, "approver-1")
    walk.line.until_said(AccountVerified, payee_id=walk.payee_id)
    provider = walk.window(PROVIDER)
    until_there(provider, f"/bank-account/{walk.payee_id}", "Payable from")


def operations_pay_it_again_after_the_waiting_period(walk: Walk, payment: PaymentSent) -> None:
    page = walk.window("releaser-2")
    until_there(page, "/returns", payment.trace_number)
    row = page.locator("tr", has_text=payment.trace_number)
    expect(row).to_contain_text("Not payable")
    walk.line.pass_banking_days(5, time(8, 0))
    page.goto("/returns")
    expect(row).not_to_contain_text("Not payable")
    must_be_sound(page)
    row.get_by_label("Note").fill("The account is mended.")
    row.get_by_role("button", name="Pay again").click()
    walk.step_up(page, "releaser-2")
    reissued = walk.line.until_said(PaymentReissued, payment_id=payment.payment_id)
    assert reissued.actor == str(person_of(walk.line, "releaser-2"))


def it_is_paid_again_to_the_new_account(walk: Walk, page: Page, first: PaymentSent) -> PaymentSent:
    line = walk.line
    line.until_state(walk.request, "Approved", version=2)
    line.rest()  # its items wait for the cutoff
    batch = line.pass_the_cutoff()
    second = the_payment_of(walk, batch)
    line.pass_the_settlement(batch)
    line.until_state(walk.request, "Paid", version=2)
    until_there(page, f"/payments/{second.payment_id}", "Settled on")
    assert second.trace_number != first.trace_number
    assert [one.amount_cents for one in line.entries(MENDED)] == [first.amount_cents]
    return second


STEPS = (
    ("SubmitRequest", "biller-1", "biller"),
    ("CorrectRequest", "biller-1", "biller"),
    ("DecideReview", "reviewer-1", "reviewer"),
    ("ReleaseBatch", "releaser-1", "releaser"),
    ("ChangeAccount", PROVIDER, "provider_admin"),
    ("ConfirmAccount", "approver-1", "account_approver"),
    ("ReissuePayment", "releaser-2", "releaser"),
)
"""What people did, in its order: the command, who, and the role they signed in."""


def every_step_stands_in_the_timeline_with_its_person_and_role(walk: Walk) -> None:
    page = walk.window("auditor-1")
    until_there(page, f"/audit/requests/{walk.request}", "PaymentReissued")
    must_be_sound(page)
    told = [one for one in page.locator("ol.line li").all_inner_texts() if "signed by person" in one]
    assert [one.split()[0] for one in told] == [command for command, _, _ in STEPS], (
        "in its order, and no other"
    )
    for entry, (command, login, role) in zip(told, STEPS, strict=True):
        assert str(person_of(walk.line, login)) in entry, f"{command} names who asked"
        assert f"({role})" in entry, f"{command} names the role"


def the_figures_are_drawn_and_sound(walk: Walk) -> None:
    """Each page of figures at both widths: WCAG, weight, and no scrolling sideways."""
    page = walk.window("auditor-1")
    lists = ("decisions", "late", "unmatched", "dates", "drafts", "failures", "groups", "from-the-log")
    for path in ("/figures", *(f"/figures/{name}" for name in lists)):
        answer = page.goto(path)
        assert answer is not None and answer.status == 200, path
        for viewport in (DESK, PHONE):
            page.set_viewport_size(viewport)
            must_be_sound(page)
    page.goto("/figures")
    for what in ("Money and remittances", "What fails, by provider group"):
        expect(page.get_by_role("img", name=re.compile(what))).to_be_visible()
