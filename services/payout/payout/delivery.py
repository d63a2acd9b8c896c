"""Delivery of a built file: at most once, never forgotten.

1. The bytes are written to the bank's inbox under a `.part` name of their own, which the bank never touches, flushed.
2. The intent is recorded: this batch leaves by renaming that very part.
3. The rename. It is atomic and uses the part up, so that however many processes try, and however often, the file
   appears once. Nothing is ever written again after the intent.
4. The file is read back by size and hash. Where it is already gone (banks collect at any moment), or anything else is
   odd, its state is `unknown` until the bank's acknowledgement or list of received files, or a person, resolves it.

A process that finds a recorded intent renames the part if it is still there: that it is there proves that it has not
left. Its absence proves nothing, and is never a reason to write.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from chassis import Context
from payout.calendar import begin_of
from payout.each_bank import of_bank
from payout.findings import find
from payout.redate_files import ask_accounts, date_anew
from payout.sent_again import doubt_again
from payout.settings import Bank
from payout.take_back_sending import BEFORE_THE_RESTORE
from payout.withdraw_reversals import withdraw_reversals

PART = ".part"
# Intent and rename are in no topic. What a restored database holds as not sent may have left in the past that it has
# forgotten, unless its release was ordered since, or a person has asked the bank.
_IS_DOUBTFUL = """
intended_at is null and resolved_by is null and coalesce(
    greatest(closed_at, released_at) < (select max(recovered_at) from chassis.recoveries where what = 'recover'), false)
"""
_DOUBT_AFTER_A_RESTORE = f"""
update batches set state = 'unknown', part_name = $1, intended_at = clock_timestamp()
where state = 'built' and {_IS_DOUBTFUL}
"""


async def deliver_files(context: Context) -> None:
    """Send what is built and told of; finish what a process left between intent and rename."""
    if await _is_stopped(context):
        return
    await context.pool.execute(_DOUBT_AFTER_A_RESTORE, BEFORE_THE_RESTORE)
    for row in await context.pool.fetch(
        "select batch_id, bank from batches where state = 'intended' order by intended_at"
    ):
        with of_bank(context, row["bank"], "deliver", batch_id=row["batch_id"]):
            await _rename_and_read_back(context, row["batch_id"])
    await withdraw_reversals(context)
    await doubt_again(context)
    await date_anew(context)
    await ask_accounts(context)
    built = await context.pool.fetch(
        f"""
        select batch_id, bank from batches b where state = 'built' and not ({_IS_DOUBTFUL}) and not exists (
            select 1 from items i join payments p using (payment_id) where p.batch_id = b.batch_id and not i.announced)
        order by closed_at
        """
    )
    for row in built:
        with of_bank(context, row["bank"], "deliver", batch_id=row["batch_id"]):
            if await _record_intent(context, row["batch_id"]):
                await _rename_and_read_back(context, row["batch_id"])


async def _is_stopped(context: Context) -> bool:
    """While our own topics or the bank show what we do not know, nothing leaves: our database may be an old one."""
    if context.outbox.held_because is not None or context.said_before.making_again:
        return True
    found = await context.pool.fetchval(
        "select 1 from findings where what = 'unknown_file' and resolved_at is null limit 1"
    )
    return found is not None


async def _record_intent(context: Context, batch_id: UUID) -> bool:
    """Write the part, then record that it is the one to leave. False where another process was faster, or where the
    date of its bytes passed while they were written."""
    row = await context.pool.fetchrow(
        """
        select bank, file_name, file_bytes, file_sha256, file_date, dated_until, intended_at from batches
        where batch_id = $1 and state = 'built'
        """,
        batch_id,
    )
    if row is None:
        return False
    if hashlib.sha256(row["file_bytes"]).hexdigest() != row["file_sha256"]:
        context.alarms.raise_("stored_file_changed", batch_id=batch_id)
        return False
    context.alarms.clear("stored_file_changed", batch_id=batch_id)
    inbox = _inbox(context, context.settings.banks[row["bank"]])
    part = f"{row['file_name']}.{secrets.token_hex(4)}{PART}"
    _write_flushed(inbox / part, row["file_bytes"])
    async with context.pool.acquire() as db, db.transaction():
        recorded = await db.fetchval(
            """
            update batches set state = 'intended', part_name = $2, intended_at = clock_timestamp()
            where batch_id = $1 and state = 'built' and file_sha256 = $3
                and (intended_at is not null or dated_until is null or dated_until > $4) returning 1
            """,
            batch_id,
            part,
            row["file_sha256"],
            context.clock.now(),
        )
        if recorded is not None and row["intended_at"] is not None and _has_passed(context, row):
            # Sent again because a person knows that the bank has not got it: with the bytes that the bank would know.
            await find(db, "stale_date_sent", batch_id=batch_id, detail=str(row["file_date"]))
    if recorded is None:
        (inbox / part).unlink(missing_ok=True)
    return recorded is not None


def _has_passed(context: Context, row: asyncpg.Record) -> bool:
    now: datetime = context.clock.now()
    until: datetime = row["dated_until"] or begin_of(row["file_date"])
    return now >= until


async def _rename_and_read_back(context: Context, batch_id: UUID) -> None:
    row = await context.pool.fetchrow(
        """
        select bank, file_name, part_name, file_sha256, file_size from batches
        where batch_id = $1 and state = 'intended'
        """,
        batch_id,
    )
    if row is None:
        return
    inbox = _inbox(context, context.settings.banks[row["bank"]])
    part, final = inbox / row["part_name"], inbox / row["file_name"]
    state = "unknown"
    if _is_the_file(part, row["file_sha256"], row["file_size"]) and not final.exists():
        try:
            part.rename(final)
            _flush_folder(inbox)
        except FileNotFoundError:
            pass  # another process renamed it between our look and our rename
    if _is_the_file(final, row["file_sha256"], row["file_size"]):
        state = "delivered"
    await context.pool.execute(
        "update batches set state = $2 where batch_id = $1 and state = 'intended'", batch_id, state
    )
    if not part.exists():
        _sweep_orphans(inbox, row["file_name"])


def _is_the_file(file: Path, sha256: str, size: int) -> bool:
    try:
        return file.stat().st_size == size and hashlib.sha256(file.read_bytes()).hexdigest() == sha256
    except FileNotFoundError:
        return False


def _inbox(context: Context, bank: Bank) -> Path:
    inbox: Path = context.settings.directory_of(bank) / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    return inbox


def _write_flushed(file: Path, content: bytes) -> None:
    with file.open("xb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    _flush_folder(file.parent)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep_orphans(inbox: Path, file_name: str) -> None:
    """Parts of this file that no intent names: left by processes that died before they recorded theirs. Called only
    once the file's own part is used up."""
    for orphan in inbox.glob(f"{file_name}.*{PART}"):
        orphan.unlink(missing_ok=True)
