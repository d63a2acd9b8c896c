"""The demo's checker is only worth something if it can fail: each verdict on a small story that breaks it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from throughline.answers import Coordinates, RequestAnswered
from throughline.envelope import Envelope
from throughline.message import Message
from throughline.payments import PaymentSent
from throughline_cli.demo.bank_files import BankWord, Entry
from throughline_cli.demo.compare import compare_answers, compare_requests
from throughline_cli.demo.sent import SentLog
from throughline_cli.demo.story import Story, tell
from throughline_cli.demo.sums import (
    Evidence,
    one_live_entry,
    one_payment_one_entry_one_835,
    sequences_are_dense,
    sums,
    sums_verdict,
)
from throughline_cli.witness import Record

REQUEST = uuid4()
NOW = datetime(2026, 11, 16, 15, tzinfo=UTC)


def _record(
    topic: str, offset: int, message: Message, sequence: int | None = None, id_: UUID | None = None
) -> Record:
    envelope = Envelope(
        id=id_ or uuid4(), type=message.type_name(), source="s", time=NOW, subject="s", dataschema=message.dataschema(),
        sequence=offset if sequence is None else sequence,
    )  # fmt: skip
    return Record(topic, 0, offset, str(REQUEST), NOW, envelope, message)


def _answer(offset: int, outcome: str = "accepted") -> RequestAnswered:
    at = Coordinates(topic="intake.alpha", partition=0, offset=offset)
    return RequestAnswered(outcome=outcome, coordinates=at, request_id=REQUEST, version=1)  # type: ignore[arg-type]


SENT = SentLog(records={("intake.alpha", 0, 7): ("f", 1)})
EXPECTED = {
    "kind": "answer", "sent": "f", "position": 1, "outcome": "accepted", "reasons": [], "request_id": str(REQUEST),
    "version": 1,
}  # fmt: skip


def test_an_answer_as_expected() -> None:
    story = tell([_record("answers.alpha", 0, _answer(7))], SENT)
    assert compare_answers([EXPECTED], story, SENT).holds


def test_a_record_said_twice_after_a_crash_counts_once() -> None:
    id_ = uuid4()
    story = tell([_record("answers.alpha", n, _answer(7), 0, id_) for n in range(2)], SENT)
    assert compare_answers([EXPECTED], story, SENT).holds


def test_no_answer_two_answers_and_another_outcome_are_found() -> None:
    for records in (
        [],
        [_record("answers.alpha", 0, _answer(7)), _record("answers.alpha", 1, _answer(7))],
        [_record("answers.alpha", 0, _answer(7, "refused"))],
        [_record("answers.alpha", 0, _answer(7)), _record("answers.alpha", 1, _answer(8))],
    ):
        assert not compare_answers([EXPECTED], tell(records, SENT), SENT).holds


def test_a_request_that_was_lost_or_never_expected_is_found() -> None:
    expected = {
        "kind": "request", "request_id": str(REQUEST), "version": 1, "case": "clean", "state": "Paid",
        "substatus": None, "reason": None, "paid_cents": 5, "remitted": True,
    }  # fmt: skip
    assert not compare_requests([expected], Story()).holds


def test_a_hole_in_the_sequence_is_found_and_another_order_is_not() -> None:
    def verdict(*sequences: int) -> bool:
        records = [_record("decisions", n, _answer(n), sequence) for n, sequence in enumerate(sequences)]
        return sequences_are_dense(records, {("decisions", 0): len(sequences)}).holds

    assert verdict(1, 2, 3) and verdict(2, 1, 3) and verdict(1, 2, 2)
    assert not verdict(1, 3)
    assert not sequences_are_dense([], {("decisions", 0): 1}).holds


def _payment() -> PaymentSent:
    return PaymentSent(
        payment_id=uuid4(), batch_id=uuid4(), payer="P", payee_id=uuid4(), payee_name="N", account_token="t",
        account_mask="m", amount_cents=100, item_count=1, items_hash="0" * 64, trace_number="TRACE1",
        payer_trace_id="1912345678", ach_trace="1" * 15, odfi_routing="1" * 9, rdfi_routing="1" * 9,
        effective_date=date(2026, 11, 17),
    )  # fmt: skip


def _evidence(entries: list[Entry]) -> Evidence:
    payment = _payment()
    story = tell([_record("payments", 0, payment)], SentLog())
    return Evidence(story, [], entries, BankWord(set(), {}, {}, set()), [])


ENTRY = Entry("f", "1" * 15, "22", 100, "4", "261117", "TRN*1*TRACE1*1912345678")


def test_an_entry_that_differs_is_missing_or_is_there_twice_is_found() -> None:
    assert one_payment_one_entry_one_835(_evidence([ENTRY])).holds
    other_amount = Entry("f", "1" * 15, "22", 101, "4", "261117", ENTRY.trn)
    for entries in ([], [other_amount], [ENTRY, Entry("f", "2" * 15, "22", 1, "4", "261117", "")]):
        assert not one_payment_one_entry_one_835(_evidence(entries)).holds
    assert not one_live_entry(_evidence([ENTRY, ENTRY])).holds
    assert not sums_verdict(sums(_evidence([other_amount]))).holds
