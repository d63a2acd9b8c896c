"""What is withdrawn in time never leaves and gives its bill back; after the cutoff it is too late."""

from __future__ import annotations

from uuid import UUID

from tests.whole_line import WholeLine

from throughline.items import ItemStopped, ItemTooLate
from throughline.requests import PaymentRequest, WithdrawRequest


def withdraw(line: WholeLine, bill: PaymentRequest, request: UUID) -> None:
    answer = line.ask(WithdrawRequest(number=bill.number, version=1, payee=bill.payee), key=bill.number)
    assert (answer.outcome, answer.request_id) == ("accepted", request)


def test_before_the_cutoff_it_stops_the_item_and_frees_the_bill(line: WholeLine) -> None:
    payee = line.new_payee()
    bill = line.bill(payee)
    request = line.submit(bill)
    line.until_state(request, "Approved")
    withdraw(line, bill, request)
    stopped = line.until_said(ItemStopped, request_id=request)
    assert stopped.cause == "withdrawal"
    line.until_state(request, "Approved (withdrawn)")
    line.until_status(request, "Approved (withdrawn)")
    line.rest()

    anew = line.submit(bill.model_copy(update={"number": line.maker.next_number("W")}))
    line.until_state(anew, "Approved")
    line.pass_the_settlement(line.pass_the_cutoff())
    line.until_state(anew, "Paid")
    assert line.state(request) == "Approved (withdrawn)"
    assert len(line.entries(payee.account or "")) == 1


def test_after_the_cutoff_it_is_too_late(line: WholeLine) -> None:
    payee = line.new_payee()
    bill = line.bill(payee)
    request = line.submit(bill)
    line.until_state(request, "Approved")
    batch = line.pass_the_cutoff()
    withdraw(line, bill, request)
    late = line.until_said(ItemTooLate, request_id=request)
    assert late.cause == "withdrawal" and late.payment_id is not None
    line.until_state(request, "Payout scheduled")

    line.pass_the_settlement(batch)
    line.until_state(request, "Paid")
    (entry,) = line.entries(payee.account or "")
    assert entry.amount_cents == line.worth(bill)
