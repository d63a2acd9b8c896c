"""The database was put back to before a batch that log and bank know: nothing leaves twice, and nothing new leaves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from chassis import testing
from chassis.failures import NotSpeaking
from chassis.recover import accept
from chassis.recover_findings import CannotRecover
from chassis.said_before import hash_of_logged
from payout.announce import announce_items
from payout.app import service
from payout.close_batch import close_due_windows
from payout.delivery import deliver_files
from payout.give_up_file import give_up_file
from payout.signed_by_two import Resolvers
from payout.testing import CENTS, TRACE, statement
from throughline.decisions import CommandRefused
from throughline.identifiers import payee_id_for
from throughline.items import ItemHeld, ItemScheduled
from throughline.message import Message
from throughline.orders import HoldBatch, ReleaseBatch, ReleaseItem, ReversePayment
from throughline.payments import (
    BatchClosed,
    BatchHeld,
    BatchRedated,
    BatchRefused,
    BatchReleased,
    FileResolved,
    PaymentRefused,
    PaymentSent,
    ReversalScheduled,
)
from throughline.reasons import Reason

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
    told = await logged(house, *TOLD)
    assert len(told) == 3
    await house.pool.execute(
        "truncate items, payments, reversals, batches, trace_numbers, file_days, journal, chassis.outbox,"
        " chassis.counters"
    )
    await recover(house, told)
    return house, item


async def logged(house: House, *types: type[Message]) -> list[Any]:
    """What the log holds of these messages, said by whatever transaction."""
    names = {one.type_name() for one in types}
    return [one for one in await testing.said_in(house.pool) if _type_of(one) in names]


async def recover(house: House, told: Sequence[Any], *heard_again: Message) -> None:
    """As the command: these were said, and the database does not know it. ``heard_again``: what a command caused."""
    for at, record in enumerate(told):
        headers = {name: value.decode() for name, value in dict(record.headers).items()}
        await _remember(
            house, at, headers["ce_id"], headers["ce_causationid"], _type_of(record), record.value
        )
    for at, one in enumerate(heard_again, start=len(told)):
        value = one.model_dump_json(exclude_none=True).encode()
        await _remember(house, at, str(uuid4()), str(uuid4()), one.type_name(), value)
    await house.pool.execute(
        "insert into chassis.recoveries (what, actor, note, said_before, voided) values ('recover', 'ann', 'x', 3, 0)"
    )
    await house.look_back()


async def _remember(house: House, at: int, id: str, cause: str, type_name: str, value: bytes) -> None:
    await house.pool.execute(
        'insert into chassis.said_before (id, topic, partition, sequence, "offset", type, key, cause, content_hash,'
        " value)"
        " values ($1, 'payments', 0, $2, $2, $3, 'k', $4, $5, $6)",
        *(UUID(id), at + 1, type_name, UUID(cause), hash_of_logged(value, type_name), value),
    )


async def forget_sending(house: House) -> None:
    """The database as it was when the window had just closed: nothing told, no intent, no finding."""
    await house.pool.execute(
        "update batches set state = 'built', part_name = null, intended_at = null;"
        " update payments set state = 'scheduled'; update items set announced = false;"
        " truncate chassis.outbox, chassis.counters"
    )


def acknowledgement(house: House) -> dict[str, Any]:
    return {
        "type": "acknowledgement", "file": house.file_name, "sha256": sha256(house.file).hexdigest(),
        "size": len(house.file), "received_at": "2026-11-23T20:00:00+00:00", "status": "accepted", "reason": None,
        "line": None, "field": None, "entries": 1, "credit_cents": 1_000, "entry_hash": 9100001, "refused_entries": [],
    }  # fmt: skip


def _type_of(record: Any) -> str:
    return str(dict(record.headers)["ce_type"].decode())


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


async def test_a_batch_put_back_to_before_its_sending_comes_back_in_doubt_and_is_not_sent_again(
    house: House,
) -> None:
    """The database knows the closed batch, and not that it was sent."""
    await house.payer()
    await house.enrol()
    await house.approve(1_000)
    await house.pay()
    (house.directory / "inbox" / house.file_name).unlink()
    told = await logged(house, ItemScheduled, PaymentSent)
    await forget_sending(house)
    await recover(house, told)
    house.clock.instant = MONDAY_CUTOFF + timedelta(days=2)  # its date has passed
    with suppress(NotSpeaking):
        await house.work()
    await house.look_back()
    assert not house.context.said_before.remembers and await house.said_of(*TOLD) == []
    assert house.inbox() == []
    assert await house.rows("select state, intended_at is not null, effective_date from batches") == [
        ("unknown", True, date(2026, 11, 24))
    ]
    assert await house.rows("select state from payments") == [("sent",)]
    house.bank_says("ack.json", acknowledgement(house))
    await house.work()
    assert await house.rows("select state from batches") == [("acknowledged",)]
    assert await house.balances() == {"claims": 1_000, "batched": -1_000}


async def test_a_batch_put_back_to_before_its_late_release_has_the_bytes_that_left(house: House) -> None:
    """Released late, dated anew and sent; put back to when it waited for a person."""
    await house.payer()
    await house.enrol()
    await house.approve(1_000)
    await house.cutoff()
    ((batch_id,),) = await house.rows("select batch_id from batches")
    (held,) = await house.hears(HoldBatch(batch_id=batch_id, note="wait", actor="bea"))
    assert isinstance(held, BatchHeld)
    waiting = await house.rows("select file_bytes, file_sha256 from batches")
    house.clock.instant = MONDAY_CUTOFF + timedelta(days=1)
    (released,) = await house.hears(order_of(batch_id, 1_000, 1))
    assert isinstance(released, BatchReleased)
    await house.work()
    (file,) = house.inbox()
    content = file.read_bytes()
    file.unlink()
    told = await logged(house, ItemScheduled, BatchRedated, PaymentSent)
    await forget_sending(house)
    await house.pool.execute(
        "update batches set state = 'held', file_bytes = $1, file_sha256 = $2, effective_date = '2026-11-24',"
        " file_date = '2026-11-24', dated_until = '2026-11-24T05:00Z', released_by = null, released_at = null",
        *waiting[0],
    )
    await house.pool.execute("update payments set effective_date = '2026-11-24'")
    await recover(house, told, released)
    with suppress(NotSpeaking):
        await house.work()
    await house.look_back()
    assert not house.context.said_before.remembers
    assert house.inbox() == []
    ((state, stored, sha256_, effective, released_by),) = await house.rows(
        "select state, file_bytes, file_sha256, effective_date, released_by from batches"
    )
    assert (state, stored, sha256_) == ("unknown", content, sha256(content).hexdigest())
    assert (effective, released_by) == (date(2026, 11, 25), released.actor)
    assert await house.rows("select effective_date from payments") == [(date(2026, 11, 25),)]


@pytest.mark.parametrize("forgets", ["the batch", "its release"])
async def test_what_was_taken_out_of_a_batch_stays_out_after_a_restore(house: House, forgets: str) -> None:
    """One of two accounts was held while the batch waited; the other payment was released, and left."""
    await house.payer()
    npis = ("1234567893", "1558598797")
    items = []
    for at, npi in enumerate(npis):
        await house.enrol(npi, f"12345678{at}")
        items.append(await house.approve(1_000 * (at + 1), npi))
    await house.cutoff()
    ((batch_id,),) = await house.rows("select batch_id from batches")
    await house.hears(HoldBatch(batch_id=batch_id, note="wait", actor="bea"))
    ((before, sha_before),) = await house.rows("select file_bytes, file_sha256 from batches")
    await house.pool.execute(
        "update accounts set state = 'held' where payee_id = $1", payee_id_for("npi", npis[0])
    )
    refused, *_ = await house.hears(order_of(batch_id, 3_000, 2))
    assert isinstance(refused, PaymentRefused)
    (released,) = await house.hears(order_of(batch_id, 2_000, 1))
    await house.work()
    (file,) = house.inbox()
    house.file, house.file_name = file.read_bytes(), file.name
    file.unlink()
    types: list[type[Message]] = [ItemScheduled, ItemHeld, BatchRedated, PaymentSent]
    if forgets == "the batch":
        told = await logged(house, BatchClosed, *types)
        await house.pool.execute(
            "truncate items, payments, reversals, batches, trace_numbers, file_days, journal, chassis.outbox,"
            " chassis.counters"
        )
        await house.pool.execute("delete from chassis.heard_commands")
    else:
        told = await logged(house, *types)
        await forget_sending(house)
        await house.pool.execute(
            "update batches set state = 'held', file_bytes = $1::bytea, file_sha256 = $2,"
            " file_size = length($1::bytea), payment_count = 2, total_cents = 3000",
            before,
            sha_before,
        )
        await house.pool.execute(
            "update items set state = 'scheduled', reason = null, came_back = false, payment_id = $1"
            " where state = 'held'",
            refused.payment_id,
        )
        await house.pool.execute("delete from journal where step = 'refused'")
    await recover(house, told, refused, released)
    if forgets == "the batch":
        for item in items:
            await house.hears(item.message, ids=[item.decision_id])
    for _ in range(2):
        with suppress(NotSpeaking):
            await house.work()
        await house.look_back()
    assert not house.context.said_before.remembers and house.inbox() == []
    assert await house.rows("select state, payment_count, total_cents, file_sha256 from batches") == [
        ("unknown", 1, 2_000, sha256(house.file).hexdigest())
    ]
    assert await house.states() == {"held:account_held": 1, "scheduled": 1}
    assert sum((await house.balances()).values()) == 0 and (await house.balances())["batched"] == -2_000
    ack = acknowledgement(house) | {"credit_cents": 2_000}
    house.bank_says("ack.json", ack)
    await house.work()
    assert await house.rows("select state from batches") == [("acknowledged",)]


def order_of(batch_id: UUID, cents: int, count: int) -> ReleaseBatch:
    return ReleaseBatch(batch_id=batch_id, total_cents=cents, entry_count=count, note="seen", actor="ann")


async def test_a_file_that_may_have_left_before_the_restore_is_in_doubt(house: House) -> None:
    """Intent and rename are not in the log: closed before the database was put back, it may be at the bank."""
    await house.payer()
    await house.enrol()
    await house.approve(1_000)
    await house.pay()
    (house.directory / "inbox" / house.file_name).unlink()
    await forget_sending(house)
    await recover(house, [])
    await house.work()
    assert house.inbox() == []
    assert await house.rows("select state from batches") == [("unknown",)]
    await house.pool.execute("update batches set state = 'built', resolved_by = 'ann', part_name = null")
    await house.work()
    (again,) = house.inbox()
    assert (again.name, again.read_bytes()) == (house.file_name, house.file), (
        "a person said that it has not left"
    )


@pytest.mark.parametrize(("heard", "leaves"), [("again", False), ("told of", False), ("since", True)])
async def test_only_a_release_since_the_restore_sends_a_file(house: House, heard: str, leaves: bool) -> None:
    """Released a day late, and sent; put back to when it waited. Neither the same order heard again nor what was told
    of it proves that nothing has left."""
    await house.payer()
    await house.enrol()
    await house.approve(1_000)
    await house.cutoff()
    ((batch_id,),) = await house.rows("update batches set state = 'awaiting' returning batch_id")
    await house.work()
    house.clock.instant = MONDAY_CUTOFF + timedelta(days=1)
    order = order_of(batch_id, 1_000, 1)
    if heard == "told of":
        released = BatchReleased(
            batch_id=batch_id, effective_date=date(2026, 11, 25), total_cents=1_000, note="seen", actor="ann"
        )
        await recover(house, [], released)
    else:
        await recover(house, [])
        ((recovered_at,),) = await house.rows("select recovered_at from chassis.recoveries")
        at = recovered_at + timedelta(minutes=1 if heard == "since" else -1)
        again = testing.heard(order, str(batch_id), timestamp_ms=int(at.timestamp() * 1_000))
        (said,) = await testing.deliver(service, house.context, [again])
        assert isinstance(said.message, BatchReleased)
    for _ in range(2):
        with suppress(NotSpeaking):
            await house.work()
        await house.look_back()
    assert not house.context.said_before.remembers
    assert await house.rows("select state from batches") == [("delivered" if leaves else "unknown",)]
    assert len(house.inbox()) == leaves


FORGET_THE_BATCHES = (
    "truncate items, payments, reversals, batches, trace_numbers, file_days, journal, follow_ups, chassis.outbox,"
    " chassis.counters, chassis.heard_commands"
)


async def test_a_lost_batch_that_waited_for_its_release_is_given_up_and_its_items_held(house: House) -> None:
    """Nothing of its payments was told of, so that it cannot be taken back; a person knows that it never left."""
    await house.payer()
    await house.enrol()
    await house.pool.execute("update payers set release_by_person = true")
    item = await house.approve(1_000)
    await house.cutoff()
    await house.work()
    ((batch_id, name),) = await house.rows("select batch_id, file_name from batches where state = 'awaiting'")
    told = await logged(house, BatchClosed, BatchHeld, ItemScheduled)
    await house.pool.execute(FORGET_THE_BATCHES)
    await recover(house, told)
    assert not await give_up_file(house.context, batch_id, Resolvers(("ann",))), (
        "its item is not decided again yet"
    )
    await house.hears(item.message, ids=[item.decision_id])
    await house.work()
    await house.look_back()
    assert house.context.said_before.making_again, "it does not come back by itself"
    assert await give_up_file(house.context, batch_id, Resolvers(("ann",)))
    await house.look_back()
    assert not house.context.said_before.remembers
    await house.work()
    assert await house.rows("select state, file_name, resolved_by from batches") == [("refused", name, "ann")]
    assert [one.reason for one in await house.said_of(BatchRefused, ItemHeld)] == [Reason.REFUSED_BY_BANK] * 2
    assert await house.states() == {"held:refused_by_bank": 1} and house.inbox() == []
    assert sum((await house.balances()).values()) == 0
    await house.pool.execute("update payers set release_by_person = false")
    version = item.message.version
    await house.hears(ReleaseItem(request_id=item.request_id, version=version, note="owed", actor="ann"))
    await house.cutoff(MONDAY_CUTOFF + timedelta(days=1))
    await house.work()
    assert len(house.inbox()) == 1
    assert await house.balances() == {"claims": 1_000, "batched": -1_000}


async def test_a_lost_batch_of_which_one_payment_was_told_is_given_up_whole(house: House) -> None:
    """The database was lost between two chunks of PaymentSent, and the bank says that it has not got the file."""
    await house.payer()
    items = []
    for npi, account, cents in (("1234567893", "123456789", 1_000), ("1558598797", "999999999", 2_000)):
        await house.enrol(npi, account)
        items.append(await house.approve(cents, npi))
    await house.pay()
    house.inbox()[0].unlink()
    ((batch_id,),) = await house.rows("select batch_id from batches")
    sent = await logged(house, PaymentSent)
    told = await logged(house, BatchClosed, ItemScheduled)
    await house.pool.execute(FORGET_THE_BATCHES)
    said = FileResolved(batch_id=batch_id, outcome="received", actors=("ann",))  # nobody says it again
    await recover(house, [*told, sent[0]], said)
    await house.hears(*(one.message for one in items), ids=[one.decision_id for one in items])
    await house.work()
    await house.look_back()
    assert house.context.said_before.making_again, "it does not come back by itself"
    assert await give_up_file(house.context, batch_id, Resolvers(("ann", "bea")))
    await house.look_back()
    assert not house.context.said_before.remembers
    await house.work()
    assert await house.rows("select state, resolved_by from batches") == [("refused", "ann bea")]
    assert await house.rows("select state from payments") == [("refused",)]
    assert await house.states() == {"held:refused_by_bank": 2} and house.inbox() == []
    assert len(await house.said_of(BatchRefused)) == len(await house.said_of(PaymentRefused)) == 1
    assert await house.said_of(PaymentSent) == []
    assert len(await house.said_of(ItemHeld)) == 2
    assert await house.balances() == {"claims": 3_000, "returned": -3_000}
    for one in items:
        order = ReleaseItem(request_id=one.request_id, version=one.message.version, note="owed", actor="ann")
        await house.hears(order)
    await house.cutoff(MONDAY_CUTOFF + timedelta(days=1))
    await house.work()
    assert len(house.inbox()) == 1
    assert await house.balances() == {"claims": 3_000, "batched": -3_000}


async def test_a_lost_batch_of_which_everything_was_taken_out_comes_back_empty(house: House) -> None:
    """And the release that found it so, heard again after that, says nothing else than it said."""
    await house.payer()
    await house.enrol()
    item = await house.approve(1_000)
    await house.cutoff()
    ((batch_id,),) = await house.rows("update batches set state = 'awaiting' returning batch_id")
    await house.work()
    await house.pool.execute("update accounts set state = 'held'")
    order = testing.heard(order_of(batch_id, 1_000, 1), str(batch_id))
    await testing.deliver(service, house.context, [order])
    await house.work()
    told = await logged(
        house, BatchClosed, ItemScheduled, ItemHeld, PaymentRefused, BatchRefused, CommandRefused
    )
    assert len(told) == 6
    await house.pool.execute(FORGET_THE_BATCHES)
    await recover(house, told)
    await house.hears(item.message, ids=[item.decision_id])
    await house.work()
    await house.look_back()
    assert not house.context.said_before.making_again
    assert await house.rows("select state, payment_count, total_cents from batches") == [("empty", 0, 0)]
    assert await house.states() == {"held:account_held": 1}
    again = await testing.deliver(service, house.context, [order])
    assert isinstance(again[0].message, CommandRefused) and again[0].message.reason is Reason.NOT_WAITING
    async with house.pool.acquire() as db:
        assert await house.context.said_before.sift_slice(db, [], again) == ([], {})
    await house.look_back()
    assert not house.context.said_before.remembers


async def test_a_file_that_was_emptied_as_it_was_dated_anew_comes_back_empty(house: House) -> None:
    await house.payer()
    await house.enrol()
    await house.approve(1_000)
    await house.cutoff()
    await announce_items(house.context)
    await house.pool.execute("update accounts set state = 'held'; truncate chassis.outbox, chassis.counters")
    house.clock.instant = MONDAY_CUTOFF + timedelta(days=2)
    await house.work()
    told = await logged(house, PaymentRefused, BatchRefused, ItemHeld)
    assert len(told) == 3 and await house.rows("select state from batches") == [("empty",)]
    ((payment_id,),) = await house.rows("select payment_id from payments")
    await forget_sending(house)
    await house.pool.execute(
        "update batches set payment_count = 1, total_cents = 1000; update items set state = 'scheduled',"
        f" reason = null, came_back = false, payment_id = '{payment_id}', announced = true;"
        " delete from journal where step = 'refused'; truncate follow_ups"
    )
    await recover(house, told)
    for _ in range(2):
        with suppress(NotSpeaking):
            await house.work()
        await house.look_back()
    assert not house.context.said_before.remembers and house.inbox() == []
    assert await house.rows("select state, payment_count from batches") == [("empty", 0)]
    assert await house.states() == {"held:account_held": 1}


@pytest.mark.parametrize("forgets", ["its file", "its withdrawal"])
async def test_a_withdrawn_file_of_reversals_frees_them_for_the_one_they_left_with(
    house: House, forgets: str
) -> None:
    """Withdrawn unsent, because its date passed; the same reversal left with the next file."""
    await house.payer()
    await house.enrol()
    await house.approve(CENTS)
    await house.pay()
    house.bank_says("statement.xml", statement((TRACE, "100.00")))
    await house.work()
    ((payment_id,),) = await house.rows("select payment_id from payments where state = 'settled'")
    await house.pool.execute("truncate chassis.outbox, chassis.counters")
    await house.hears(ReversePayment(payment_id=payment_id, cause="duplicate", note="twice", actor="ann"))
    await house.cutoff(MONDAY_CUTOFF + timedelta(days=1))
    ((first,),) = await house.rows("select batch_id from batches where reversal_count = 1")
    house.clock.instant = MONDAY_CUTOFF + timedelta(days=2, hours=-5)
    await deliver_files(house.context)
    assert await house.rows("select state from batches where batch_id = $1", first) == [("refused",)]
    await house.cutoff(MONDAY_CUTOFF + timedelta(days=2))
    await house.work()
    assert len(house.inbox()) == 2
    house.inbox()[-1].unlink()
    ids = [row[0] for row in await house.rows("select batch_id from batches where reversal_count = 1")]
    lost = {str(one) for one in ids if forgets == "its file" or one != first}
    told = [
        one
        for one in await logged(house, BatchClosed, ReversalScheduled, BatchRefused)
        if json.loads(one.value)["batch_id"] in lost or _type_of(one) == BatchRefused.type_name()
    ]
    assert len(told) == (5 if forgets == "its file" else 3)
    await house.pool.execute(
        "update reversals set state = 'ordered', batch_id = null, ach_trace = null, effective_date = null;"
        " truncate chassis.outbox, chassis.counters"
    )
    if forgets == "its withdrawal":
        await house.pool.execute(
            "delete from batches where reversal_count = 1 and state <> 'refused';"
            " update batches set state = 'built' where reversal_count = 1;"
            " update reversals set state = 'scheduled', ach_trace = '121042880000002',"
            " batch_id = (select batch_id from batches where reversal_count = 1)"
        )
    else:
        await house.pool.execute("delete from batches where reversal_count = 1")
    await recover(house, told)
    for _ in range(2):
        with suppress(NotSpeaking):
            await house.work()
        await house.look_back()
    assert not house.context.said_before.remembers
    states = "select state, batch_id = $1 from batches where reversal_count = 1 order by closed_at"
    assert await house.rows(states, first) == [("refused", True), ("unknown", False)]
    ((state, in_first),) = await house.rows("select state, batch_id = $1 from reversals", first)
    assert (state, in_first) == ("scheduled", False)


async def test_a_reversal_in_a_lost_batch_comes_back_under_its_own_trace(house: House) -> None:
    """Ordered and settled payment are known; the batch whose file took the payment back is not."""
    await house.payer()
    await house.enrol()
    await house.approve(CENTS)
    await house.pay()
    (house.directory / "inbox" / house.file_name).unlink()
    house.bank_says("statement.xml", statement((TRACE, "100.00")))
    await house.work()
    ((payment_id, state),) = await house.rows("select payment_id, state from payments")
    assert state == "settled"
    await house.pool.execute("truncate chassis.outbox, chassis.counters")
    order = ReversePayment(payment_id=payment_id, cause="duplicate", note="twice", actor="ann")
    assert len(await house.hears(order)) == 1
    await house.cutoff(MONDAY_CUTOFF + timedelta(days=1))
    await house.work()
    (file,) = house.inbox()
    house.file, house.file_name = file.read_bytes(), file.name
    file.unlink()
    (lost,) = await house.rows("select batch_id from batches where reversal_count = 1")
    told = [
        one
        for one in await logged(house, BatchClosed, ReversalScheduled)
        if json.loads(one.value)["batch_id"] == str(lost[0])
    ]
    assert len(told) == 2
    await house.pool.execute(
        "update reversals set state = 'ordered', batch_id = null, ach_trace = null, effective_date = null;"
        " delete from batches where reversal_count = 1; update trace_numbers set last = 1;"
        " truncate chassis.outbox, chassis.counters"
    )
    await recover(house, told)
    for _ in range(2):
        with suppress(NotSpeaking):
            await house.work()
        await house.look_back()
    assert not house.context.said_before.remembers and house.inbox() == []
    assert await house.rows("select state, reversal_count from batches where reversal_count > 0") == [
        ("unknown", 1)
    ]
    assert await house.rows("select state, ach_trace from reversals") == [("scheduled", "121042880000002")]
    await house.cutoff(MONDAY_CUTOFF + timedelta(days=2))
    await house.work()
    assert house.inbox() == [], "the reversal stands in one file"
    await house.approve(2_000)
    await house.cutoff(MONDAY_CUTOFF + timedelta(days=4))
    assert await house.rows("select max(ach_trace) from payments") == [("121042880000003",)]
