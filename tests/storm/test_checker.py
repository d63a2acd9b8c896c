"""The checker's checker: a whole history of one payment, then the same with one thing wrong, which it must name."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid5

import pytest

from tests.storm.checker import Finding, check, compare
from tests.storm.history import History, Record, read_835, read_bank, read_nacha
from tests.storm.outcome import outcome_of
from throughline.envelope import Envelope
from throughline.identifiers import NAMESPACE
from throughline.message import REGISTRY, Message

EXAMPLES = Path(__file__).parents[2] / "contracts" / "examples"
INTAKE = ("intake.northside-billing", 2, 41)
LIFE = (
    ("answers.northside-billing", "RequestAnswered", "accepted"),
    ("submissions", "SubmissionReceived", "first"),
    ("decisions", "SubmissionApproved", "automatic"),
    ("items", "ItemScheduled", "scheduled"),
    ("payments", "PaymentSent", "sent"),
    ("payments", "BatchClosed", "closed"),
    ("payments", "PaymentSettled", "settled"),
    ("remittances", "RemittancePosted", "paid"),
)
DECISION = UUID("476263c7-c327-54da-8cf8-187029ca4ae0")


def example(name: str, which: str) -> Message:
    return REGISTRY[name, 1].model_validate_json((EXAMPLES / name / "v1" / f"{which}.json").read_bytes())


def record(topic: str, message: Message, sequence: int, id_: UUID, offset: int | None = None) -> Record:
    envelope = Envelope(
        id_, message.type_name(), "test", datetime(2026, 11, 16, tzinfo=UTC), "-", message.dataschema(),
        sequence=sequence,
    )  # fmt: skip
    digest = hashlib.sha256(message.model_dump_json().encode()).hexdigest()
    return Record(topic, 0, sequence - 1 if offset is None else offset, "key", digest, envelope, message)


def nacha(amount_cents: int = 15_000, trace: str = "121042880000001") -> str:
    return "\n".join(
        (
            "5220PAYER".ljust(69) + "261117".ljust(25),
            "622021000021" + "6789".ljust(17) + f"{amount_cents:010d}" + " " * 40 + trace,
            "705TRN*1*202611160000001*1987654321\\".ljust(94),
        )
    )


def edi_835(paid: str = "150", bpr: str = "150") -> str:
    head = "ISA*00*          *00*          *ZZ*S              *ZZ*R              *261116*1630*^*00501*000000001*0*T*:~"
    assert head[3] == "*" and head[105] == "~"
    return (
        f"{head}ST*835*0001~BPR*I*{bpr}*C*ACH*CCP*01*1*DA*2*3*4*01*5*DA*6*20261117~"
        f"TRN*1*202611160000001*1987654321~CLP*REQ-1001*1*200*{paid}*20~SE*5*0001~"
    )


def whole() -> History:
    """One request from intake to its remittance, in which everything agrees."""
    history = History()
    history.records.append(Record(*INTAKE, "key", "", None, None))
    history.sent = {INTAKE: ("1-first/kafka/northside-billing.jsonl", 1)}
    last: dict[str, int] = {}
    for topic, name, which in LIFE:
        last[topic] = last.get(topic, 0) + 1
        id_ = DECISION if name == "SubmissionApproved" else uuid5(NAMESPACE, name)
        history.records.append(record(topic, example(name, which), last[topic], id_))
    history.collected = {"a.ach": "one"}
    history.entries = read_nacha(nacha(), "a.ach")
    history.remittances = read_835(edi_835(), "a.835")
    history.audit = {"holds": True, "size": len(history.records), "findings": []}
    return history


def objections(findings: list[Finding]) -> list[str]:
    return [f"{finding.name}: {one}" for finding in findings for one in finding.objections]


def test_a_whole_history_meets_no_objection() -> None:
    findings = [*check(whole()), *compare(outcome_of(whole()), outcome_of(whole()))]
    assert objections(findings) == []
    assert all(finding.looked_at for finding in findings)


def test_the_outcome_names_ids_states_and_cents() -> None:
    outcome = outcome_of(whole())
    ((name, version),) = outcome["versions"].items()
    assert name == "0e5c4064-bed8-5d44-b85f-777bf62157e3 version 1"
    assert (version["state"], version["paid_cents"], version["remitted"]) == ("Paid", 15_000, True)
    assert version["not fitting"] == []


def _without(name: str) -> Callable[[History], None]:
    def doctor(history: History) -> None:
        history.records = [one for one in history.records if type(one.message).__name__ != name]

    return doctor


def _again_with(name: str, **changes: object) -> Callable[[History], None]:
    """Another event of the same kind, under its own id and number."""

    def doctor(history: History) -> None:
        (one,) = [one for one in history.records if type(one.message).__name__ == name]
        numbers = [
            each.envelope.sequence for each in history.records if each.topic == one.topic and each.envelope
        ]
        assert one.message is not None
        message = one.message.model_copy(update=changes)
        number = max(number for number in numbers if number) + 1
        history.records.append(record(one.topic, message, number, uuid5(NAMESPACE, "doctored")))
        history.audit["size"] = len(history.records)

    return doctor


def _changed(name: str, **changes: object) -> Callable[[History], None]:
    def doctor(history: History) -> None:
        for at, one in enumerate(history.records):
            if type(one.message).__name__ == name and one.message is not None:
                history.records[at] = replace(one, message=one.message.model_copy(update=changes))

    return doctor


def _renumbered(history: History) -> None:
    """A hole: the topic's last event has the number after the next."""
    at = max(at for at, one in enumerate(history.records) if one.topic == "payments")
    one = history.records[at]
    assert one.envelope is not None and one.envelope.sequence is not None
    history.records[at] = replace(one, envelope=replace(one.envelope, sequence=one.envelope.sequence + 1))


