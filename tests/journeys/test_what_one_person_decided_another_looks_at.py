"""Much money is approved by two people; a denial that the provider disputes is heard by who did not decide it."""

from __future__ import annotations

from sample_input.codes import AUTHORISED_CODE
from sample_input.scenario import next_version, with_line
from tests.whole_line import WholeLine

from throughline.decisions import (
    DisputeDecided,
    DisputeOpened,
    FirstApprovalGiven,
    ReviewOpened,
    SubmissionApproved,
    SubmissionDenied,
)

LIMIT_CENTS = 500_000
"""Above what other journeys let people approve."""


def test_two_people_approve_much_money(line: WholeLine) -> None:
    with line.payer_with("BLUEHARBOR", two_approvers_from_cents=LIMIT_CENTS):
        payee = line.new_payee()
        bill = with_line(
            line.maker.clean(payee, "BLUEHARBOR", lines_max=1),
            0,
            code="G0121",
            modifiers=(),
            units_thousandths=60_000,
            charge_cents=2_400_000,
        )
        request = line.submit(bill)
        line.until_state(request, "In review")
        line.command("review", "approve", str(request), "--note", "The chart agrees.")
        first = line.until_said(FirstApprovalGiven, request_id=request)
        assert first.amount_cents >= LIMIT_CENTS
        assert "needs a second approver" in line.command("review", "list")
        again = ("review", "approve", str(request), "--note", "Looked at it too.")
        assert "same_person" in line.command(*again, fails=True)
        line.command(*again, "--as", str(line.stack.places.people / "reviewer-2.json"))
        approved = line.until_said(SubmissionApproved, request_id=request)
        assert approved.decided_by.first_actor == str(first.approved_by) != approved.decided_by.actor
        line.until_state(request, "Approved")


def test_a_disputed_denial_is_changed_and_its_next_version_paid(line: WholeLine) -> None:
    payee = line.new_payee()
    bill = with_line(line.bill(payee), 0, code=AUTHORISED_CODE, modifiers=())
    request = line.submit(bill)
    denied = line.until_said(SubmissionDenied, request_id=request)
    assert denied.appeal_until is not None
    line.command("dispute", str(request), "--text", "It was authorised by telephone.")
    line.until_said(DisputeOpened, request_id=request)
    assert "disputed" in line.command("review", "list")
    line.command("review", "change", str(request), "--note", "The letter was there.")
    assert line.until_said(DisputeDecided, request_id=request).outcome == "changed"
    line.until_state(request, "Submitted (denied)")
    line.submit(next_version(bill, request))
    asked = line.until_said(ReviewOpened, request_id=request)
    assert (asked.version, asked.reasons) == (2, ("disputed",))
    line.until_state(request, "In review", version=2)
    line.command("review", "approve", str(request), "--note", "As the dispute was decided.")
    approved = line.until_said(SubmissionApproved, request_id=request)
    line.pass_the_cutoff()
    line.until_state(request, "Payout scheduled", version=2)
    (entry,) = line.entries(payee.account or "")
    assert entry.amount_cents == approved.adjudication.paid_cents > 0
