"""What the bank leaves for us: every file is kept with its bytes before anything of it is believed, and posted once.

A file seen before, under any name, changes nothing. Another content under a known name is held. A file that cannot be
trusted is refused whole and pages; nothing of it is posted.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import asyncpg

from chassis import Context
from payout import post_bank_files as posting
from payout.announce import has_untold_payments
from payout.bank_answers import Acknowledgement, ReceivedList, read_answer
from payout.bank_files import BankFile, already_posted, keep, next_to_post, set_state
from payout.camt053 import Movement, StatementRefused, read_statement
from payout.each_bank import of_bank
from payout.findings import find
from payout.nacha import NachaRefused, ReturnFile, read_return_file
from payout.work import Resources

Content = Acknowledgement | ReceivedList | ReturnFile | list[Movement]


class FileRefused(Exception):
    """A bank's file cannot be trusted. `line` where it has one."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


async def read_bank_files(context: Context) -> None:
    """Keep what is new, then post what is kept, in the order in which it came."""
    for code, bank in context.settings.banks.items():
        with of_bank(context, code, "read"):
            outbox = context.settings.directory_of(bank) / "outbox"
            for file, look in _unseen(context.resources, code, outbox):
                await _keep(context, code, file)
                context.resources.seen_files.add(look)
    kept = await context.pool.fetch("select distinct bank from bank_files where state = 'kept'")
    for code in sorted({*context.settings.banks, *(row["bank"] for row in kept)}):
        with of_bank(context, code, "post"):
            while await _post_next(context, code):
                pass


Look = tuple[str, str, int, int]


def _unseen(resources: Resources, bank: str, outbox: Path) -> list[tuple[Path, Look]]:
    """Files that this process has not looked at in their present form, oldest first. Answers appear whole, by a
    rename; names that begin with a dot or end in `.part` are not there yet."""
    if not outbox.is_dir():
        return []
    found = []
    for file in outbox.iterdir():
        if (
            file.name.startswith(".")
            or file.name.endswith(".part")
            or file.is_symlink()
            or not file.is_file()
        ):
            continue
        status = file.stat()
        look = (bank, file.name, status.st_size, status.st_mtime_ns)
        if look not in resources.seen_files:
            found.append((status.st_mtime_ns, file, look))
    return [(file, look) for _, file, look in sorted(found)]


async def _keep(context: Context, bank: str, file: Path) -> None:
    limit = context.settings.bank_file_bytes_max
    with file.open("rb") as opened:
        content = opened.read(limit + 1)
    if len(content) > limit:
        context.alarms.raise_("bank_file_too_large", bank=bank, sha256_of_name=_hash(file.name.encode())[:12])
        return
    async with context.pool.acquire() as db, db.transaction():
        await keep(db, bank, file.name, content, _hash(content))


async def _post_next(context: Context, bank: str) -> bool:
    """Post a bank's oldest kept file in one transaction. False where there is none, or another replica has it."""
    async with context.transaction() as tx:
        file = await next_to_post(tx.db, bank)
        # What the bank says of a payment is told after the payment itself. Asked when the file is known: whatever it
        # speaks of had left before the file was kept, also where another replica sent the one and kept the other.
        if file is None or await has_untold_payments(tx.db):
            return False
        if _hash(file.content) != file.sha256:
            await _refuse(tx.db, file, FileRefused("changed_in_store"))
        elif await already_posted(tx.db, file):
            await set_state(tx.db, file, "duplicate")
        else:
            try:
                content = interpret(file.name, file.content)
            except FileRefused as refused:
                await _refuse(tx.db, file, refused)
            else:
                await posting.post(tx, context, file, content)
                await set_state(tx.db, file, "posted")
    return True


async def _refuse(db: asyncpg.Connection, file: BankFile, refused: FileRefused) -> None:
    await set_state(db, file, "refused", refused.reason)
    await find(db, "bank_file_refused", file.id, line=refused.line, detail=refused.reason)


def interpret(name: str, content: bytes) -> Content:
    """A bank's file by its kind. Raises FileRefused; nothing of a file is used unless all of it can be."""
    try:
        if name.endswith(".json"):
            return read_answer(content)
        if name.endswith(".xml"):
            return read_statement(content)
        if name.endswith(".ach"):
            return read_return_file(io.BytesIO(content))
    except NachaRefused as refused:
        raise FileRefused(refused.fault.value, refused.line) from None
    except StatementRefused as refused:
        raise FileRefused(refused.fault) from None
    except ValueError:
        raise FileRefused("not_an_answer") from None
    raise FileRefused("unknown_kind")


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


__all__ = ["FileRefused", "interpret", "read_bank_files"]
