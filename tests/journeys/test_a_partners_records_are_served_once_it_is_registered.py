"""A new partner is served within seconds, without a restart; a stranger's records wait for its registration."""

from __future__ import annotations

import time

from tests.whole_line import WholeLine

from throughline.answers import Coordinates, RequestAnswered
from throughline.parked import RecordParked
from throughline.requests import SubmitRequest


def test_a_new_partner_is_served_within_seconds_without_a_restart(line: WholeLine) -> None:
    running = line.stack.running()
    line.command("partner", "add", "newcomer", "--name", "Newcomer Billing")
    began = time.monotonic()
    bill = line.bill(line.new_payee())
    request = line.submit(bill, "newcomer")
    assert time.monotonic() - began < 15
    line.until_state(request, "Approved")
    assert line.stack.running() == running


def test_a_strangers_record_is_parked_and_replayed_after_the_registration(line: WholeLine) -> None:
    line.stack.add_partner("stranger")
    bill = line.bill(line.new_payee())
    at = line.record(SubmitRequest(request=bill), "stranger", bill.number)
    parked = line.until_said(RecordParked, coordinates=at)
    assert (parked.service, parked.reason) == ("intake", "unregistered_partner")
    assert line.said(RequestAnswered, coordinates=at) == [], "there is nobody to answer"
    assert shown(at) in line.command("parked", "list", "--service", "intake")
    assert "No partner is registered for this topic" in line.command("parked", "show", shown(at))

    line.register("stranger")
    line.rest()
    line.command("parked", "replay", shown(at))
    answer = line.answer_to(at)
    assert answer.outcome == "accepted" and answer.request_id is not None
    line.until_state(answer.request_id, "Approved")


def shown(at: Coordinates) -> str:
    """As `throughline parked` names a record."""
    return f"{at.topic}/{at.partition}@{at.offset}"
