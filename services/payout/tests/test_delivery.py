"""Delivery: a file leaves at most once wherever its process dies, and is never written again by itself."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from payout import delivery
from payout.announce import announce_items, announce_payments
from payout.delivery import deliver_files
from throughline.payments import PaymentSent

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
    from payout.findings import find, resolve

    async with built.pool.acquire() as db:
        await find(db, "unknown_file", detail="other.ach")
    await deliver_files(built.context)
    assert built.inbox() == []
    ((finding,),) = await built.rows("select finding_id from findings")
    assert await resolve(built.pool, finding, "ann")
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