def _number_twice(history: History) -> None:
    one = next(one for one in history.records if one.topic == "decisions")
    assert one.envelope is not None
    other = replace(one, offset=1, envelope=replace(one.envelope, id=uuid5(NAMESPACE, "another")))
    history.records.append(other)
    history.audit["size"] = len(history.records)


def _unreadable(history: History) -> None:
    history.records[-1] = replace(history.records[-1], message=None)


def _record_lost(history: History) -> None:
    history.records = [one for one in history.records if one.place != INTAKE]


def _second_collection(history: History) -> None:
    history.collected["a-2.ach"] = "one"


def _entry_twice(history: History) -> None:
    history.entries += read_nacha(nacha(), "b.ach")


def _entry_under_new_trace(history: History) -> None:
    history.entries += read_nacha(nacha(trace="121042880000002"), "b.ach")


def _entry_missing(history: History) -> None:
    history.entries = []


def _cents_at_the_bank(history: History) -> None:
    history.entries = read_nacha(nacha(amount_cents=15_001), "a.ach")


def _second_835(history: History) -> None:
    history.remittances *= 2


def _835_missing(history: History) -> None:
    history.remittances = []


def _835_of_other_cents(history: History) -> None:
    history.remittances = read_835(edi_835(paid="150.01", bpr="150.01"), "a.835")


def _835_does_not_balance(history: History) -> None:
    history.remittances = read_835(edi_835(paid="149.99"), "a.835")


def _refused_as_duplicate(history: History) -> None:
    history.refused_files["b.ach"] = "duplicate_trace"


def _audit_lacks_one(history: History) -> None:
    history.audit["size"] = len(history.records) - 1


def _audit_objects(history: History) -> None:
    history.audit["holds"] = False


