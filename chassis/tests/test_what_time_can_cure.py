"""What is waited for and what is a record's own fault; and what a caller is told while database or broker is away."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    GroupLoadInProgressError,
    KafkaConnectionError,
    KafkaTimeoutError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from fastapi import APIRouter
from pydantic import SecretStr

from chassis import Service
from chassis.alarms import Alarms
from chassis.before_start import CannotStart
from chassis.context import Context
from chassis.database import is_transient
from chassis.health import Health
from chassis.http import build_app
from chassis.run import RunningService
from chassis.sender import Sender, _Lane
from chassis.settings import ServiceSettings

CURED = (
    ConnectionRefusedError(),
    TimeoutError(),
    asyncpg.CannotConnectNowError(),
    asyncpg.ConnectionDoesNotExistError(),
    asyncpg.DeadlockDetectedError(),
    asyncpg.InterfaceError("connection is closed"),
    # A connection that broke in the middle of a statement: the pool may still hand it out once.
    asyncpg.InternalClientError("cannot switch to state 11; another operation (2) is in progress"),
    KafkaConnectionError(),
    KafkaTimeoutError(),
    GroupLoadInProgressError(),
)
NOT_CURED = (
    ValueError(),
    asyncpg.UniqueViolationError(),
    asyncpg.DataError("an argument that cannot be encoded"),
    TopicAuthorizationFailedError(),
)


@pytest.mark.parametrize("error", CURED, ids=lambda error: type(error).__name__)
def test_time_cures_what_is_away(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize("error", NOT_CURED, ids=lambda error: type(error).__name__)
def test_time_does_not_cure_what_is_wrong(error: Exception) -> None:
    assert not is_transient(error)


class _Away:
    """A health that finds nobody there."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def idle(self) -> dict[str, Any]:
        raise self._error


async def _ask(path: str, error: Exception) -> httpx.Response:
    router = APIRouter()

    @router.post("/v1/things")
    async def thing() -> None:
        raise error

    app = build_app("test", [router], cast(Context, None), cast(Health, _Away(error)))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await (client.post(path) if path.startswith("/v1") else client.get(path))


@pytest.mark.parametrize("path", ["/idle", "/v1/things"])
@pytest.mark.parametrize("error", CURED, ids=lambda error: type(error).__name__)
async def test_a_caller_is_told_to_try_again(path: str, error: Exception) -> None:
    answer = await _ask(path, error)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


async def test_what_is_wrong_is_not_hidden() -> None:
    assert (await _ask("/v1/things", asyncpg.UniqueViolationError())).status_code == 500
    assert (await _ask("/v1/things", ValueError())).status_code == 500
    missing = FileNotFoundError(2, "No such file", "sealing.jwk")
    assert (await _ask("/v1/things", missing)).status_code == 500


async def test_a_broker_that_goes_away_during_the_start_is_named_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def start(self: RunningService, stack: object) -> None:
        raise KafkaConnectionError

    monkeypatch.setattr(RunningService, "_start", start)
    service = Service(name="validation", settings=ServiceSettings, hears=[])
    settings = ServiceSettings(
        database_url=SecretStr("postgresql://nobody@127.0.0.1:1/none"), start_patience_s=0
    )
    with pytest.raises(CannotStart, match=r"went away while the service started \(KafkaConnectionError\)"):
        async with RunningService(service, settings):
            pass


async def test_a_start_waits_for_a_database_that_is_starting_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen after a power failure: everything starts at once, and the database is the slowest."""
    tries: list[Exception] = [
        asyncpg.CannotConnectNowError(),
        ConnectionRefusedError(),
        KafkaConnectionError(),
    ]

    async def start(self: RunningService, stack: object) -> None:
        if tries:
            raise tries.pop()

    monkeypatch.setattr(RunningService, "_start", start)
    monkeypatch.setattr("chassis.run.START_AGAIN_S", 0.0)
    service = Service(name="validation", settings=ServiceSettings, hears=[])
    async with RunningService(
        service, ServiceSettings(database_url=SecretStr("postgresql://127.0.0.1/none"))
    ):
        assert not tries


async def test_a_start_that_waits_can_be_stopped() -> None:
    stop = asyncio.Event()
    stop.set()
    service = Service(name="validation", settings=ServiceSettings, hears=[])
    settings = ServiceSettings(database_url=SecretStr("postgresql://nobody@127.0.0.1:1/none"))
    with pytest.raises(CannotStart, match="The database does not answer"):
        async with asyncio.timeout(5), RunningService(service, settings, stop):
            pass


async def test_a_broker_that_has_just_started_and_knows_no_topics_pages_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seen after each death of a broker: for a moment it answers that the topic is unknown."""
    monkeypatch.setattr("chassis.sender._DELAY_MAX_S", 0.0)
    alarms, lane = Alarms(), _Lane("decisions", 0)
    sender = Sender(lambda: cast(AIOKafkaProducer, None), alarms)
    monkeypatch.setattr(sender, "_replace", _nothing)
    for error in (KafkaConnectionError(), *[UnknownTopicOrPartitionError()] * 3, KafkaConnectionError()):
        await sender._after_failure(lane, None, error)
        assert alarms.names() == set()
    assert lane.absences == 0
    for _ in range(4):
        await sender._after_failure(lane, None, UnknownTopicOrPartitionError())
    assert alarms.names() == {"refused_by_broker"}


async def _nothing(failed: object) -> None:
    return None
