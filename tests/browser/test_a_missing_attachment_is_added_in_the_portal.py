"""A biller sends a claim without the document its payer asks for; is told which, adds it by form, and it is taken."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sample_input.codes import ZERO_RATE_CODE
from sample_input.documents import attendance_sheet

from tests.browser.claim_by_form import TypedClaim, type_in
from tests.browser.people import PHONE, must_be_sound
from tests.browser.test_a_decision_in_the_portal_is_carried_out import person_of, until_there
from tests.whole_line import WholeLine
from throughline.decisions import SubmissionApproved, SubmissionExcepted
from throughline.identifiers import request_id_for
from throughline.reasons import Reason
from throughline.reference import RequiredAttachment
from throughline.submissions import SubmissionReceived

Window = Callable[..., Page]
pytestmark = pytest.mark.timeout(300)  # the line starts within the first test
PAYER = "BLUEHARBOR"
PLAN = RequiredAttachment(type="treatment-plan", codes=(ZERO_RATE_CODE,), effective_from=date(2020, 1, 1))


def test_what_is_missing_is_named_and_added_at_its_field(
    line: WholeLine, as_person: Window, tmp_path: Path
) -> None:
    with line.payer_with(PAYER, required_attachments=(PLAN,)):
        what_is_missing_is_added(line, as_person, tmp_path)


def what_is_missing_is_added(line: WholeLine, as_person: Window, tmp_path: Path) -> None:
    payee = line.new_payee().record
    request = request_id_for("portal", payee.kind, payee.identifier, "ATT-1")

    page = as_person("biller-1")
    claim = TypedClaim(
        payee_id=payee.payee_id, payer=PAYER, number="ATT-1", member="M-7001", last_name="Invented",
        code=ZERO_RATE_CODE, day="2026-11-02", units="1", charge="10.00",
    )  # fmt: skip
    type_in(page, claim)  # nothing but the missing document speaks against it
    page.set_viewport_size(PHONE)
    expect(page.get_by_text("Nothing is attached")).to_be_visible()
    must_be_sound(page)
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_text("treatment-plan").first).to_be_visible()  # the rules are asked before it is sent
    page.get_by_role("button", name="Send the request").click()
    excepted = line.until_said(SubmissionExcepted, request_id=request)
    assert excepted.reason == Reason.ATTACHMENT_MISSING

    until_there(page, f"/requests/{request}", "treatment-plan")
    must_be_sound(page)
    page.get_by_role("button", name="Go to the field").click()
    expect(page).to_have_url(re.compile("step=attachments"))
    expect(page.locator("#attachments-problem")).to_contain_text("treatment-plan")
    must_be_sound(page)
    document = tmp_path / "Treatment plan.pdf"
    document.write_bytes(attendance_sheet("ATT-1"))
    page.get_by_label("Kind of document").fill("treatment-plan")
    page.locator("#attachments").set_input_files(document)
    page.get_by_role("button", name="Add the document").click()
    expect(page.get_by_text("Received", exact=True)).to_be_visible()
    must_be_sound(page)
    page.get_by_role("link", name="Go on").click()
    page.get_by_role("button", name="Send the request").click()
    approved = line.until_said(SubmissionApproved, request_id=request)
    assert approved.version == 2
    (received,) = line.said(SubmissionReceived, request_id=request, version=2)
    assert received.submitted_by == person_of(line, "biller-1")

    reviewer = as_person("reviewer-1")
    until_there(reviewer, f"/reviews/{request}", "treatment-plan")
    must_be_sound(reviewer)
    with reviewer.expect_download() as saved:
        reviewer.get_by_role("link", name="Download treatment-plan").click()
    assert saved.value.suggested_filename.endswith(".pdf")
    assert Path(saved.value.path()).read_bytes() == attendance_sheet("ATT-1")
