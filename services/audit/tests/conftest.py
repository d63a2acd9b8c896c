"""A migrated database, emptied before each test."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

import throughline.flow  # registers every message
from audit.keep_records import KeepRecords
from audit.sequencer import Step, append_waiting
from chassis import RawRecord, testing
from chassis.testing import raw
from throughline.envelope import Envelope
from throughline.identifiers import derived
from throughline.message import REGISTRY, Message

sys.path.insert(0, str(Path(__file__).parent))  # running_audit, merkle_vectors

if TYPE_CHECKING:
    from stack.pytest_plugin import Databases


@pytest.fixture(scope="session")
def audit_database(postgres: Databases) -> str:
    return testing.migrated("audit", postgres.make_database("audit"))


@pytest.fixture
async def pool(audit_database: str) -> AsyncIterator[asyncpg.Pool]:
    async with testing.emptied(
        audit_database,
        "truncate batches, mentions, roots, subtrees, erasures restart identity",
        "update tree set size = 0, edge = '', epoch = 0, owner = '', seen_at = '-infinity'",
    ) as made:
        yield made


class Log:
    """Messages as records on their topics, with rising offsets, and kept by audit in the order of the test."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._next: dict[str, int] = {}

    async def keep(self, *records: RawRecord) -> None:
        """As one slice."""
        async with self._pool.acquire() as db, db.transaction():
            await KeepRecords(records).store(db)

    async def seal(self) -> Step:
        async with self._pool.acquire() as db:
            step = await append_waiting(db, "test")
        assert step is not None
        return step

    def record(
        self, message: Message, topic: str, key: str, correlation_id: str, source: str = "test"
    ) -> RawRecord:
        """The record of a message as its speaker would put it on a topic."""
        offset = self._next.get(topic, 0)
        self._next[topic] = offset + 1
        envelope = Envelope(
            id=derived("test", topic, str(offset)),
            type=message.type_name(),
            source=source,
            time=datetime(2026, 11, 16, 15, tzinfo=UTC) + timedelta(seconds=offset),
            subject=key,
            dataschema=message.dataschema(),
            correlation_id=correlation_id,
            sequence=offset + 1,
        )
        headers = tuple(envelope.headers())
        return raw(
            topic, message.model_dump_json().encode(), key=key.encode(), headers=headers, offset=offset
        )


@pytest.fixture
def log(pool: asyncpg.Pool) -> Log:
    return Log(pool)


def _example(name: str, case: str) -> Any:
    examples = Path(throughline.flow.__file__).parent.parent / "examples"
    return REGISTRY[name, 1].model_validate_json((examples / name / "v1" / f"{case}.json").read_bytes())


@pytest.fixture
def example() -> Callable[[str, str], Any]:
    """A golden message of the contracts: `example("ItemHeld", "returned")`."""
    return _example
