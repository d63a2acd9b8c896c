"""The database was put back to before a batch that log and bank know: nothing leaves twice, and nothing new leaves."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from chassis import testing
from chassis.failures import NotSpeaking
from chassis.recover import CannotRecover, accept
from chassis.said_before import hash_of_logged
from payout.app import service
from payout.close_batch import close_due_windows
from throughline.items import ItemScheduled
from throughline.payments import BatchClosed, PaymentSent

if TYPE_CHECKING:
    from conftest import Approved, House

MONDAY_CUTOFF = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
TOLD = (BatchClosed, ItemScheduled, PaymentSent)


@pytest.fixture
async def put_back(house: House) -> tuple[House, Approved]:
    """A paid item, its file collected by the bank; then a database that knows the payee, and nothing of the rest."""
    await house.payer()
    await house.enrol()
    item = await house.approve(1_000)
    await house.pay()
    (house.directory / "inbox" / house.file_name).unlink()
    told = [one for one in await testing.said_in(house.pool) if _type_of(one) in _names()]
    assert len(told) == 3
    await house.pool.execute(
        "truncate items, payments, reversals, batches, trace_numbers, file_days, journal, chassis.outbox,"
        " chassis.counters"
    )
    for at, record in enumerate(told):
        headers = dict(record.headers)
        await house.pool.execute(
            'insert into chassis.said_before (id, topic, partition, sequence, "offset", type, key, cause, content_hash,'
            " value)"
            " values ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9)",
            UUID(headers["ce_id"].decode()),
            record.topic,
            record.partition,
            at + 1,
            _type_of(record),
            record.key.decode(),
            UUID(headers["ce_causationid"].decode()),
            hash_of_logged(record.value, _type_of(record)),
            record.value,
        )
    await house.pool.execute(
        "insert into chassis.recoveries (what, actor, note, said_before, voided) values ('recover', 'ann', 'x', 3, 0)"
    )
    await house.look_back()
    return house, item


def acknowledgement(house: House) -> dict[str, Any]:
    return {
        "type": "acknowledgement", "file": house.file_name, "sha256": sha256(house.file).hexdigest(),
        "size": len(house.file), "received_at": "2026-11-23T20:00:00+00:00", "status": "accepted", "reason": None,
        "line": None, "field": None, "entries": 1, "credit_cents": 1_000, "entry_hash": 9100001, "refused_entries": [],
    }  # fmt: skip


def _names() -> set[str]:
    return {one.type_name() for one in TOLD}


def _type_of(record: object) -> str:
    headers: dict[str, bytes] = dict(record.headers)  # type: ignore[attr-defined]
    return headers["ce_type"].decode()


async def test_the_batch_comes_back_in_doubt_and_its_file_is_not_written_again(
    put_back: tuple[House, Approved],
) -> None:
    """A day later, with another item waiting: membership, payments and traces are the ones that were told."""
    house, item = put_back
    house.clock.instant = MONDAY_CUTOFF + timedelta(hours=2)
    await house.hears(item.message, ids=[item.decision_id])
    await house.approve(2_000)
    await close_due_windows(house.context)
    await house.work()
    await house.look_back()
    assert not house.context.said_before.remembers, "all three are known again"
    assert await house.said_of(*TOLD) == [], "and none is said again"
    assert await house.rows("select state from batches") == [("unknown",)]
    assert await house.states() == {"scheduled": 1, "waiting": 1}
    assert await house.balances() == {"claims": 3_000, "approved": -2_000, "batched": -1_000}
    assert house.inbox() == []
    house.bank_says("ack.json", acknowledgement(house))
    await house.work()
    assert await house.rows("select state from batches") == [("acknowledged",)]

    house.clock.instant = MONDAY_CUTOFF + timedelta(days=1)
    await close_due_windows(house.context)
    await house.work()
    (file,) = house.inbox()
    assert file.name != house.file_name
    assert await house.rows("select ach_trace, cents from payments order by ach_trace") == [
        ("121042880000001", 1_000),
        ("121042880000002", 2_000),
    ]


async def test_nothing_leaves_and_nothing_closes_before_every_batch_is_known_again(
    put_back: tuple[House, Approved],
) -> None:
    """Its item is not decided again yet, or was decided otherwise: everything stands still, the bank's word too."""
    house, item = put_back
    other = await house.approve(2_000)
    house.clock.instant = MONDAY_CUTOFF + timedelta(days=1)
    house.bank_says("ack.json", acknowledgement(house))
    for _ in range(2):
        await close_due_windows(house.context)
        with suppress(NotSpeaking):
            await house.work()
    assert house.inbox() == [] and await house.rows("select 1 from batches") == []
    assert await house.rows("select state from bank_files") == [("kept",)], (
        "the bank's word waits for the batch"
    )
    assert await house.rows("select 1 from findings") == []
    assert await house.rows("select decision_id, state from items") == [(other.decision_id, "waiting")]
    await house.hears(item.message.model_copy(update={"version": 2}), ids=[item.decision_id])
    with suppress(NotSpeaking):
        await house.work()
    assert await house.rows("select 1 from batches") == [], "another version: not what was told"


async def test_no_person_can_wave_a_batch_through(put_back: tuple[House, Approved]) -> None:
    house, _ = put_back
    async with house.pool.acquire() as db:
        with pytest.raises(CannotRecover, match="money could move twice"):
            await accept(service, db, ["BatchClosed"], "ann", "we know it")
