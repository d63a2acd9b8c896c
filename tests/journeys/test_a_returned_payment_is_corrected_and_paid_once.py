"""What came back is paid again when the account is mended: once, as a new payment, whose 835 supersedes the old one."""

from __future__ import annotations

from datetime import time

from tests.whole_line import WholeLine

from throughline.accounts import AccountChanged, AccountVerified
from throughline.decisions import CommandRefused
from throughline.orders import ReissuePayment
from throughline.payees import ChangeAccount, ConfirmAccount
from throughline.payments import PaymentReissued, PaymentReturned, PaymentSent
from throughline.reasons import Reason
from throughline.remittances import RemittancePosted, RemittanceReversed

MENDED = "4400112233"


def test_a_returned_payment_is_corrected_and_paid_once(line: WholeLine) -> None:
    payee = line.world.one("corrected")
    payee_id = payee.record.payee_id
    request = line.submit(line.bill(payee))
    line.until_state(request, "Approved")
    line.pass_the_settlement(line.pass_the_cutoff())
    line.until_state(request, "Paid")
    first = line.until_said(PaymentSent, payee_id=payee_id)
    explained = line.until_said(RemittancePosted, payment_id=first.payment_id)
    line.pass_banking_days(1, time(8, 0))
    line.until_said(PaymentReturned, payment_id=first.payment_id)
    line.until_state(request, "Exception (returned)")
    line.until_said(RemittanceReversed, payment_id=first.payment_id)

    again = ReissuePayment(payment_id=first.payment_id, note="The account is mended.", actor="ann")
    line.order(again, str(first.payment_id))
    assert _refusals(line, first.payment_id, 1) == [Reason.ACCOUNT_HELD]
    change = ChangeAccount(
        payee_id=payee_id, speaker="cli", sealed_account=line.sealed(payee, MENDED), requested_by="ann"
    )
    line.ask_of_payees(change)
    changed = line.until_said(AccountChanged, payee_id=payee_id)
    confirm = ConfirmAccount(
        payee_id=payee_id,
        account_token=changed.account_token,
        account_mask=changed.account_mask,
        confirmed_by="bea",
    )
    line.ask_of_payees(confirm, nth=1)
    line.until_said(AccountVerified, payee_id=payee_id, account_token=changed.account_token)
    line.order(again, str(first.payment_id))
    assert _refusals(line, first.payment_id, 2)[1:] == [Reason.COOLING_OFF]
    line.pass_banking_days(5, time(8, 0))
    line.order(again, str(first.payment_id))
    reissued = line.until_said(PaymentReissued, payment_id=first.payment_id)
    assert (reissued.item_count, reissued.amount_cents) == (1, first.amount_cents)
    line.until_state(request, "Approved")
    line.order(again, str(first.payment_id))
    assert _refusals(line, first.payment_id, 3)[2:] == [Reason.ALREADY_REISSUED]

    line.pass_the_settlement(line.pass_the_cutoff())
    line.until_state(request, "Paid")
    line.until_status(request, "Paid")
    (second,) = [
        one for one in line.said(PaymentSent, payee_id=payee_id) if one.payment_id != first.payment_id
    ]
    new = line.until_said(RemittancePosted, payment_id=second.payment_id)
    assert new.supersedes == (explained.remittance_id,)
    assert second.trace_number != first.trace_number
    (entry,) = line.entries(MENDED)
    assert entry.amount_cents == first.amount_cents
    assert len(line.entries(payee.account or "")) == 1
    line.rest()
    assert line.http.get("remittance", "/v1/reconciliation")["agree"]


def _refusals(line: WholeLine, payment_id: object, count: int) -> list[Reason]:
    """Why orders about the payment were refused, in their order."""

    def of_it() -> list[CommandRefused]:
        told = (one for one in line.witness.records() if one.key == str(payment_id))
        return [one.message for one in told if isinstance(one.message, CommandRefused)]

    line.until(lambda: len(of_it()) == count, f"{count} refusals")
    return [one.reason for one in of_it()]
