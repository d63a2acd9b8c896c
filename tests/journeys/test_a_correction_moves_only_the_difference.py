"""Before the cutoff the old version is stopped and the new one is paid instead; afterwards nothing moves by itself."""

from __future__ import annotations

from sample_input.scenario import next_version, with_charge
from tests.whole_line import WholeLine

from throughline.decisions import SubmissionExcepted
from throughline.items import ItemStopped, ItemTooLate


def test_before_the_cutoff_the_old_version_is_stopped_and_only_the_new_one_paid(line: WholeLine) -> None:
    payee = line.new_payee()
    bill = line.maker.clean(payee, "BLUEHARBOR", code="G0438")
    request = line.submit(bill)
    line.until_state(request, "Approved")

    lower = with_charge(next_version(bill, request), 0, 2_000)
    assert line.submit(lower) == request
    line.until_said(ItemStopped, request_id=request, version=1)
    line.until_state(request, "Approved", version=2)
    assert line.state(request, 1) == "Approved (corrected)"

    line.pass_the_settlement(line.pass_the_cutoff())
    line.until_state(request, "Paid", version=2)
    line.rest()
    assert line.state(request, 1) == "Approved (corrected)"
    (entry,) = line.entries(payee.account or "")
    assert entry.amount_cents == line.worth(lower) < line.worth(bill)


def test_after_the_payment_a_correction_pays_nothing_until_recovery_is_decided(line: WholeLine) -> None:
    payee = line.new_payee()
    bill = line.bill(payee)
    request = line.submit(bill)
    line.until_state(request, "Approved")
    line.pass_the_settlement(line.pass_the_cutoff())
    line.until_state(request, "Paid")

    line.submit(with_charge(next_version(bill, request), 0, bill.lines[0].charge_cents + 500))
    line.until_said(ItemTooLate, request_id=request, version=1)
    stopped = line.until_said(SubmissionExcepted, request_id=request, version=2)
    assert stopped.reason == "recovery_needed"
    refused = line.command("review", "release", str(request), "--note", "Pay the difference.", fails=True)
    assert "not_allowed_now" in refused
    line.rest()
    assert line.state(request, 2) == "Exception", "no reviewer pays beside what was paid"

    line.pass_the_settlement(line.pass_the_cutoff())
    line.rest()
    assert (line.state(request, 1), line.state(request, 2)) == ("Paid", "Exception")
    assert len(line.entries(payee.account or "")) == 1
