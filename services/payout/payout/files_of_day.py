"""The files of a day: a bank tells 36 of them apart, by a letter or digit in their headers."""

from __future__ import annotations

from datetime import datetime

import asyncpg

from payout import batch_repository as rows
from payout.calendar import BANK_ZONE
from payout.nacha import FileFacts
from payout.rails import ach
from payout.settings import Bank

_MODIFIERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class NoModifierLeft(Exception):
    """More files in a day than a bank can tell apart (36)."""


async def has_no_file_left(db: asyncpg.Connection | asyncpg.Pool, code: str, now: datetime) -> bool:
    """What waits then leaves tomorrow, with a date that is then right."""
    return await rows.files_of_day(db, code, now.astimezone(BANK_ZONE).date()) >= len(_MODIFIERS)


async def next_file(db: asyncpg.Connection, code: str, bank: Bank, now: datetime) -> FileFacts:
    """The header of the day's next file. Raises NoModifierLeft."""
    local = now.astimezone(BANK_ZONE)
    used = await rows.file_of_day(db, code, local.date())
    if used > len(_MODIFIERS):
        raise NoModifierLeft(code)
    return ach.file_facts(bank.routing, bank.origin, bank.name, bank.origin_name, local, _MODIFIERS[used - 1])
