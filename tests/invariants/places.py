"""Who hears what in the small line, what its clocks do, and how its databases are emptied and migrated."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from alembic import command

from chassis import Context
from chassis.migrate import alembic_config
from payout.announce import announce_items, announce_payments
from payout.delivery import deliver_files
from payout.finish_reversals import finish_reversals
from payout.follow_ups import release_cooled_off, work_off_follow_ups
from payout.read_bank_files import read_bank_files
from payout.redate_files import redate_files

START = datetime(2026, 11, 16, 15, 0, tzinfo=UTC)
PARTNERS = ("alpha", "beta")
NPIS = ("1234567893", "1558598797")
ACCOUNTS = ("123456789", "987654321")

HEARERS = (
    *(("intake", f"intake.{partner}") for partner in PARTNERS),
    ("validation", "submissions"),
    ("validation", "reviews"),
    ("validation", "items"),
    ("payout", "decisions"),
    ("payout", "orders"),
    ("payout", "payees"),
    ("remittance", "decisions"),
    ("remittance", "items"),
    ("remittance", "payments"),
)
OF_A_REQUEST = ("submissions", "decisions", "items", "payments", "remittances")
TIMERS: tuple[Callable[[Context], Awaitable[None]], ...] = (
    announce_items,
    redate_files,
    deliver_files,
    announce_payments,
    read_bank_files,
    work_off_follow_ups,
    release_cooled_off,
    finish_reversals,
)
EMPTY = {
    "intake": "messages requests bodies chassis.outbox chassis.counters",
    "validation": "versions bill_keys chassis.outbox chassis.counters",
    "payout": "reversals follow_ups journal items payments findings bank_files batches accounts payees trace_numbers"
    " file_days chassis.outbox chassis.counters",
    "remittance": "remittance_claims remittances notices items payments decisions chassis.outbox chassis.counters",
}


def migrate(name: str, dsn: str) -> None:
    with patch.dict(os.environ, {"STACK_MODE": "sandbox"}):
        command.upgrade(alembic_config(name, dsn), "head")


class Loop:
    """One event loop for a whole test: pools belong to the loop that made them."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def run(self, work: Awaitable[Any]) -> Any:
        return self._loop.run_until_complete(work)

    def close(self) -> None:
        self._loop.close()
