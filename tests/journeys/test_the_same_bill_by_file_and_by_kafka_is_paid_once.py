"""A service billed by Kafka, again by the same record, and again in an 837P file of another partner: one entry."""

from __future__ import annotations

from sample_input.feed import request_id
from sample_input.x12 import write_837p
from tests.whole_line import BY_FILE, BY_KAFKA, WholeLine

from throughline.decisions import SubmissionExcepted
from throughline.requests import SubmitRequest


def test_the_same_bill_by_file_and_by_kafka_is_paid_once(line: WholeLine) -> None:
    payee = line.new_payee()
    bill = line.bill(payee)
    first = line.submit(bill)
    again = line.ask(SubmitRequest(request=bill), BY_KAFKA, key=bill.number)
    assert (again.outcome, again.request_id) == ("repeated", first)

    in_a_file = bill.model_copy(update={"number": line.maker.next_number("F")})
    content = write_837p([(in_a_file, payee.record)], sender=BY_FILE, control=1, day=line.now().date())
    printed = line.submit_file("claims.837", content, BY_FILE)
    second = request_id(BY_FILE, in_a_file)
    assert str(second) in printed

    stopped = line.until_said(SubmissionExcepted, request_id=second)
    assert (stopped.reason, stopped.other_request_id) == ("duplicate", first)
    line.until_status(second, "Exception", "The same service was billed before")

    line.pass_the_settlement(line.pass_the_cutoff())
    line.until_state(first, "Paid")
    line.rest()
    (entry,) = line.entries(payee.account or "")
    assert entry.amount_cents == line.worth(bill)
    assert line.state(second) == "Exception"
