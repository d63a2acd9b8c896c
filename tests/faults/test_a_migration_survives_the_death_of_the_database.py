"""PostgreSQL is killed while a service migrates: the next attempt finishes, with the same schema as ever."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stack.infrastructure import Infrastructure
    from stack.pytest_plugin import Databases

COLUMNS = """
select table_schema, table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
where table_schema not in ('pg_catalog', 'information_schema') order by 1, 2, 3
"""
INDEXES = (
    "select schemaname, tablename, indexdef from pg_indexes where schemaname <> 'pg_catalog' order by 1, 2, 3"
)


def migration(service: str, database_url: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "DATABASE_URL": database_url, "STACK_MODE": "sandbox"}
    return subprocess.Popen(
        [sys.executable, "-m", service, "migrate"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def schema(postgres: Databases, database_url: str) -> str:
    name = database_url.rsplit("/", 1)[1]
    return postgres.execute(COLUMNS, name) + postgres.execute(INDEXES, name)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", ["payout"])
def test_a_migration_survives_the_death_of_the_database(
    service: str, infrastructure: Infrastructure, postgres: Databases
) -> None:
    undisturbed = postgres.make_database(f"{service}_calm")
    began = time.monotonic()
    assert migration(service, undisturbed).wait(60) == 0
    took = time.monotonic() - began
    wanted = schema(postgres, undisturbed)
    seeded = random.Random(service)
    disturbed = postgres.make_database(f"{service}_torn")
    for share in (0.75, 0.95):  # most of the time goes by before the first statement
        running = migration(service, disturbed)
        time.sleep(took * share * seeded.uniform(0.85, 1.0))
        infrastructure.kill("postgres")
        infrastructure.start_part("postgres")
        running.wait(60)
    assert migration(service, disturbed).wait(60) == 0
    assert schema(postgres, disturbed) == wanted
