"""Fixtures that give tests a real Kafka and a real PostgreSQL, started once for the whole run.

`STACK_DIR` names a stack to use: if one runs there (`python -m stack up --only infrastructure`) it is taken as it is
and left running; if none runs there, one is started there and stopped at the end. Without it, a new one in a folder of
its own. `STACK=docker` takes containers instead. See deploy/local/README.md.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

SHARED_STACKS = ("line", "intake_running")
"""Fixtures that start services once for a whole run."""

if TYPE_CHECKING:
    from stack.database_server import DatabaseServer
    from stack.infrastructure import Infrastructure


class Databases(Protocol):
    """What the `postgres` fixture gives."""

    @property
    def admin_dsn(self) -> str:
        """The administrator's address of the database `postgres`."""
        ...

    def make_database(self, name: str) -> str:
        """A new empty database whose name starts with `name`; answers its address. Dropped when the run ends."""
        ...

    def execute(self, sql: str, database: str = "postgres") -> str:
        """SQL as the administrator; answers the rows as text."""
        ...


class MakeTopic(Protocol):
    """What the `make_topic` fixture gives: a new topic whose name starts with `name`."""

    def __call__(self, name: str, partitions: int = 1, config: dict[str, str] | None = None) -> str: ...


class _StackDatabases:
    def __init__(self, server: DatabaseServer) -> None:
        self._postgres = server
        self.made: list[str] = []

    @property
    def admin_dsn(self) -> str:
        return self._postgres.dsn()

    def make_database(self, name: str) -> str:
        unique = f"{name}_{secrets.token_hex(4)}"
        self._postgres.ensure_database(unique)
        self.made.append(unique)
        return self._postgres.dsn(unique)

    def execute(self, sql: str, database: str = "postgres") -> str:
        return self._postgres.execute(sql, database)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where tests run in several processes (`-n 3 --dist loadgroup`): who shares a stack stays together, and the
    longest begin first.

    Each process has a broker and a database server of its own: a test may break its own, never another's.
    """
    if not getattr(config.option, "loadgroup", False):  # set in each of the processes; `dist` is not
        return
    minutes: dict[str, float] = {}
    for item in items:
        shared = _stack_shared_by_files(item)
        group = shared or item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))
        minutes[group] = minutes.get(group, 0.0) + _minutes_of(item, shared == "line")
    items.sort(key=lambda item: -minutes[_group_of(item)])


def _stack_shared_by_files(item: pytest.Item) -> str | None:
    """The running services that tests of several files take turns on; None where a test has none, or its file's own."""
    definitions = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    for name in SHARED_STACKS:
        if name in definitions and definitions[name][-1].scope == "session":
            return name
    return None


def _minutes_of(item: pytest.Item, whole_line: bool) -> float:
    """About how long a test takes, where that is long: `slow(minutes=3)` says so. It only chooses what begins first."""
    slow = item.get_closest_marker("slow")
    if slow is not None:
        return float(slow.kwargs.get("minutes", 0.5))
    return 0.15 if whole_line else 0.0


def _group_of(item: pytest.Item) -> str:
    marker = item.get_closest_marker("xdist_group")
    assert marker is not None
    return str(marker.args[0])


@pytest.fixture(scope="session")
def infrastructure(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Infrastructure]:
    """The broker and the database server of this run, each of which can be killed, paused and restarted.

    A test that does so shares them with all others: it must leave both running. With several processes each has its
    own, in a folder of its own below `STACK_DIR`.
    """
    from stack.errors import StackError
    from stack.local_stack import INFRASTRUCTURE, LocalStack
    from stack.ports import Ports, find_free_base
    from stack.settings import read_settings

    settings = read_settings()
    kept = settings.directory
    worker: str | None = getattr(request.config, "workerinput", {}).get("workerid")
    if kept is not None and worker is not None:
        kept = kept / worker
    port_base = settings.port_base if settings.port_base and worker is None else find_free_base()
    with ExitStack() as cleanup:
        if settings.docker:
            from stack.containers import ContainerStack

            yield cleanup.enter_context(ContainerStack(Ports(port_base)))
            return
        if kept is not None:
            try:
                yield LocalStack.attach(kept)
                return
            except StackError:
                pass  # none runs there yet
        directory = kept or tmp_path_factory.mktemp("stack")
        stack = LocalStack(Path(directory), port_base, parts=INFRASTRUCTURE, quick_broker=True)
        yield cleanup.enter_context(stack)
        if kept is None:
            stack.kill("kafka")  # its folder goes too: nothing to put in order


@pytest.fixture(scope="session")
def kafka(infrastructure: Infrastructure) -> str:
    """The broker's bootstrap address. Topics are not made by themselves: use `make_topic`."""
    return infrastructure.kafka_bootstrap


@pytest.fixture(scope="session")
def postgres(infrastructure: Infrastructure) -> Iterator[Databases]:
    """The database server: `admin_dsn`, `make_database(name)`, `execute(sql, database)`."""
    from stack.settings import read_settings

    databases = _StackDatabases(infrastructure.postgres)
    yield databases
    for name in (
        databases.made if read_settings().directory is not None else ()
    ):  # else the server goes with them
        infrastructure.postgres.execute(f'drop database if exists "{name}" with (force)')


@pytest.fixture
def make_topic(kafka: str, request: pytest.FixtureRequest) -> MakeTopic:
    """Makes topics with names of their own, so that no test reads another's records."""
    from stack.topics import ensure_topics

    def make(name: str, partitions: int = 1, config: dict[str, str] | None = None) -> str:
        unique = f"{re.sub('[^A-Za-z0-9._-]', '-', name)}.{secrets.token_hex(4)}"
        ensure_topics(kafka, {unique: (partitions, config or {})})
        return unique

    return make
