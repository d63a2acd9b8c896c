"""The catalogue of bad input, message level (M1 to M19, M25 to M28, M36), each on a real broker.

Each: the stated answer, the bytes kept where it is parked, and the records before and after it answered as if it were
not there. A partner's key blocks nothing at intake: the same key is used for all three.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

if TYPE_CHECKING:
    from conftest import RunningIntake
from catalogue_records import (
    GOOD,
    PAYEE,
    TOPIC,
    _numbers,
    between_good_ones,
    message,
    reason_of,
    typed,
    with_date,
    with_total,
)

PARKED = [
    pytest.param(b"", "empty", id="M1-empty"),
    pytest.param(None, "tombstone", id="M2-null"),
    pytest.param(GOOD[:-9], "undecodable", id="M3-truncated"),
    pytest.param(GOOD.replace(b"Doe", b"D\xffe"), "encoding", id="M4-not-utf-8"),
    pytest.param(GOOD.decode().encode("utf-16"), "encoding", id="M4-utf-16"),
    pytest.param(b"\xef\xbb\xbf" + GOOD, "encoding", id="M4-byte-order-mark"),
    pytest.param(GOOD.replace(b"Doe", b"D\x00e"), "encoding", id="M4-nul"),
    pytest.param(b"[]", "shape", id="M5-array"),
    pytest.param(b'"x"', "shape", id="M5-string"),
    pytest.param(b"1", "shape", id="M5-number"),
    pytest.param(
        GOOD.replace(b'"total_cents"', b'"total_cents": 1, "total_cents"'), "duplicate_key", id="M6-twice"
    ),
    pytest.param(with_total("9" * 400), "limits", id="M13-400-digits"),
    pytest.param(b'{"request":' * 10_000 + b"1" + b"}" * 10_000, "limits", id="M13-depth-10000"),
    pytest.param(b"{" + b",".join(b'"%x":0' % n for n in range(25_000)) + b"}", "limits", id="M13-keys"),
]


@pytest.mark.parametrize(("value", "reason"), PARKED)
def test_what_cannot_be_read_is_parked_with_its_bytes_and_answered(
    intake_running: RunningIntake, value: bytes | None, reason: str
) -> None:
    at, answered = between_good_ones(intake_running, value)
    assert (answered.outcome, reason_of(answered)) == ("parked", reason)
    parked = intake_running.parked_at(at)
    assert (str(parked.reason), parked.value_bytes) == (reason, len(value or b""))
    assert intake_running.kept(at) == value


REFUSED = [
    pytest.param(message(zzz=1), "unknown_field", "request.zzz", id="M7-unknown-field"),
    pytest.param(b"{}", "missing", "request", id="M8-missing-all"),
    pytest.param(
        message(payer="@").replace(b'"payer": "@", ', b""), "missing", "request.payer", id="M8-missing-one"
    ),
    *(
        pytest.param(with_total(literal), "amount_format", "request.total_cents", id=f"M9-{literal}")
        for literal in ("10.10", "1e3", '"10.1"', "NaN", "Infinity")
    ),
    *(
        pytest.param(with_total(literal), "amount_range", "request.total_cents", id=f"M10-{literal}")
        for literal in ("0", "-1", "10000000000")
    ),
    pytest.param(message(currency="EUR"), "currency", "request.currency", id="M11-euro"),
    pytest.param(
        message().replace(b', "currency": "USD"', b""), "currency", "request.currency", id="M11-missing"
    ),
    *(
        pytest.param(with_date(written), "date", "request.lines.0.from_date", id=f"M12-{written}")
        for written in ("2026-02-30", "1900-01-01", "9999-12-31", "2026-10-01T00:00:00+02:00")
    ),
]


@pytest.mark.parametrize(("value", "reason", "field"), REFUSED)
def test_what_breaks_the_contract_is_refused_with_reason_and_field(
    intake_running: RunningIntake, value: bytes, reason: str, field: str
) -> None:
    at, answered = between_good_ones(intake_running, value)
    assert (answered.outcome, reason_of(answered)) == ("refused", reason)
    assert answered.problems[0].field == field
    assert intake_running.kept_answered(at) == value


def test_m14_the_broker_refuses_what_is_too_large(intake_running: RunningIntake) -> None:
    for size in (262_145, 10 * 1024 * 1024):
        with pytest.raises(KafkaException):
            intake_running.send(TOPIC, b"x" * size)


@pytest.mark.parametrize("size", [262_145, 10 * 1024 * 1024])
def test_m14_what_is_too_large_and_gets_through_is_parked(intake_running: RunningIntake, size: int) -> None:
    _limit(intake_running, 20_000_000)
    try:
        value = b"x" * size
        at, answered = between_good_ones(intake_running, value)
    finally:
        _limit(intake_running, 262_144)
    assert (answered.outcome, reason_of(answered)) == ("parked", "oversize")
    assert intake_running.kept(at) == value


@pytest.mark.parametrize("codec", ["zstd", "gzip"])
def test_m15_a_small_batch_that_unpacks_large_is_parked(intake_running: RunningIntake, codec: str) -> None:
    value = bytes(10 * 1024 * 1024)
    at, answered = between_good_ones(intake_running, value, codec=codec)
    assert (answered.outcome, reason_of(answered)) == ("parked", "oversize")
    assert intake_running.kept(at) == value


@pytest.mark.parametrize("codec", ["zstd", "gzip", "lz4", "snappy"])
def test_m16_no_codec_a_partner_can_choose_stops_the_topic(intake_running: RunningIntake, codec: str) -> None:
    _, answered = between_good_ones(intake_running, message(), codec=codec)
    assert answered.outcome == "accepted"


HEADERS: list[Any] = [
    pytest.param([], id="none"),
    pytest.param([("ce_id", b"twice"), ("ce_id", b"other"), ("x", b"1"), ("x", b"2")], id="repeated"),
    pytest.param([("x", b"h" * 200_000)], id="200 kB"),
    pytest.param([("größe", "größe".encode()), ("y", b"\xff\xfe")], id="not ASCII"),
    pytest.param([("traceparent", b"\x00\xff\x00"), ("baggage", b"\xff")], id="binary traceparent"),
    pytest.param([("ce_time", b"yesterday"), ("ce_id", None), ("ce_source", b"\xff")], id="odd attributes"),
]


@pytest.mark.parametrize("headers", HEADERS)
def test_m17_odd_headers_are_as_if_they_were_not_there(
    intake_running: RunningIntake, headers: list[tuple[str, bytes | None]]
) -> None:
    _, answered = between_good_ones(intake_running, message(), headers=headers)
    assert answered.outcome == "accepted"


@pytest.mark.parametrize("key", [None, b"", b"\xff\x00", b"k" * 10_000])
def test_m18_any_key_will_do(intake_running: RunningIntake, key: bytes | None) -> None:
    _, answered = between_good_ones(intake_running, message(), key=key)
    assert answered.outcome == "accepted"


@pytest.mark.parametrize(
    ("headers", "reason", "field"),
    [
        (typed("PayMe"), "unknown_schema", "ce_type"),
        (typed("SubmitRequest", "urn:throughline:schema:SubmitRequest:2"), "unknown_schema", "ce_dataschema"),
        (typed("PaymentSettled"), "wrong_topic", "ce_type"),
        ([("ce_type", b"\xff\xfe")], "unknown_schema", "ce_type"),
    ],
)
def test_m19_unknown_types_and_versions(
    intake_running: RunningIntake, headers: list[tuple[str, bytes | None]], reason: str, field: str
) -> None:
    _, answered = between_good_ones(intake_running, message(), headers=headers)
    assert (answered.outcome, reason_of(answered), answered.problems[0].field) == ("refused", reason, field)


def test_m25_the_same_message_again_is_answered_as_before(intake_running: RunningIntake) -> None:
    value, headers = message(), typed("SubmitRequest", id="m25")
    first_at, first = between_good_ones(intake_running, value, headers=headers)
    for partition in (0, 1, 2):
        at = intake_running.send(TOPIC, value, headers=headers, partition=partition)
        again = intake_running.answer(at)
        assert again.outcome == "repeated" and at != first_at
        assert (again.request_id, again.version) == (first.request_id, first.version)
    said = [one for one in intake_running.submissions if str(first.request_id).encode() in one]
    assert len(said) == 1


def test_m25_a_refusal_again_is_the_same_refusal(intake_running: RunningIntake) -> None:
    value, headers = message(zzz=1), typed("SubmitRequest", id="m25 refused")
    _, first = between_good_ones(intake_running, value, headers=headers)
    _, again = between_good_ones(intake_running, value, headers=headers)
    assert (again.outcome, again.problems) == ("repeated", first.problems)


def test_m26_the_same_id_with_other_bytes_is_a_conflict(intake_running: RunningIntake) -> None:
    headers = typed("SubmitRequest", id="m26")
    _, first = between_good_ones(intake_running, message("M26"), headers=headers)
    at, other = between_good_ones(intake_running, message("M26", total_cents=1), headers=headers)
    assert b'"total_cents": 1,' in (intake_running.kept_answered(at) or b"")
    assert first.outcome == "accepted" and (other.outcome, reason_of(other)) == ("conflict", "conflict")
    said = [one for one in intake_running.submissions if b'"number":"M26"' in one]
    assert len(said) == 1


def test_m27_a_number_in_use_under_a_new_id(intake_running: RunningIntake) -> None:
    intake_running.answer(
        intake_running.send(TOPIC, message("M27"), headers=typed("SubmitRequest", id="m27"))
    )
    _, same = between_good_ones(intake_running, message("M27"), headers=typed("SubmitRequest", id="m27 b"))
    _, other = between_good_ones(
        intake_running, message("M27", payer="P2"), headers=typed("SubmitRequest", id="m27 c")
    )
    assert same.outcome == "repeated"
    assert (other.outcome, reason_of(other)) == ("refused", "number_in_use")


@pytest.mark.parametrize(
    ("age", "reason"),
    [(timedelta(hours=25), "stale"), (timedelta(minutes=-6), "future"), (timedelta(0), None)],
)
def test_m28_the_sender_s_time_against_the_broker_s(
    intake_running: RunningIntake, age: timedelta, reason: str | None
) -> None:
    made = (datetime.now(UTC) - age).isoformat().encode()
    _, answered = between_good_ones(intake_running, message(), headers=[("ce_time", made)])
    assert reason_of(answered) == reason


def test_m36_withdrawing_what_is_unknown_known_changed_and_ended(intake_running: RunningIntake) -> None:
    def withdraw(version: int) -> tuple[str, str | None]:
        value = json.dumps({"number": "M36", "version": version, "payee": PAYEE}).encode()
        id = f"m36 {next(_numbers)}"
        _, answered = between_good_ones(intake_running, value, headers=typed("WithdrawRequest", id=id))
        return answered.outcome, reason_of(answered)

    assert withdraw(1) == ("refused", "unknown_request")
    intake_running.answer(intake_running.send(TOPIC, message("M36")))
    assert withdraw(2) == ("refused", "version_gap")
    correction = message("M36", version=2, frequency="7")
    intake_running.answer(intake_running.send(TOPIC, correction, headers=typed("CorrectRequest")))
    assert withdraw(1) == ("refused", "stale_version")
    assert withdraw(2) == ("accepted", None)
    assert withdraw(2) == ("refused", "already_ended")


def test_a_new_partner_is_served_within_seconds_and_nobody_s_records_are_parked(
    intake_running: RunningIntake,
) -> None:
    from stack.topics import ensure_flow_topics

    ensure_flow_topics(intake_running.bootstrap, ["newcomer", "stranger"])
    early = intake_running.send("intake.stranger", message())
    assert str(intake_running.parked_at(early).reason) == "unregistered_partner"
    assert early not in intake_running.heard
    assert intake_running.kept(early) is not None
    intake_running.register("newcomer")
    at = intake_running.send("intake.newcomer", message(), partition=3)
    assert intake_running.answer(at, within_s=10).outcome == "accepted"


def _limit(intake: RunningIntake, size: int) -> None:
    resource = ConfigResource(
        ConfigResource.Type.TOPIC,
        TOPIC,
        incremental_configs=[
            ConfigEntry("max.message.bytes", str(size), incremental_operation=AlterConfigOpType.SET)
        ],
    )
    admin = AdminClient({"bootstrap.servers": intake.bootstrap})
    for done in admin.incremental_alter_configs([resource]).values():
        done.result(timeout=15)
