"""A batch that waits for a person leaves when another one lets it, with a date that the bank can keep, or never."""

from __future__ import annotations

import copy
import hashlib
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from chassis.testing_people import called
from payout.announce import announce_items
from payout.batches import OrderedBatch, refuse_hold_batch, refuse_release_batch
from payout.close_batch import close_due_windows
from payout.delivery import deliver_files
from payout.findings import page_open_findings
from payout.nacha import BatchHeader, Frame, read_records
from payout.nacha.redate import redate
from throughline.decisions import CommandRefused
from throughline.items import ItemTooLate
from throughline.orders import HoldBatch, ReleaseBatch
from throughline.payments import BatchClosed, BatchHeld, BatchRedated, BatchReleased, PaymentSent
from throughline.reasons import Reason
from throughline.reference import PayerRecorded

if TYPE_CHECKING:
    from conftest import Approved, House

MONDAY_CUTOFF = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
TUESDAY = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
CENTS = 10_000
ONE = OrderedBatch(
    *(uuid4(), "bank", "w", "awaiting", 3, CENTS, date(2026, 11, 24), date(2026, 11, 24)),
    *(TUESDAY, False, None, None),
)


@pytest.mark.parametrize(
    ("batch", "refusal"),
    [
        (ONE, None),
        (replace(ONE, state="built"), None),
        (replace(ONE, state="released"), None),
        (None, Reason.UNKNOWN_SUBJECT),
        (replace(ONE, state="held"), Reason.NOT_ALLOWED_NOW),
        (replace(ONE, state="empty"), Reason.NOT_ALLOWED_NOW),
        (replace(ONE, state="intended", was_intended=True), Reason.TOO_LATE),
        (replace(ONE, state="acknowledged", was_intended=True), Reason.TOO_LATE),
        (replace(ONE, state="built", was_intended=True), Reason.TOO_LATE),  # in doubt once, to be sent again
    ],
)
def test_what_may_be_held(batch: OrderedBatch | None, refusal: Reason | None) -> None:
    assert refuse_hold_batch(batch) is refusal


@pytest.mark.parametrize(
    ("batch", "seen", "refusal"),
    [
        (ONE, (CENTS, 3), None),
        (ONE, (None, None), Reason.STALE_AMOUNT),
        (replace(ONE, state="held", held_by="bea"), (CENTS, 3), None),
        (None, (CENTS, 3), Reason.UNKNOWN_SUBJECT),
        (replace(ONE, state="built"), (CENTS, 3), Reason.NOT_WAITING),
        (replace(ONE, state="delivered"), (CENTS, 3), Reason.NOT_WAITING),
        (ONE, (CENTS - 1, 3), Reason.STALE_AMOUNT),
        (ONE, (CENTS, 2), Reason.STALE_AMOUNT),
        (replace(ONE, state="held", held_by=" Ann "), (CENTS, 3), Reason.SAME_PERSON),
    ],
)
def test_what_may_be_released(
    batch: OrderedBatch | None, seen: tuple[int | None, int | None], refusal: Reason | None
) -> None:
    assert refuse_release_batch(batch, "ann", *seen) is refusal


class Waiting:
    """A closed batch of one payment that waits for a person."""

    def __init__(self, house: House, made: Approved, batch_id: UUID) -> None:
        self.house, self.made, self.batch_id = house, made, batch_id

    async def release(self, actor: str = "ann", cents: int = CENTS) -> Any:
        order = ReleaseBatch(
            batch_id=self.batch_id, total_cents=cents, entry_count=1, note="seen", actor=actor
        )
        (answer,) = await self.house.hears(order)
        return answer

    async def hold(self, actor: str = "bea") -> Any:
        (answer,) = await self.house.hears(HoldBatch(batch_id=self.batch_id, note="wait", actor=actor))
        return answer

    async def alarms(self) -> set[str]:
        await page_open_findings(self.house.context)
        return self.house.context.alarms.names()


async def by_person(house: House) -> None:
    told = PayerRecorded.model_validate_json(
        """{"payer":"acme","version":2,"name":"ACME HEALTH","tin":"987654321","bank":"sandbox-bank",
        "address":{"street":"1 Main","city":"Town","state":"CA","zip":"90001"},"contact_name":"Desk",
        "contact_phone":"5555550100","auto_approve_below_cents":0,"release":"by_person"}"""
    )
    await house.hears(told)


@pytest.fixture
async def waiting(house: House) -> Waiting:
    await house.payer()
    await by_person(house)
    await house.enrol()
    made = await house.approve(CENTS)
    await house.cutoff()
    await house.work()
    ((batch_id,),) = await house.rows("select batch_id from batches")
    return Waiting(house, made, batch_id)


async def test_a_batch_waits_unsent_until_a_person_releases_it(waiting: Waiting) -> None:
    house = waiting.house
    assert house.inbox() == [] and await house.said_of(PaymentSent) == []
    closed, held = await house.said_of(BatchClosed, BatchHeld)
    assert (held.batch_id, held.cause, held.total_cents, held.actor) == (
        closed.batch_id, "release_required", CENTS, None,
    )  # fmt: skip
    assert [type(one) for one in await house.hears(waiting.made.revoked())] == [ItemTooLate]
    assert (await waiting.release(cents=CENTS + 1)).reason is Reason.STALE_AMOUNT
    released = await waiting.release()
    assert isinstance(released, BatchReleased)
    assert (released.effective_date, released.actor) == (closed.effective_date, called("ann").name)
    await house.work()
    (file,) = house.inbox()
    assert hashlib.sha256(file.read_bytes()).hexdigest() == closed.file_sha256
    assert len(await house.said_of(PaymentSent)) == 1 and await house.said_of(BatchRedated) == []
    assert (await waiting.release()).reason is Reason.NOT_WAITING
    assert (await waiting.hold()).reason is Reason.TOO_LATE
    assert await waiting.alarms() == set()


