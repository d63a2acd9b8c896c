"""A denial is disputed in the browser and decided by a reviewer who had no part in it: it is changed, or stands."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from sample_input.scenario import next_version, with_line

from tests.browser.people import must_be_sound
from tests.browser.test_a_decision_in_the_portal_is_carried_out import until_there
from tests.whole_line import WholeLine
from throughline.decisions import DisputeDecided, DisputeOpened, SubmissionApproved, SubmissionDenied
from throughline.requests import PaymentRequest

Window = Callable[..., Page]
pytestmark = pytest.mark.timeout(300)  # the line starts within the first test


def test_a_denial_is_disputed_and_another_reviewer_changes_or_upholds_it(
    line: WholeLine, as_person: Window
) -> None:
    payee = line.new_payee()
    dear = {"code": "G0121", "modifiers": (), "units_thousandths": 10_000, "charge_cents": 400_000}
    bills = [with_line(line.maker.clean(payee, "BLUEHARBOR", lines_max=1), 0, **dear) for _ in range(2)]
    requests = [line.submit(bill) for bill in bills]
    for request in requests:
        line.until_state(request, "In review")
    first = str(line.stack.places.people / "reviewer-1.json")
    line.command("review", "deny", *map(str, requests), "--note", "No chart.", "--as", first)
    for request in requests:
        line.until_said(SubmissionDenied, request_id=request)

    biller = as_person("biller-1")
    for request in requests:
        dispute(biller, request, "The chart was with the letter.")
        line.until_said(DisputeOpened, request_id=request)
    until_there(biller, "/", "disputes of yours wait")
    must_be_sound(biller)

    denier = as_person("reviewer-1")
    until_there(denier, f"/reviews/{requests[0]}", "You had a part in it")
    expect(denier.get_by_role("button", name="Send the decision")).to_have_count(0)
    other = as_person("reviewer-2")
    until_there(other, "/", "wait for a reviewer")
    other.get_by_role("link", name="Look at what is disputed").click()
    for request, choice, outcome in zip(
        requests, ("Change the decision", "Uphold the decision"), ("changed", "upheld"), strict=True
    ):
        until_there(other, f"/reviews/{request}", "The chart was with the letter.")
        other.get_by_label(choice).check()
        other.get_by_label("Note").fill("Heard both.")
        other.get_by_role("button", name="Send the decision").click()
        assert line.until_said(DisputeDecided, request_id=request).outcome == outcome
    until_there(biller, f"/requests/{requests[1]}", "The decision was disputed, and stands.")
    until_there(biller, f"/requests/{requests[0]}", "The dispute changed the decision")
    must_be_sound(biller)

    is_paid(line, bills[0], requests[0])
    until_there(biller, f"/requests/{requests[0]}", "Payout scheduled")
    (entry,) = line.entries(payee.account or "")
    assert entry.amount_cents > 0, "of two denials one was changed, and is paid once"


def dispute(page: Page, request: UUID, why: str) -> None:
    until_there(page, f"/requests/{request}", "Dispute this decision")
    page.get_by_text("Dispute this decision").first.click()
    page.get_by_label("Why should it be decided otherwise?").fill(why)
    page.get_by_role("button", name="Dispute it").click()


def is_paid(line: WholeLine, denied: PaymentRequest, request: UUID) -> None:
    """The next version is decided anew, as every correction is."""
    line.submit(next_version(denied, request))
    line.until_state(request, "In review", version=2)
    line.command("review", "approve", str(request), "--note", "As the dispute was decided.")
    line.until_said(SubmissionApproved, request_id=request)
    line.pass_the_cutoff()
    line.until_state(request, "Payout scheduled", version=2)