DOCTORED: dict[str, tuple[Callable[[History], None], str]] = {
    "lost answer": (_without("RequestAnswered"), "has 0 first answers"),
    "second first answer": (_again_with("RequestAnswered"), "has 2 first answers"),
    "acknowledged record lost": (_record_lost, "acknowledged to its sender and is not in the log"),
    "hole in sequence": (_renumbered, "payments/0: 1 numbers were never said, first [3]"),
    "one number, two events": (_number_twice, "repeats sequence 1 with another event"),
    "unreadable event": (_unreadable, "cannot be read"),
    "file collected twice": (_second_collection, "the same file was collected as a.ach, a-2.ach"),
    "entry collected twice": (_entry_twice, "trace 121042880000001 was collected 2 times"),
    "payment in two entries": (_entry_under_new_trace, "trace number 202611160000001 was collected 2 times"),
    "refused as duplicate": (_refused_as_duplicate, "the bank refused b.ach: duplicate_trace"),
    "item in two payments": (
        _again_with("ItemScheduled", payment_id=uuid5(NAMESPACE, "second payment")), "is in 2 live payments",
    ),
    "entry missing": (_entry_missing, "the bank's entry is None"),
    "wrong cents at the bank": (_cents_at_the_bank, "sent 15000, the bank's entry is"),
    "wrong cents scheduled": (_changed("ItemScheduled", amount_cents=14_999), "approved 15000, scheduled 14999"),
    "wrong cents sent": (_changed("PaymentSent", amount_cents=15_001), "items 15000, sent 15001"),
    "wrong cents settled": (_changed("PaymentSettled", amount_cents=14_999), "sent 15000, settled 14999"),
    "wrong batch total": (_changed("BatchClosed", total_cents=1), "payments, batches and bank entries sum to"),
    "two 835s": (_second_835, "its 835s say [15000, 15000]"),
    "no 835": (_835_missing, "its 835s say []"),
    "835 of other cents": (_835_of_other_cents, "its 835s say [15001]"),
    "835 out of balance": (_835_does_not_balance, "a.835 pays 15000 and its claims 14999"),
    "never sent": (_without("PaymentSent"), "has items and was never sent"),
    "audit lacks a record": (_audit_lacks_one, "audit holds 8 records, the topics 9"),
    "audit objects": (_audit_objects, "audit found"),
}  # fmt: skip


@pytest.mark.parametrize("what", DOCTORED)
def test_a_doctored_history_is_objected_to(what: str) -> None:
    doctor, wanted = DOCTORED[what]
    history = whole()
    doctor(history)
    found = objections(check(history))
    assert any(wanted in one for one in found), found


DIFFERENT: dict[str, tuple[Callable[[History], None], str]] = {
    "version lost": (_without("SubmissionReceived"), "0e5c4064-bed8-5d44-b85f-777bf62157e3 version 1: "),
    "other state": (_without("RemittancePosted"), "state Payout scheduled, undisturbed Paid"),
    "other answer": (_changed("RequestAnswered", outcome="repeated"), "outcome repeated, undisturbed accepted"),
    "other payee": (_changed("PaymentSent", payee_id=DECISION), f"payment of DEMOHP to {DECISION}"),
    "other window": (_changed("BatchClosed", window="2026-11-17T16:30"), "window 2026-11-17T16:30, undisturbed"),
    "said twice": (_again_with("SubmissionApproved"), "2, undisturbed 1"),
    "other remittance": (_changed("RemittancePosted", amount_cents=1), "cents 1, undisturbed 15000"),
}  # fmt: skip


@pytest.mark.parametrize("what", DIFFERENT)
def test_a_run_that_ends_differently_is_objected_to(what: str) -> None:
    doctor, wanted = DIFFERENT[what]
    history = whole()
    undisturbed = copy.deepcopy(outcome_of(history))
    doctor(history)
    found = objections(compare(outcome_of(history), undisturbed))
    assert any(wanted in one for one in found), found


def test_a_finding_that_looked_at_nothing_does_not_hold() -> None:
    assert not Finding("empty").holds


def test_the_bank_s_folders_are_read(tmp_path: Path) -> None:
    for folder in ("collected", "outbox"):
        (tmp_path / folder).mkdir()
    (tmp_path / "collected" / "a.ach").write_text(nacha())
    (tmp_path / "outbox" / "ack-000001-b.ach.json").write_text(
        '{"status": "refused", "file": "b.ach", "reason": "duplicate_file"}'
    )
    history = History()
    read_bank(history, tmp_path)
    assert [entry.amount_cents for entry in history.entries] == [15_000]
    assert history.entries[0].trace_number == "202611160000001"
    assert history.refused_files == {"b.ach": "duplicate_file"}