async def test_a_batch_released_late_leaves_with_a_date_that_the_bank_can_keep(waiting: Waiting) -> None:
    house = waiting.house
    ((before,),) = await house.rows("select file_bytes from batches")
    house.clock.instant = datetime(2026, 11, 24, 4, 59, tzinfo=UTC)
    assert await waiting.alarms() == set()
    house.clock.instant = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)  # the effective date begins in New York
    assert await waiting.alarms() == {"batch_not_released"}
    released = await waiting.release()
    assert released.effective_date == date(2026, 11, 25)
    assert await waiting.alarms() == set()
    await house.work()
    (redated,) = await house.said_of(BatchRedated)
    (file,) = house.inbox()
    content = file.read_bytes()
    assert (redated.effective_date, redated.file_sha256) == (
        date(2026, 11, 25), hashlib.sha256(content).hexdigest(),
    )  # fmt: skip
    (sent,) = await house.said_of(PaymentSent)
    assert sent.effective_date == date(2026, 11, 25)
    old, new = (list(read_records(io.BytesIO(one), Frame.STRICT)) for one in (bytes(before), content))
    assert [one.effective for one in new if isinstance(one, BatchHeader)] == [date(2026, 11, 25)]
    assert [
        replace(one, effective=date(2026, 11, 24)) if isinstance(one, BatchHeader) else one for one in new
    ] == old
    assert redate(content, date(2026, 11, 24)) == before


async def test_a_hold_stops_what_would_leave_and_another_person_lifts_it(house: House) -> None:
    await house.payer()
    await house.enrol()
    made = await house.approve(CENTS)
    await house.cutoff()
    await announce_items(house.context)
    ((batch_id,),) = await house.rows("select batch_id from batches")
    batch = Waiting(house, made, batch_id)
    held = await batch.hold()
    assert isinstance(held, BatchHeld) and (held.cause, held.actor) == ("order", called("bea").name)
    assert (await batch.hold("cyd")).reason is Reason.NOT_ALLOWED_NOW
    await house.work()
    assert house.inbox() == [] and await house.said_of(PaymentSent) == []
    refused = await batch.release("bea")
    assert isinstance(refused, CommandRefused) and refused.reason is Reason.SAME_PERSON
    assert isinstance(await batch.release("ann"), BatchReleased)
    assert isinstance(await batch.hold("cyd"), BatchHeld), (
        "released and not yet on its way, it can be held again"
    )
    assert isinstance(await batch.release("ann"), BatchReleased)
    await house.work()
    assert len(house.inbox()) == len(await house.said_of(PaymentSent)) == 1


async def test_a_batch_that_waits_delays_no_later_window(waiting: Waiting) -> None:
    house = waiting.house
    await house.payer("beta", name="BETA HEALTH")
    await house.approve(500, payer="beta")
    await house.cutoff(MONDAY_CUTOFF + timedelta(days=1))
    await house.work()
    assert [one.amount_cents for one in await house.said_of(PaymentSent)] == [500]
    assert isinstance(await waiting.release(), BatchReleased)
    await house.work()
    assert sorted(one.amount_cents for one in await house.said_of(PaymentSent)) == [500, CENTS]


async def test_what_is_held_and_released_between_writing_and_intent_leaves_as_the_new_bytes(
    waiting: Waiting,
) -> None:
    """The part on disk holds the old bytes: no intent may name it."""
    house = waiting.house
    await waiting.release()
    row = await house.pool.fetchrow("select file_bytes from batches")
    other = redate(row["file_bytes"], date(2026, 11, 30))
    changed: list[str] = []

    class Between:
        """The pool as `deliver_files` sees it: the bytes change after it has read them."""

        def __getattr__(self, name: str) -> Any:
            return getattr(house.pool, name)

        async def fetchrow(self, query: str, *args: Any) -> Any:
            found = await house.pool.fetchrow(query, *args)
            if "file_bytes" in query and not changed:
                changed.append(query)
                sha = hashlib.sha256(other).hexdigest()
                await house.pool.execute("update batches set file_bytes = $1, file_sha256 = $2", other, sha)
            return found

    context = copy.copy(house.context)
    context.pool = Between()
    await announce_items(house.context)
    await deliver_files(context)
    assert house.inbox() == []
    await deliver_files(house.context)
    (file,) = house.inbox()
    assert file.read_bytes() == other


async def test_an_unknown_batch_and_an_empty_window_are_not_released(house: House) -> None:
    (unknown,) = await house.hears(ReleaseBatch(batch_id=uuid4(), note="n", actor="ann"))
    assert unknown.reason is Reason.UNKNOWN_SUBJECT  # type: ignore[attr-defined]
    await house.cutoff()
    await close_due_windows(house.context)
    ((batch_id,),) = await house.rows("select batch_id from batches")
    (empty,) = await house.hears(ReleaseBatch(batch_id=batch_id, note="n", actor="ann"))
    assert empty.reason is Reason.NOT_WAITING  # type: ignore[attr-defined]
