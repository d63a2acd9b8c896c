"""A person at a terminal approves, denies, returns, releases and recalls; a stale answer is refused."""

from __future__ import annotations

from uuid import UUID

from sample_input.reference import Provider
from sample_input.scenario import next_version, with_line
from tests.whole_line import BY_KAFKA, WholeLine

from throughline.decisions import (
    CommandRefused,
    ReviewOpened,
    SubmissionApproved,
    SubmissionDenied,
    SubmissionExcepted,
)
from throughline.flow import REVIEWS
from throughline.reasons import Reason
from throughline.remittances import RemittancePosted
from throughline.requests import PaymentRequest
from throughline.reviews import DecideReview


def dear_bill(line: WholeLine, payee: Provider) -> PaymentRequest:
    """Above what the payer lets pay without a person."""
    return with_line(
        line.maker.clean(payee, "BLUEHARBOR", lines_max=1),
        0,
        code="G0121",
        modifiers=(),
        units_thousandths=10_000,
        charge_cents=400_000,
    )


def in_review(line: WholeLine, bill: PaymentRequest) -> UUID:
    request = line.submit(bill)
    line.until_state(request, "In review")
    return request


def reviewer_of(line: WholeLine) -> str:
    """Who signs decisions of this terminal."""
    assert line.speaker.signers is not None
    return line.speaker.signers.who_may(DecideReview).name


def decide(line: WholeLine, decision: str, request: UUID) -> None:
    line.command("review", decision, str(request), "--note", "Looked at the chart.")


def test_approved_it_is_paid(line: WholeLine) -> None:
    payee = line.new_payee()
    bill = dear_bill(line, payee)
    request = in_review(line, bill)
    assert line.said(ReviewOpened, request_id=request)[0].reasons == ("above_tier",)
    assert str(request) in line.command("review", "list")
    decide(line, "approve", request)
    approved = line.until_said(SubmissionApproved, request_id=request)
    assert (approved.decided_by.kind, approved.decided_by.actor) == ("person", reviewer_of(line))
    line.pass_the_settlement(line.pass_the_cutoff())
    line.until_state(request, "Paid")
    (entry,) = line.entries(payee.account or "")
    assert entry.amount_cents == line.worth(bill)


def test_denied_it_gets_a_remittance_without_payment(line: WholeLine) -> None:
    request = in_review(line, dear_bill(line, line.new_payee()))
    decide(line, "deny", request)
    denied = line.until_said(SubmissionDenied, request_id=request)
    assert denied.reason == "denied_by_reviewer"
    line.until_state(request, "In review (denied)")
    assert line.until_said(RemittancePosted, request_id=request).amount_cents == 0


def test_returned_for_edits_it_is_mended_by_its_next_version(line: WholeLine) -> None:
    payee = line.new_payee()
    bill = dear_bill(line, payee)
    request = in_review(line, bill)
    decide(line, "return", request)
    stopped = line.until_said(SubmissionExcepted, request_id=request)
    assert stopped.reason == "returned_for_edits"
    mended = with_line(next_version(bill, request), 0, units_thousandths=1_000, charge_cents=30_000)
    line.submit(mended)
    line.until_state(request, "Approved", version=2)
    assert line.state(request, 1) == "Exception (corrected)"


def test_a_duplicate_is_released_into_review_and_paid_when_it_was_truly_given_twice(line: WholeLine) -> None:
    payee = line.new_payee()
    bill = line.bill(payee)
    first = line.submit(bill)
    line.until_state(first, "Approved")
    second = line.submit(bill.model_copy(update={"number": line.maker.next_number("R")}))
    line.until_state(second, "Exception")
    assert str(second) in line.command("review", "list", "--exceptions")
    decide(line, "release", second)
    line.until_state(second, "In review")
    decide(line, "approve", second)
    line.until_state(second, "Approved")
    line.pass_the_cutoff()
    line.until_state(second, "Payout scheduled")
    (entry,) = line.entries(payee.account or "")
    assert entry.amount_cents == 2 * line.worth(bill), "one payment of both"


def test_an_approval_is_recalled_before_it_leaves(line: WholeLine) -> None:
    payee = line.new_payee()
    request = line.submit(line.bill(payee))
    line.until_state(request, "Approved")
    decide(line, "recall", request)
    line.until_said(ReviewOpened, request_id=request, reasons=(Reason.RECALLED,))
    line.until_state(request, "In review")
    line.pass_the_cutoff()
    assert line.entries(payee.account or "") == []
    decide(line, "deny", request)
    line.until_state(request, "In review (denied)")


def test_a_stale_answer_is_refused(line: WholeLine) -> None:
    """The reviewer looked at version 1; meanwhile the partner sent version 2."""
    payee = line.new_payee()
    bill = dear_bill(line, payee)
    request = in_review(line, bill)
    asked = next(
        record.id
        for record in line.witness.records()
        if isinstance(record.message, ReviewOpened) and record.message.request_id == request
    )
    assert asked is not None
    line.submit(next_version(bill, request).model_copy(update={"invoice_number": "SECOND"}), BY_KAFKA)
    line.until_state(request, "In review", version=2)
    for version in (1, 2):
        command = DecideReview(
            request_id=request,
            version=version,
            answers=asked,
            decision="approve",
            note="Fine.",
            actor="R. Viewer",
        )
        refused = line.until_said(
            CommandRefused, command_id=line.speaker.say(REVIEWS.name, command, str(request))
        )
        assert refused.reason == "stale_answer"
    line.rest()
    assert line.said(SubmissionApproved, request_id=request) == []
    assert line.state(request, 2) == "In review"
