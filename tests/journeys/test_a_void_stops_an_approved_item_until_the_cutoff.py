"""A void (frequency 8) in time ends the request and frees its bill; afterwards it waits for a recovery."""

from __future__ import annotations

from sample_input.scenario import next_version
from tests.whole_line import WholeLine

from throughline.decisions import SubmissionExcepted
from throughline.items import ItemStopped


def test_before_the_cutoff_it_ends_the_request_and_frees_the_bill(line: WholeLine) -> None:
    payee = line.new_payee()
    bill = line.bill(payee)
    request = line.submit(bill)
    line.until_state(request, "Approved")
    line.submit(next_version(bill, request, "8"))
    stopped = line.until_said(ItemStopped, request_id=request)
    assert (stopped.version, stopped.cause) == (1, "void")
    line.until_state(request, "Approved (voided)", version=1)
    line.until_state(request, "Submitted (voided)", version=2)
    line.rest()

    anew = line.submit(bill.model_copy(update={"number": line.maker.next_number("V")}))
    line.until_state(anew, "Approved")
    line.pass_the_cutoff()
    line.until_state(anew, "Payout scheduled")
    assert len(line.entries(payee.account or "")) == 1
    assert line.state(request, 1) == "Approved (voided)"


def test_after_the_cutoff_it_waits_for_a_recovery(line: WholeLine) -> None:
    payee = line.new_payee()
    bill = line.bill(payee)
    request = line.submit(bill)
    line.until_state(request, "Approved")
    batch = line.pass_the_cutoff()
    line.submit(next_version(bill, request, "8"))
    stopped = line.until_said(SubmissionExcepted, request_id=request, version=2)
    assert stopped.reason == "recovery_needed"
    line.pass_the_settlement(batch)
    line.until_state(request, "Paid", version=1)
    assert line.state(request, 2) == "Exception"
