"""Records of partners, over a real database: one first answer each, submissions once, and nothing lost in a race."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from chassis import Context, testing
from chassis.heard import RawRecord
from chassis.metrics import ANSWERED
from chassis.say import Said
from intake.app import service
from throughline.answers import RequestAnswered
from throughline.identifiers import claim_number_for, payee_id_for, request_id_for
from throughline.reference import PartnerRegistered
from throughline.submissions import SubmissionReceived, SubmissionWithdrawn

TOPIC = "intake.acme"
NPI = "1234567893"


def request(number: str = "A-1", **changes: Any) -> dict[str, Any]:
    line = {
        "line_id": "1",
        "from_date": "2026-10-01",
        "to_date": "2026-10-01",
        "code": "99213",
        "units_thousandths": 1000,
        "charge_cents": 12050,
    }
    return {
        "number": number,
        "payer": "PAYER1",
        "payee": {"kind": "npi", "identifier": NPI, "tin": "123456789"},
        "subject": {"member_id": "M1", "last_name": "Doe"},
        "lines": [line],
        "total_cents": 12050,
        "currency": "USD",
    } | changes


def record(
    body: object, *, id: str | None = None, type: str = "SubmitRequest", topic: str = TOPIC, **more: Any
) -> RawRecord:
    headers = [("ce_type", f"throughline.{type}".encode())]
    if id is not None:
        headers.append(("ce_id", id.encode()))
    value = body if isinstance(body, bytes) else json.dumps(body).encode()
    return testing.raw(topic, value, headers=tuple(headers) + more.pop("headers", ()), **more)


def submit(
    number: str = "A-1",
    *,
    id: str | None = None,
    topic: str = TOPIC,
    offset: int | None = None,
    **changes: Any,
) -> RawRecord:
    return record({"request": request(number, **changes)}, id=id, topic=topic, offset=offset)


def correct(number: str, version: int, *, id: str | None = None, **changes: Any) -> RawRecord:
    body = request(number, version=version, **({"frequency": "7"} | changes))
    return record({"request": body}, id=id, type="CorrectRequest")


def withdraw(number: str, version: int, *, id: str | None = None) -> RawRecord:
    payee = {"kind": "npi", "identifier": NPI, "tin": "123456789"}
    return record({"number": number, "version": version, "payee": payee}, id=id, type="WithdrawRequest")


def answers(said: list[Said]) -> list[RequestAnswered]:
    return [one.message for one in said if isinstance(one.message, RequestAnswered)]


def submissions(said: list[Said]) -> list[Any]:
    return [one.message for one in said if isinstance(one.message, SubmissionReceived | SubmissionWithdrawn)]


def told(said: list[Said]) -> list[tuple[str, str | None]]:
    """Outcome and first reason of each answer."""
    return [(one.outcome, str(one.problems[0].reason) if one.problems else None) for one in answers(said)]


@pytest.fixture
async def registered(context: Context) -> Context:
    partner = PartnerRegistered(partner="acme", version=1, name="Acme")
    await testing.deliver(service, context, [testing.heard(partner, topic="reference.partners")])
    return context


async def test_an_accepted_request_becomes_a_submission_in_the_same_transaction(
    registered: Context, pool: asyncpg.Pool
) -> None:
    sent = submit(id="m-1", offset=41)
    said = await testing.deliver(service, registered, [sent])
    request_id = request_id_for("acme", "npi", NPI, "A-1")
    (received,), (answered,) = submissions(said), answers(said)
    assert SubmissionReceived.model_validate_json(received.model_dump_json()) == received
    assert RequestAnswered.model_validate_json(answered.model_dump_json()) == answered
    assert (received.request_id, received.version, received.partner) == (request_id, 1, "acme")
    assert (received.payee_id, received.payer_claim_number) == (
        payee_id_for("npi", NPI),
        claim_number_for(request_id),
    )
    assert (received.channel, str(received.received_on)) == ("kafka", "2026-11-16")
    assert (answered.outcome, answered.first, answered.request_id, answered.version) == (
        "accepted",
        True,
        request_id,
        1,
    )
    assert answered.coordinates is not None
    assert (answered.coordinates.topic, answered.coordinates.offset) == (TOPIC, 41)
    assert [(one.topic, one.key.decode()) for one in said] == [
        ("submissions", str(request_id)),
        ("answers.acme", str(request_id)),
    ]
    row = await pool.fetchrow("select * from bodies")
    assert row["body"] == sent.value and row["source"] == "intake.acme/0/41"
    assert row["received_at"] == await pool.fetchval("select received_at from requests")


async def test_a_slice_is_answered_record_by_record(registered: Context) -> None:
    said = await testing.deliver(
        service,
        registered,
        [
            submit("A-1", id="1"),
            submit("A-1", id="1"),
            submit("A-1", id="1", total_cents=1),
            submit("A-1", id="2"),
            submit("A-1", id="3", total_cents=1),
            record(b"{", id="4"),
            record({"request": request("A-9", zzz=1)}, id="5"),
            correct("A-1", 2, id="6"),
            correct("A-1", 2, id="7"),
            correct("A-1", 2, id="8", total_cents=7),
            correct("A-1", 4, id="9"),
            correct("A-2", 2, id="10"),
            withdraw("A-1", 1, id="11"),
            withdraw("A-1", 2, id="12"),
            withdraw("A-1", 2, id="13"),
            correct("A-1", 3, id="14"),
            withdraw("A-404", 1, id="15"),
        ],
    )
    assert told(said) == [
        ("accepted", None),
        ("repeated", None),
        ("conflict", "conflict"),
        ("repeated", None),
        ("refused", "number_in_use"),
        ("parked", "undecodable"),
        ("refused", "unknown_field"),
        ("accepted", None),
        ("repeated", None),
        ("refused", "stale_version"),
        ("refused", "version_gap"),
        ("refused", "unknown_request"),
        ("refused", "stale_version"),
        ("accepted", None),
        ("refused", "already_ended"),
        ("refused", "already_ended"),
        ("refused", "unknown_request"),
    ]
    assert [(type(one).__name__, one.version) for one in submissions(said)] == [
        ("SubmissionReceived", 1),
        ("SubmissionReceived", 2),
        ("SubmissionWithdrawn", 2),
    ]


async def test_what_a_slice_decided_holds_for_the_next(registered: Context) -> None:
    first = [
        submit("A-1", id="1"),
        record({"request": request("A-9", zzz=1)}, id="5"),
        correct("A-1", 2, id="6"),
    ]
    before = await testing.deliver(service, registered, first)
    again = await testing.deliver(service, registered, first)
    assert submissions(again) == []
    assert [one.outcome for one in answers(again)] == ["repeated"] * 3
    assert [(one.request_id, one.version, one.problems) for one in answers(again)] == [
        (one.request_id, one.version, one.problems) for one in answers(before)
    ]
    later = await testing.deliver(
        service, registered, [submit("A-1", id="1", payer="P2"), correct("A-1", 3, id="7")]
    )
    assert told(later) == [("conflict", "conflict"), ("accepted", None)]
    assert submissions(later)[0].replaces_version == 2


async def test_a_body_without_id_is_its_own_id(registered: Context) -> None:
    said = await testing.deliver(
        service, registered, [submit("A-1"), submit("A-1"), submit("A-1", total_cents=1)]
    )
    assert told(said) == [("accepted", None), ("repeated", None), ("refused", "number_in_use")]


async def test_a_number_that_was_refused_is_free_again(registered: Context) -> None:
    said = await testing.deliver(
        service, registered, [submit("A-1", id="1", total_cents=0), submit("A-1", id="2")]
    )
    assert told(said) == [("refused", "amount_range"), ("accepted", None)]


async def test_a_void_ends_the_request(registered: Context) -> None:
    said = await testing.deliver(
        service,
        registered,
        [submit("A-1", id="1"), correct("A-1", 2, id="2", frequency="8"), correct("A-1", 3, id="3")],
    )
    assert told(said) == [("accepted", None), ("accepted", None), ("refused", "already_ended")]


async def test_a_correction_must_not_name_another_claim(registered: Context) -> None:
    request_id = request_id_for("acme", "npi", NPI, "A-1")
    said = await testing.deliver(
        service,
        registered,
        [
            submit("A-1", id="1"),
            correct("A-1", 2, id="2", payer_claim_number="T0000"),
            correct("A-1", 2, id="3", payer_claim_number=claim_number_for(request_id)),
        ],
    )
    assert told(said) == [("accepted", None), ("refused", "frequency_reference"), ("accepted", None)]


async def test_a_message_made_long_before_or_after_it_arrived_is_refused(registered: Context) -> None:
    def made(number: str, time: str) -> RawRecord:
        return record({"request": request(number)}, id=number, headers=(("ce_time", time.encode()),))

    said = await testing.deliver(  # the broker's time is 2026-01-05T15:00:00Z
        service,
        registered,
        [
            made("1", "2026-01-04T13:59:00Z"),
            made("2", "2026-01-05T15:06:00+00:00"),
            made("3", "2026-01-04T16:00:00Z"),
            made("4", "not a time"),
            made("5", "2026-01-05T15:00:00"),
        ],
    )
    assert told(said) == [("refused", "stale"), ("refused", "future"), *[("accepted", None)] * 3]


async def test_of_replicas_that_decide_at_once_one_wins_and_the_others_see_it(registered: Context) -> None:
    """Twenty slices of the same ids and numbers in ten turns of two: each id and number is accepted once."""

    async def replica(records: list[RawRecord]) -> list[Said]:
        for _ in range(20):
            try:
                return await testing.deliver(service, registered, records)
            except asyncpg.SerializationError:
                continue
        raise AssertionError("nobody wins")

    for turn in range(10):
        numbers = [f"T{turn}-{place}" for place in range(5)]
        ways = [
            [submit(number, id=f"left {number}") for number in numbers],
            [submit(number, id=f"right {number}", payer="P2") for number in reversed(numbers)],
        ]
        said = [one for way in await asyncio.gather(*map(replica, ways)) for one in way]
        assert len(submissions(said)) == 5
        assert sorted(told(said), key=str) == [("accepted", None)] * 5 + [("refused", "number_in_use")] * 5


async def test_of_two_corrections_at_once_one_is_the_next_version(registered: Context) -> None:
    await testing.deliver(service, registered, [submit("A-1", id="0")])
    said = await asyncio.gather(
        *(
            testing.deliver(service, registered, [correct("A-1", 2, id=str(n), total_cents=n)])
            for n in range(1, 5)
        )
    )
    told_all = [one for way in said for one in told(way)]
    assert sorted(told_all, key=str) == [("accepted", None)] + [("refused", "stale_version")] * 3


async def test_a_bank_account_in_a_request_is_a_warning_without_its_value(
    registered: Context, caplog: pytest.LogCaptureFixture
) -> None:
    before = ANSWERED.labels(outcome="refused", reason="field_forbidden")._value.get()
    await testing.deliver(service, registered, [submit(id="1", account_number="998877665544")])
    assert ANSWERED.labels(outcome="refused", reason="field_forbidden")._value.get() == before + 1
    (warning,) = [one for one in caplog.records if one.message == "worth a look"]
    assert (warning.__dict__["partner"], warning.__dict__["reason"]) == ("acme", "field_forbidden")
    assert "998877665544" not in caplog.text + str(warning.__dict__)


async def test_odd_headers_change_nothing(registered: Context) -> None:
    odd: tuple[tuple[str, bytes | None], ...] = (
        ("ce_id", None),
        ("ce_id", b"first"),
        ("ce_id", b"second"),
        ("traceparent", b"\xff\x00\xfe"),
        ("großes", b"\x80" * 100_000),
        ("ce_time", b"\xff"),
    )
    plain = testing.raw(TOPIC, json.dumps({"request": request("A-1")}).encode(), headers=())
    headed = testing.raw(TOPIC, json.dumps({"request": request("A-2")}).encode(), headers=odd, key=None)
    huge = record({"request": request("A-3")}, id="x" * 1_000_000)
    said = await testing.deliver(service, registered, [plain, headed, huge, submit("A-2", id="first")])
    assert told(said) == [*[("accepted", None)] * 3, ("repeated", None)]


async def test_answers_without_a_request_have_a_key_of_their_own(registered: Context) -> None:
    said = await testing.deliver(service, registered, [record(b"{", id="1"), record(b"{", id="2")])
    keys = {one.key.decode() for one in said if isinstance(one.message, RequestAnswered)}
    assert len(keys) == 2 and all(UUID(key) for key in keys)
