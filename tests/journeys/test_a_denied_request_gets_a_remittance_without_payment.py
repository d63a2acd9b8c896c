"""Nothing is paid, and the provider hears why: an 835 without payment, with every cent of the charge adjusted."""

from __future__ import annotations

from sample_input.codes import AUTHORISED_CODE
from sample_input.scenario import with_line
from tests.whole_line import WholeLine

from throughline.decisions import SubmissionDenied
from throughline.remittances import RemittancePosted


def test_a_denied_request_gets_a_remittance_without_payment(line: WholeLine) -> None:
    payee = line.new_payee()
    bill = with_line(line.bill(payee), 0, code=AUTHORISED_CODE, modifiers=())
    request = line.submit(bill)
    denied = line.until_said(SubmissionDenied, request_id=request)
    assert denied.reason == "authorisation_missing"
    posted = line.until_said(RemittancePosted, request_id=request)
    assert (posted.payment_id, posted.amount_cents, posted.format) == (None, 0, "835")

    remittance = line.remittance_835(posted.remittance_id)
    assert (remittance.amount_cents, remittance.method) == (0, "NON")
    assert remittance.trace_number == posted.trace_number
    assert remittance.imbalances() == []
    (claim,) = remittance.claims
    assert (claim.number, claim.charge_cents, claim.paid_cents) == (bill.number, bill.total_cents, 0)
    assert claim.adjusted_cents == bill.total_cents
    line.until_status(request, "Submitted (denied), explained by a remittance", "requires an authorisation")

    line.pass_the_cutoff()
    assert line.entries(payee.account or "") == []
