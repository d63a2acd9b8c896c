"""`throughline submit` of one JSON request: taken once, and the same answer however often it is sent."""

from __future__ import annotations

import json

from sample_input.feed import request_id
from tests.whole_line import BY_HTTP, WholeLine, as_json

from throughline.submissions import SubmissionReceived


def test_a_request_over_http_gets_the_same_answer_for_ever(line: WholeLine) -> None:
    bill = line.bill(line.new_payee())
    request = request_id(BY_HTTP, bill)
    content = json.dumps({"request": as_json(bill)}).encode()
    first = line.submit_file("request.json", content, BY_HTTP)
    again = line.submit_file("request.json", content, BY_HTTP)
    assert first == again and f"accepted: request {request} version 1" in first
    line.until_state(request, "Approved")

    other = json.dumps({"request": as_json(bill) | {"total_cents": bill.total_cents + 1}}).encode()
    assert "in use" in line.submit_file("other.json", other, BY_HTTP, fails=True)
    line.rest()
    assert len(line.said(SubmissionReceived, request_id=request)) == 1
