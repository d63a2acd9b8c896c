"""The timeline of a request: its state whatever the order of arrival, masked, and found without a scan."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from audit.timeline import timeline_of
from chassis.testing import raw
from throughline.signed import new_signing_key, sign

REQUEST = "0e5c4064-bed8-5d44-b85f-777bf62157e3"
PAYMENT = "16047619-fcec-5952-89ba-9d0bb5ef8aa3"

# One paid request as its services say it: (topic, key, correlation id, message, example).
LIFE = [
    ("answers.northside-billing", REQUEST, REQUEST, "RequestAnswered", "accepted"),
    ("submissions", REQUEST, REQUEST, "SubmissionReceived", "first"),
    ("decisions", REQUEST, REQUEST, "SubmissionApproved", "automatic"),
    ("items", REQUEST, REQUEST, "ItemScheduled", "scheduled"),
    ("payments", PAYMENT, PAYMENT, "PaymentSent", "sent"),
    ("payments", PAYMENT, PAYMENT, "PaymentSettled", "settled"),
    ("remittances", "b1c5647f-104f-5f66-b00f-58d5109a0e21", PAYMENT, "RemittancePosted", "paid"),
]


def said(log: Any, example: Any, upto: int = len(LIFE)) -> list[Any]:
    return [
        log.record(example(name, case), topic, key, correlation)
        for topic, key, correlation, name, case in LIFE[:upto]
    ]


async def timeline(pool: asyncpg.Pool, request_id: str = REQUEST) -> Any:
    async with pool.acquire() as db:
        return await timeline_of(db, UUID(request_id))


@pytest.mark.parametrize(
    ("upto", "state"),
    [
        (2, "Submitted"),
        (3, "Approved"),
        (4, "Payout scheduled"),
        (6, "Payout scheduled"),
        (7, "Paid"),
    ],
)
async def test_the_state_follows_from_what_was_said(
    upto: int, state: str, log: Any, example: Any, pool: asyncpg.Pool
) -> None:
    await log.keep(*said(log, example, upto))
    shown = await timeline(pool)
    assert shown["state"] == state
    assert len(shown["events"]) == upto


@pytest.mark.parametrize("seed", range(8))
async def test_the_state_is_the_same_whatever_topic_was_heard_first(
    seed: int, log: Any, example: Any, pool: asyncpg.Pool
) -> None:
    records = said(log, example)
    random.Random(seed).shuffle(records)
    for record in records:
        await log.keep(record)
    shown = await timeline(pool)
    assert shown["state"] == "Paid"
    [version] = shown["versions"]
    assert [step["type"] for step in version["steps"]][:3] == [
        "SubmissionReceived",
        "SubmissionApproved",
        "ItemScheduled",
    ]
    assert (version["pending"], version["refused"]) == ([], [])
    assert version["payment_id"] == PAYMENT


async def test_an_event_before_its_time_is_shown_as_pending(
    log: Any, example: Any, pool: asyncpg.Pool
) -> None:
    received, approved, scheduled = said(log, example, 4)[1:]
    await log.keep(received, scheduled)
    shown = await timeline(pool)
    assert shown["state"] == "Submitted"
    assert [each["type"] for each in shown["versions"][0]["pending"]] == ["ItemScheduled"]
    await log.keep(approved)
    assert (await timeline(pool))["state"] == "Payout scheduled"


async def test_a_return_after_payment_is_an_exception(log: Any, example: Any, pool: asyncpg.Pool) -> None:
    records = said(log, example)
    returned = log.record(example("PaymentReturned", "no-account"), "payments", PAYMENT, PAYMENT)
    await log.keep(returned, *records)
    assert (await timeline(pool))["state"] == "Exception (returned)"


async def test_of_the_account_it_tells_what_was_done_from_the_return_until_it_is_paid_again(
    log: Any, example: Any, pool: asyncpg.Pool
) -> None:
    payee = str(example("PaymentSent", "sent").payee_id)
    records = said(log, example)  # payments at the first two seconds
    for name, case in (
        ("PaymentReturned", "no-account"),
        ("PaymentReissued", "reissued"),
    ):  # and the next two
        records.append(log.record(example(name, case), "payments", PAYMENT, PAYMENT))
    change = example("ChangeAccount", "change")
    asked = [log.record(change, "payees", payee, payee) for _ in range(5)]  # one in each second
    await log.keep(*records, *asked)
    found = [each for each in (await timeline(pool))["events"] if each["type"] == "ChangeAccount"]
    assert [each["offset"] for each in found] == [2, 3]


async def test_who_signed_a_command_is_told_but_on_a_partners_own_topic(
    log: Any, example: Any, pool: asyncpg.Pool
) -> None:
    person, organisation = uuid4(), uuid4()
    signature = sign(
        b"{}",
        key=new_signing_key(),
        message="DecideReview",
        id=uuid4(),
        topic="reviews",
        person_id=person,
        organisation_id=organisation,
        role="reviewer",
        method="totp",
        at=datetime(2026, 11, 16, 15, tzinfo=UTC),
    )
    headers = (("ce_correlationid", REQUEST.encode()), ("signature", signature.encode()))
    await log.keep(
        *said(log, example, 2),
        raw("reviews", b"{}", key=REQUEST.encode(), headers=headers, offset=3),
        raw("intake.northside-billing", b"{}", headers=headers, partition=2, offset=41),
        raw("reviews", b"{}", key=REQUEST.encode(), headers=(("signature", b"a.b.c"),), offset=4),
    )
    told = {
        (each["topic"], each["offset"]): each["signed"]
        for each in (await timeline(pool))["events"]
        if each["signed"] or each["topic"].startswith("intake")
    }
    assert told == {
        ("intake.northside-billing", 41): None,
        ("reviews", 3): {
            "person_id": str(person),
            "organisation_id": str(organisation),
            "role": "reviewer",
            "method": "totp",
        },
    }


async def test_what_the_partner_sent_is_found_through_its_answer(
    log: Any, example: Any, pool: asyncpg.Pool
) -> None:
    sent = raw("intake.northside-billing", b"{}", partition=2, offset=41)
    await log.keep(sent, *said(log, example, 2))
    topics = [each["topic"] for each in (await timeline(pool))["events"]]
    assert "intake.northside-billing" in topics


async def test_a_partner_cannot_write_on_the_timeline_of_another_request(
    log: Any, example: Any, pool: asyncpg.Pool
) -> None:
    await log.keep(*said(log, example, 2))
    headers = (("ce_correlationid", REQUEST.encode()),)
    await log.keep(raw("intake.northside-billing", b"{}", key=REQUEST.encode(), headers=headers, offset=7))
    assert [each["topic"] for each in (await timeline(pool))["events"]] == [
        "answers.northside-billing",
        "submissions",
    ]


async def test_no_name_number_or_account_of_a_person_is_shown(
    log: Any, example: Any, pool: asyncpg.Pool
) -> None:
    await log.keep(*said(log, example))
    shown = json.dumps(await timeline(pool))
    subject = example("SubmissionReceived", "first").request.subject
    payee = example("SubmissionReceived", "first").request.payee
    for secret in (subject.member_id, subject.last_name, payee.tin):
        assert secret.reveal() not in shown
    assert "<sensitive>" in shown


async def test_an_event_of_another_request_in_the_same_payment_is_left_out(
    log: Any, example: Any, pool: asyncpg.Pool
) -> None:
    other = UUID(int=7)
    stranger = example("MismatchFound", "amount").model_copy(
        update={"subject": "request", "request_id": other}
    )
    await log.keep(*said(log, example))
    await log.keep(log.record(stranger, "remittances", PAYMENT, PAYMENT))
    assert "MismatchFound" not in [each["type"] for each in (await timeline(pool))["events"]]


async def test_a_record_that_cannot_be_read_is_shown_by_its_size(
    log: Any, example: Any, pool: asyncpg.Pool
) -> None:
    broken = log.record(example("SubmissionReceived", "first"), "submissions", REQUEST, REQUEST)
    broken.value = b"\xff not json"
    await log.keep(broken)
    [event] = (await timeline(pool))["events"]
    assert (event["message"], event["value_bytes"]) == (None, 10)
    assert event["type"] == "SubmissionReceived"


async def test_a_request_that_nobody_spoke_of_has_no_timeline(pool: asyncpg.Pool) -> None:
    assert await timeline(pool) is None


async def test_the_look_up_uses_the_index_whatever_the_log_holds(pool: asyncpg.Pool) -> None:
    await pool.execute(
        "insert into mentions select gen_random_uuid(), n, 0 from generate_series(1, 20000) as n"
    )
    await pool.execute("analyze mentions")
    query = "explain select distinct batch_id, position from mentions where term = any($1::uuid[])"
    plan = "\n".join(row[0] for row in await pool.fetch(query, [UUID(REQUEST)]))
    assert "mentions_by_term" in plan
    assert "Seq Scan" not in plan
