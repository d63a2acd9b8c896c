"""Delivery: a file leaves at most once wherever its process dies, and is never written again by itself."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from payout import delivery
from payout.announce import announce_items, announce_payments
from payout.delivery import deliver_files
from payout.findings import find, resolve
from payout.nacha import BatchHeader, Frame, read_records
from payout.signed_by_two import Resolvers
from throughline.payments import BatchRedated, PaymentSent

if TYPE_CHECKING:
    from conftest import House


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture
async def built(house: House) -> House:
    """A closed window whose file has not left."""
    await house.payer()
    await house.enrol()
    await house.approve(1_000)
    await house.cutoff()
    await announce_items(house.context)
    return house


async def state(house: House) -> str:
    ((found,),) = await house.rows("select state from batches")
    return str(found)


def collected(house: House) -> list[bytes]:
    """What a bank would take: whole names only. It takes them away."""
    found = []
    for file in house.inbox():
        if not file.name.endswith(".part"):
            found.append(file.read_bytes())
            file.unlink()
    return found


async def test_a_file_is_delivered_read_back_and_told(built: House) -> None:
    await deliver_files(built.context)
    assert await state(built) == "delivered"
    ((stored, sha256),) = await built.rows("select file_bytes, file_sha256 from batches")
    (bytes_at_the_bank,) = collected(built)
    assert bytes_at_the_bank == stored and hashlib.sha256(stored).hexdigest() == sha256
    assert await built.said_of(PaymentSent) == []
    await announce_payments(built.context)
    await announce_payments(built.context)
    assert len(await built.said_of(PaymentSent)) == 1


async def test_nothing_leaves_before_its_items_are_told(built: House) -> None:
    await built.pool.execute("update items set announced = false")
    await deliver_files(built.context)
    assert await state(built) == "built" and built.inbox() == []


@pytest.mark.parametrize(
    "where",
    [
        "before the part is written",
        "while the part is written",
        "after the part, before the intent",
        "after the intent, before the rename",
        "after the rename, before it is recorded",
    ],
)
@pytest.mark.parametrize("bank_collects_meanwhile", [False, True])
async def test_whereever_the_process_dies_the_file_arrives_exactly_once(
    built: House, monkeypatch: pytest.MonkeyPatch, where: str, bank_collects_meanwhile: bool
) -> None:
    def die(*_: object) -> None:
        raise Killed

    def half(file: Path, content: bytes) -> None:
        file.write_bytes(content[: len(content) // 2])
        raise Killed

    def die_after(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any) -> None:
            function(*args)
            raise Killed

        return called

    renames = Path.rename
    with monkeypatch.context() as patch:
        if where == "before the part is written":
            patch.setattr(delivery, "_write_flushed", die)
        elif where == "while the part is written":
            patch.setattr(delivery, "_write_flushed", half)
        elif where == "after the part, before the intent":
            patch.setattr(delivery, "_write_flushed", die_after(delivery._write_flushed))
        elif where == "after the intent, before the rename":
            patch.setattr(Path, "rename", die)
        else:
            patch.setattr(Path, "rename", die_after(renames))
        with pytest.raises(Killed):
            await deliver_files(built.context)
    arrived = collected(built) if bank_collects_meanwhile else []
    for _ in range(3):  # it is started again, and again
        await deliver_files(built.context)
    arrived += collected(built)
    ((stored,),) = await built.rows("select file_bytes from batches")
    assert arrived == [stored]
    assert await state(built) in ("delivered", "unknown")
    left = [file.name for file in built.inbox()]
    assert all(name.endswith(".part") for name in left)


async def test_replicas_deliver_one_file(built: House) -> None:
    await asyncio.gather(*(deliver_files(built.context) for _ in range(5)))
    await deliver_files(built.context)
    assert len(collected(built)) == 1
    await deliver_files(built.context)
    assert collected(built) == [] and built.inbox() == []


async def test_a_part_that_vanished_is_in_doubt_and_never_written_again(
    built: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            await deliver_files(built.context)
    for file in built.inbox():
        file.unlink()
    for _ in range(3):
        await deliver_files(built.context)
    assert await state(built) == "unknown" and built.inbox() == []


async def test_a_changed_part_does_not_leave(built: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            await deliver_files(built.context)
    (part,) = built.inbox()
    part.write_bytes(part.read_bytes().replace(b"123456789", b"987654321"))
    await deliver_files(built.context)
    assert collected(built) == [] and await state(built) == "unknown"


async def test_stored_bytes_that_changed_do_not_leave(built: House) -> None:
    await built.pool.execute(
        "update batches set file_bytes = overlay(file_bytes placing '9'::bytea from 200)"
    )
    await deliver_files(built.context)
    assert built.inbox() == [] and "stored_file_changed" in built.context.alarms.names()


async def test_nothing_leaves_while_the_bank_shows_a_file_that_we_do_not_know(built: House) -> None:
    async with built.pool.acquire() as db:
        await find(db, "unknown_file", detail="other.ach")
    await deliver_files(built.context)
    assert built.inbox() == []
    ((finding,),) = await built.rows("select finding_id from findings")
    assert await resolve(built.context, finding, Resolvers(("ann",)))
    await deliver_files(built.context)
    assert len(collected(built)) == 1


async def test_nothing_leaves_from_a_database_that_was_put_back(built: House) -> None:
    """The outbox is held where the log holds more than the database remembers: its files may have left before."""
    built.context.outbox.held_because = "the log holds more than the database remembers having said"
    await deliver_files(built.context)
    assert await state(built) == "built" and collected(built) == []
    built.context.outbox.held_because = None
    await deliver_files(built.context)
    assert await state(built) == "delivered"


async def test_a_file_that_waited_until_its_date_passed_leaves_with_a_new_one(built: House) -> None:
    """Broker or bank directory were away over the effective date."""
    built.clock.instant = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)  # the effective date begins in New York
    await built.work()
    ((stored, effective),) = await built.rows("select file_bytes, effective_date from batches")
    assert effective == date(2026, 11, 25) and collected(built) == [stored]
    headers = [one for one in read_records(io.BytesIO(stored), Frame.STRICT) if isinstance(one, BatchHeader)]
    assert [one.effective for one in headers] == [date(2026, 11, 25)]
    assert [one.effective_date for one in await built.said_of(BatchRedated, PaymentSent)] == [effective] * 2


async def test_no_intent_names_a_part_whose_date_passed_while_it_was_written(
    built: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = delivery._write_flushed

    def write_over_midnight(file: Path, content: bytes) -> None:
        writes(file, content)
        built.clock.instant = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_write_flushed", write_over_midnight)
        await deliver_files(built.context)
    assert await state(built) == "built" and built.inbox() == []


async def test_bytes_that_the_bank_may_know_leave_again_unchanged_and_a_stale_date_pages(
    built: House,
) -> None:
    await deliver_files(built.context)
    (content,) = collected(built)
    await built.pool.execute("update batches set state = 'built', part_name = null, resolved_by = 'ann'")
    built.clock.instant = datetime(2026, 11, 26, tzinfo=UTC)
    await built.work()
    assert collected(built) == [content]
    assert await built.rows("select what, detail from findings") == [("stale_date_sent", "2026-11-24")]


async def test_a_bank_whose_directory_is_gone_delays_no_other(built: House, tmp_path: Path) -> None:
    """Closing, sending and reading are tried at each bank; what fails is paged by its name."""
    bank = built.settings.banks["sandbox-bank"]
    (tmp_path / "gone").write_text("a file where the directory was")
    other = bank.model_copy(update={"directory": tmp_path / "gone"})
    built.context.settings = built.settings.model_copy(
        update={"banks": {"a-bank": other, "sandbox-bank": bank}}
    )
    await built.payer("first", bank="a-bank")
    built.clock.instant -= timedelta(hours=1)
    await built.approve(2_000, payer="first")
    await built.cutoff()
    await announce_items(built.context)
    await built.pool.execute("update batches set closed_at = '2026-11-01' where bank = 'a-bank'")
    await deliver_files(built.context)
    assert len(collected(built)) == 1
    assert await built.rows("select bank, state from batches where payment_count > 0 order by 1") == [
        ("a-bank", "built"), ("sandbox-bank", "delivered"),
    ]  # fmt: skip
    failing = [one for (name, _), one in built.context.alarms.raised.items() if name == "bank_failing"]
    assert {one["bank"] for one in failing} == {"a-bank"}
    (tmp_path / "gone").unlink()
    await deliver_files(built.context)
    assert built.context.alarms.names() == set() and len(list((tmp_path / "gone" / "inbox").iterdir())) == 1
