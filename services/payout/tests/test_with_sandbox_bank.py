"""Payout and a bank that shares no code with it: every kind of answer, and money conserved whatever happens."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox_bank.bank import Bank
from sandbox_bank.settings import Settings
from throughline.orders import HoldItem, ReleaseItem
from throughline.payments import PaymentRefused, PaymentReturned, PaymentSent, PaymentSettled

if TYPE_CHECKING:
    from conftest import Approved, House

NPIS = (
    "1234567893",
    "1558598797",
    "1003000126",
    "1003000134",
    "1003000142",
    "1003000100",
    "1003000118",
    "1003000159",
)
ACCOUNTS = ("123456789", "99010300", "99020400", "99030000", "99040000", "99050200", "990500", "99060000")


class Town:
    """Payout, a sandbox bank and one clock."""

    def __init__(self, house: House, base: Path) -> None:
        self.house = house
        self.clock = base / "clock.json"
        self.move(house.clock.instant)
        self.bank = Bank(
            Settings(bank_directory=house.directory, clock_file=self.clock, BANK_COLLECT_SECONDS_MAX=0.0)
        )
        self.bank.tick()

    def move(self, to: datetime) -> None:
        self.house.clock.instant = to
        self.clock.write_text(json.dumps({"now": to.isoformat()}))

    async def live(self, to: datetime) -> None:
        """Business time goes on, and everybody does what there is to do."""
        self.move(max(to, self.house.clock.instant))
        for _ in range(3):
            await self.house.cutoff(self.house.clock.instant)
            await self.house.work()
            self.bank.tick()
        await self.house.work()

    def bank_rows(self, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.house.directory / "ledger.sqlite3") as db:
            return db.execute(query).fetchall()

    async def check(self) -> None:
        """Money is conserved, stage by stage, in our ledger and between ours and the bank's."""
        rows = self.house.rows
        balances = await self.house.balances()
        assert sum(balances.values()) == 0

        async def total(query: str) -> int:
            ((found,),) = await rows(f"select coalesce(sum(cents), 0)::bigint from {query}")
            return int(found)

        live = "state in ('waiting', 'held')"
        assert balances.get("approved", 0) == -await total(f"items where {live} and not came_back")
        assert balances.get("returned", 0) == -await total(f"items where {live} and came_back")
        assert balances.get("batched", 0) == -await total("payments where state in ('scheduled', 'sent')")
        assert balances.get("cash", 0) == -await total("payments where state = 'settled'")
        assert balances.get("claims", 0) == await total("items where state not in ('stopped', 'unpaid')")
        unequal = await rows(
            "select p.payment_id from payments p join items i using (payment_id) where i.state = 'scheduled'"
            " group by 1 having sum(i.cents) <> max(p.cents) or count(*) <> max(p.item_count)"
        )
        assert unequal == []
        settled = "select coalesce(sum(amount_cents), 0) from entries where status = 'settled'"
        assert self.bank_rows(settled) == [(await total("payments where state = 'settled'"),)]
        assert self.bank_rows("select count(*) from files where status = 'refused'") == [(0,)]
        collected = {trace for (trace,) in self.bank_rows("select trace from entries")}
        assert collected == {
            trace for (trace,) in await rows("select ach_trace from payments where state <> 'scheduled'")
        }


async def test_every_answer_of_the_bank(house: House, tmp_path: Path) -> None:
    town = Town(house, tmp_path)
    try:
        await house.payer()
        for at, (npi, account) in enumerate(zip(NPIS, ACCOUNTS, strict=True)):
            await house.enrol(npi, account)
            await house.approve(1_000 + at, npi)
        for day in range(23, 31):
            for hour in (14, 20, 23):
                await town.live(datetime(2026, 11, day, hour, 50, tzinfo=UTC))
                await town.check()
        outcome = {
            cents - 1_000: (state, code)
            for cents, state, code in await house.rows("select cents, state, return_code from payments")
        }
        assert outcome == {
            0: ("settled", None), 1: ("returned", "R03"), 2: ("returned", "R04"), 3: ("settled", None),
            4: ("sent", None), 5: ("returned", "R02"), 6: ("settled", None), 7: ("refused", None),
        }  # fmt: skip
        said = [
            len(await house.said_of(kind))
            for kind in (PaymentSent, PaymentSettled, PaymentReturned, PaymentRefused)
        ]
        assert said == [8, 5, 3, 1]
        assert await house.rows("select state, count(*) from batches where payment_count > 0 group by 1") == [
            ("acknowledged", 1)
        ]
        assert await house.rows("select what from findings") == []
    finally:
        town.bank.close()


steps = st.lists(
    st.one_of(
        st.tuples(st.just("approve"), st.integers(1, 500_000), st.integers(0, 7)),
        st.tuples(st.just("enrol"), st.integers(0, 7), st.integers(0, 7)),
        st.tuples(st.just("revoke"), st.integers(0, 30), st.just(0)),
        st.tuples(st.just("hold"), st.integers(0, 30), st.just(0)),
        st.tuples(st.just("release"), st.integers(0, 30), st.just(0)),
        st.tuples(st.just("hours"), st.integers(1, 40), st.just(0)),
    ),
    min_size=8,
    max_size=25,
)


@pytest.mark.slow
@pytest.mark.timeout(600)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_money_is_conserved_whatever_happens(
    payout_database: str, keys: Path, house_type: type[House], program: list[tuple[str, int, int]]
) -> None:
    async def run() -> None:
        pool = await asyncpg.create_pool(payout_database, min_size=1, max_size=4)
        assert pool is not None
        await pool.execute(
            "truncate payers, payees, accounts, items, payments, batches, trace_numbers, file_days, journal, findings,"
            " bank_files, follow_ups, reversals, chassis.outbox, chassis.counters"
        )
        with TemporaryDirectory() as folder:
            house = house_type(pool, payout_database, keys, Path(folder) / "bank", chunk_items=3)
            town = Town(house, Path(folder))
            try:
                await house.payer()
                await _play(town, program)
            finally:
                town.bank.close()
                await pool.close()

    asyncio.run(run())


async def _play(town: Town, program: list[tuple[str, int, int]]) -> None:
    house = town.house
    made: list[Approved] = []
    for what, first, second in program:
        if what == "approve":
            made.append(await house.approve(first, NPIS[second]))
        elif what == "enrol":
            await house.enrol(NPIS[first], ACCOUNTS[second])
        elif what == "hours":
            await town.live(house.clock.instant + timedelta(hours=first))
        elif made:
            one = made[first % len(made)]
            message = {
                "revoke": one.revoked(),
                "hold": HoldItem(request_id=one.request_id, version=1, note="n", actor="a"),
                "release": ReleaseItem(request_id=one.request_id, version=1, note="n", actor="a"),
            }[what]
            await house.hears(message, ids=[uuid4()])
        await house.work()
        town.bank.tick()
        await house.work()
        await town.check()
    for _ in range(5):
        await town.live(house.clock.instant + timedelta(hours=24))
        await town.check()
