"""A reviewer approves in the browser: the signature is believed, it is paid, the biller sees it, audit names who."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from sample_input.scenario import with_line

from stack.people import read_key_file
from tests.browser.people import People, must_be_sound
from tests.whole_line import WholeLine
from throughline.decisions import ReviewAssigned, SubmissionApproved
from throughline.payments import PaymentSettled
from throughline.requests import PaymentRequest

Window = Callable[..., Page]
pytestmark = pytest.mark.timeout(300)  # the line starts within the first test


def dear_bill(line: WholeLine) -> PaymentRequest:
    """Above what the payer lets pay without a person."""
    bill = line.maker.clean(line.new_payee(), "BLUEHARBOR", lines_max=1)
    return with_line(bill, 0, code="G0121", modifiers=(), units_thousandths=10_000, charge_cents=400_000)


def test_a_reviewer_approves_and_the_biller_sees_it_paid(
    line: WholeLine, people: People, as_person: Window
) -> None:
    bill = dear_bill(line)
    request = line.submit(bill)
    line.until_state(request, "In review")
    page = as_person("reviewer-1")
    until_there(page, f"/reviews/{request}")
    must_be_sound(page)
    page.get_by_role("button", name="Take it").click()
    taken = line.until_said(ReviewAssigned, request_id=request)
    assert taken.assignee == person_of(line, "reviewer-1")
    until_there(page, f"/reviews/{request}", "Give it back")
    page.get_by_label("Ask the provider").fill("Which chart?")
    page.get_by_role("button", name="Ask", exact=True).click()
    biller = as_person("biller-1")
    until_there(biller, "/", "One question waits for you")
    must_be_sound(biller)
    biller.goto(f"/requests/{request}")
    biller.get_by_label("Your answer").fill("That of May.")
    biller.get_by_role("button", name="Answer").click()
    until_there(page, f"/reviews/{request}", "That of May.")
    page.get_by_label("Approve").check()
    page.get_by_label("Note").fill("The chart says so.")
    page.get_by_role("button", name="Send the decision").click()
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    must_be_sound(page)
    page.get_by_label("Code").fill(people.fresh_code("reviewer-1"))
    page.get_by_role("button", name="Confirm with a code").click()
    expect(page).to_have_url(re.compile(f"/reviews/{request}$"))
    approved = line.until_said(SubmissionApproved, request_id=request)
    assert approved.decided_by.actor == str(person_of(line, "reviewer-1"))

    batch = line.pass_the_cutoff()
    line.pass_the_settlement(batch)
    line.until_state(request, "Paid")
    until_there(biller, f"/requests/{request}", "Paid")
    must_be_sound(biller)
    expect(biller.get_by_role("heading", level=1)).to_contain_text(bill.number)
    assert line.said(PaymentSettled, batch_id=batch.batch_id)
    until_there(biller, f"/requests/{request}/why", "The price, line by line")
    must_be_sound(biller)

    auditor = as_person("auditor-1")
    until_there(auditor, f"/audit/requests/{request}", str(person_of(line, "reviewer-1")))
    must_be_sound(auditor)
    until_there(auditor, f"/audit/requests/{request}/why", "Every rule that was asked")
    must_be_sound(auditor)
    auditor.goto(f"/audit/requests/{request}")
    with auditor.expect_download() as proof:
        auditor.get_by_role("link", name=re.compile("Proof of record decisions")).first.click()
    assert proof.value.suggested_filename.startswith("proof-decisions-")
    until_there(
        auditor, "/figures/from-the-log", "figures are equal"
    )  # once audit keeps all that the portal heard
    must_be_sound(auditor)
    auditor.goto("/figures")
    expect(auditor.get_by_role("row", name=re.compile("Settled on the very day foretold"))).to_contain_text(
        "100"
    )


def test_another_roles_page_shows_no_button(line: WholeLine, as_person: Window) -> None:
    request = line.submit(dear_bill(line))
    line.until_state(request, "In review")
    page = as_person("auditor-1")
    until_there(page, f"/reviews/{request}")
    expect(page.get_by_role("button", name="Send the decision")).to_have_count(0)


def person_of(line: WholeLine, name: str) -> UUID:
    return read_key_file(line.stack.places.people / f"{name}.json").person_id


def until_there(page: Page, path: str, text: str | None = None) -> None:
    """The read model follows within a moment."""
    for _ in range(60):
        answer = page.goto(path)
        if answer is not None and answer.status == 200 and (text is None or text in page.content()):
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"{path} never showed {text or 'a page'}")
