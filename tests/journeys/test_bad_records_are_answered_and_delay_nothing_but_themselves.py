"""Bytes that are no message are answered and parked; good records of the same key are taken in beside them."""

from __future__ import annotations

from tests.whole_line import BY_KAFKA, WholeLine

from throughline.flow import INTAKE
from throughline.parked import RecordParked
from throughline.requests import SubmitRequest

BAD: tuple[tuple[bytes | None, str], ...] = (
    (b"", "empty"),
    (None, "tombstone"),
    (b'{"request":', "undecodable"),
    (b"\xff\xfe", "encoding"),
    (b"[1]", "shape"),
)


def test_bad_records_are_answered_and_delay_nothing_but_themselves(line: WholeLine) -> None:
    payee = line.new_payee()
    good = [line.bill(payee) for _ in BAD]
    bad_at, good_at = [], []
    for (value, _), bill in zip(BAD, good, strict=True):
        bad_at.append(line.raw_record(INTAKE.of(BY_KAFKA), value, b"same key", {}))
        good_at.append(line.record(SubmitRequest(request=bill), BY_KAFKA, "same key"))
    for (_, reason), at in zip(BAD, bad_at, strict=True):
        answer = line.answer_to(at)
        assert (answer.outcome, [one.reason for one in answer.problems]) == ("parked", [reason])
        assert line.until_said(RecordParked, coordinates=at).reason == reason
    for bill, at in zip(good, good_at, strict=True):
        answer = line.answer_to(at)
        assert (answer.outcome, answer.number) == ("accepted", bill.number)
        assert answer.request_id is not None
        line.until_state(answer.request_id, "Approved")
