"""Money that comes back: the request is returned, its remittance no longer live, its account not paid again."""

from __future__ import annotations

from datetime import time

from tests.whole_line import WholeLine

from throughline.accounts import AccountHeld
from throughline.items import ItemHeld
from throughline.payments import PaymentReturned, PaymentSent
from throughline.remittances import RemittancePosted, RemittanceReversed


def test_a_returned_payment_is_held_and_its_account_blocked(line: WholeLine) -> None:
    payee = line.world.one("returned")
    request = line.submit(line.bill(payee))
    line.until_state(request, "Approved")
    line.pass_the_settlement(line.pass_the_cutoff())
    sent = line.until_said(PaymentSent, payee_id=payee.record.payee_id)
    posted = line.until_said(RemittancePosted, payment_id=sent.payment_id)
    line.until_state(request, "Paid")

    line.pass_banking_days(1, time(8, 0))
    returned = line.until_said(PaymentReturned, payment_id=sent.payment_id)
    assert (returned.return_code, returned.amount_cents) == ("R03", sent.amount_cents)
    line.until_state(request, "Exception (returned)")
    held = line.until_said(AccountHeld, payee_id=payee.record.payee_id)
    assert (held.return_code, held.reason) == ("R03", "account_held")
    reversal = line.until_said(RemittanceReversed, payment_id=sent.payment_id)
    assert (reversal.remittance_id, reversal.amount_cents) == (posted.remittance_id, sent.amount_cents)
    shown = line.http.get("remittance", f"/v1/remittances/{posted.remittance_id}")
    assert shown["live"] is False
    assert line.remittance_835(posted.remittance_id).amount_cents == sent.amount_cents, "it stays readable"
    line.until_status(request, "Exception (returned)")

    second = line.submit(line.bill(payee))
    line.until_state(second, "Approved")
    line.pass_the_cutoff()
    line.until_state(second, "Exception (on hold)")
    assert [one.reason for one in line.said(ItemHeld, request_id=second)] == ["account_held"]
    assert len(line.entries(payee.account or "")) == 1
