"""Settings, health, clock, marks, migrations, timers, logs: what surrounds the loop."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from alembic import command
from chain_services import Passed, hop
from fastapi import APIRouter, Request
from world import World, until, until_true

from chassis import Context, SandboxClock, Service, ServiceSettings, every
from chassis.before_start import CannotStart
from chassis.broker_check import BrokerDisagrees
from chassis.logs import JsonLines
from chassis.migrate import alembic_config

router = APIRouter()


@router.post("/say/{number}")
async def say_it(number: int, request: Request) -> dict[str, bool]:
    context: Context = request.app.state.context
    async with context.transaction() as tx:
        tx.say(Passed(key="http", number=number), key="http", cause=uuid4())
    return {"said": True}


async def test_health_metrics_and_a_route_that_speaks(world: World) -> None:
    await world.run(hop(0, world.topics))
    source = await world.run(Service(world.name("source"), topics=world.topics, api=router))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{source.port}") as http:
        assert (await http.get("/live")).status_code == 200
        assert (await http.get("/ready")).status_code == 200
        assert (await http.post("/say/7")).json() == {"said": True}
        assert await world.until_applied(1) == [("http", 7)]
        text = (await http.get("/metrics")).text
        assert "throughline_records_said_total" in text
        source.context.outbox.held_because = "a test holds it"
        assert (await http.post("/say/8")).status_code == 503
        assert (await http.get("/ready")).status_code == 503


async def test_a_transaction_that_fails_says_nothing(world: World) -> None:
    source = await world.run(world.source())
    with pytest.raises(ZeroDivisionError):
        async with source.context.transaction() as tx:
            tx.say(Passed(key="k", number=1), key="k", cause=uuid4())
            raise ZeroDivisionError
    async with source.context.transaction() as tx:
        tx.say(Passed(key="k", number=2), key="k", cause=uuid4())
    assert await world.fetch("select last from chassis.counters", name="source") == [(1,)]


async def test_timers_tick_in_every_replica_and_survive_failures(world: World) -> None:
    ticks: list[int] = []

    async def tick(context: Context) -> None:
        ticks.append(1)
        if len(ticks) == 1:
            raise RuntimeError("once")

    running = await world.run(Service(world.name("source"), topics=world.topics, timers=[every(0.05, tick)]))
    await until_true(lambda: len(ticks) > 3)
    assert "timer_failing" not in running.alarms.names()


async def test_it_does_not_start_against_a_broker_that_disagrees(world: World) -> None:
    from dataclasses import replace

    topics = tuple(replace(one, partitions=3) if one.name == world.heard else one for one in world.topics)
    with pytest.raises(BrokerDisagrees, match="1 partitions on the broker and 3 in the map"):
        await world.run(hop(0, topics))


async def test_a_live_database_refuses_the_movable_clock_and_marks_do_not_change(
    world: World, tmp_path: Path
) -> None:
    clock = tmp_path / "clock.json"
    clock.write_text(json.dumps({"now": "2026-01-05T14:00:00+00:00"}))
    db = await asyncpg.connect(await world.database("source"))
    await db.execute("update chassis.stack set mode = 'live'")
    await db.close()
    with pytest.raises(CannotStart, match="marked live and STACK_MODE says sandbox"):
        await world.run(world.source())
    with pytest.raises(CannotStart, match="does not run by a movable clock"):
        await world.run(world.source(), stack_mode="live", clock_file=clock)


async def test_an_empty_database_is_named_with_what_to_do(world: World) -> None:
    address = world.postgres.make_database(f"{world.prefix}_empty")
    with pytest.raises(CannotStart, match="migrate"):
        await world.run(world.source(), database_url=address)


def test_the_sandbox_clock_stands_still_until_it_is_moved(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"

    def move(now: str) -> None:
        new = tmp_path / "new"
        new.write_text(json.dumps({"now": now}))
        new.replace(file)

    move("2026-01-05T02:00:00+00:00")
    clock = SandboxClock(file)
    assert clock.now() == clock.now() == datetime(2026, 1, 5, 2, tzinfo=UTC)
    assert clock.today() == date(2026, 1, 4)  # in New York
    move("2026-01-05T09:00:00-05:00")
    assert clock.now() == datetime(2026, 1, 5, 14, tzinfo=UTC)


def test_settings_print_without_secrets() -> None:
    script = "from chassis import Service; Service('intake').main()"
    found = subprocess.run(
        [sys.executable, "-c", script, "settings"],
        env={**os.environ},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "DATABASE_URL" in found.stdout and "(required)" in found.stdout
    settings = ServiceSettings(database_url="postgresql://u:geheim@h/d")
    assert "geheim" not in repr(settings) + str(settings.documented())
    assert all(description for _, _, description in settings.documented())


def test_logs_are_json_and_an_errors_text_is_not_told() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines("payout", "one"))
    logger = logging.getLogger("test.logs")
    logger.addHandler(handler)
    try:
        raise ValueError("account 123456789")
    except ValueError:
        logger.exception("it failed", extra={"payment_id": "p-1"})
    line = json.loads(stream.getvalue())
    assert (line["service"], line["payment_id"]) == ("payout", "p-1")
    assert "ValueError" in line["error"][0] and "123456789" not in stream.getvalue()


async def test_migrations_make_the_tables_and_mark_the_database(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "tiny_service"
    versions = package / "migrations" / "versions"
    versions.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "migrations" / "env.py").write_text("from chassis.migrations import run\n\nrun()\n")
    (versions / "0001_first.py").write_text(
        "from alembic import op\nfrom chassis import create_chassis_tables, stack_mode\n"
        "revision = '0001'\ndown_revision = None\n\n\n"
        "def upgrade() -> None:\n    create_chassis_tables(op, stack_mode())\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("STACK_MODE", "live")
    address = world.postgres.make_database(f"{world.prefix}_migrated")
    await asyncio.to_thread(command.upgrade, alembic_config("tiny_service", address), "head")
    db = await asyncpg.connect(address)
    assert await db.fetchval("select mode from chassis.stack") == "live"
    assert await db.fetchval("select version_num from alembic_version") == "0001"
    tables = await db.fetch("select tablename from pg_tables where schemaname = 'chassis'")
    await db.close()
    assert {"positions", "counters", "outbox", "parked"} <= {row[0] for row in tables}


async def test_unsent_packs_hold_new_work_back(world: World) -> None:
    """Guard: the bound on committed and unsent bytes; without it a broker that is away fills the memory."""
    source = await world.run(world.source(), outbox_pending_bytes_max=1_000)
    sender = source.context.outbox._sender
    assert sender is not None

    gate, real = asyncio.Event(), sender._send

    async def waiting(*arguments: Any) -> None:
        await gate.wait()
        await real(*arguments)

    sender._send = waiting  # type: ignore[assignment,method-assign]

    async def say(number: int) -> None:
        async with source.context.transaction() as tx:
            tx.say(Passed(key="k", number=number, filler="x" * 2_000), key="k", cause=uuid4())

    await say(1)
    second = asyncio.create_task(say(2))
    done, _ = await asyncio.wait([second], timeout=0.5)
    assert not done
    gate.set()
    await second

    async def arrived() -> bool:
        return len(await world.read(world.heard)) == 2

    await until(arrived)
