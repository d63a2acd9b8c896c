"""Run a service: open, check, hear, keep time, answer; and on SIGTERM let go in the reverse order."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from contextlib import AsyncExitStack, suppress
from typing import Any

import asyncpg
from aiokafka.errors import KafkaError

from chassis import trace
from chassis.alarms import Alarms
from chassis.before_start import Away, CannotStart, clock_of, mark_of, trust_of
from chassis.broker_check import BrokerDisagrees, check_broker, check_record_times
from chassis.connection import connection_of
from chassis.consumer import Listener
from chassis.context import Context
from chassis.database import is_away, open_pool
from chassis.health import Health
from chassis.hearing import Hearing
from chassis.http import Server, build_app
from chassis.logs import start_logging
from chassis.outbox import NotSpeaking, Outbox
from chassis.own_hearings import added_hearings
from chassis.people_heard import PEOPLE_HEARING
from chassis.redrive import redrive_released
from chassis.restored import SpeakerCheck
from chassis.revision import head_revision
from chassis.sender import Sender, producer_maker
from chassis.service import Service
from chassis.settings import ServiceSettings
from chassis.subscription import broker_for, joined_pattern, subscribe
from chassis.timers import keep_ticking

logger = logging.getLogger("chassis.run")

START_AGAIN_S, START_AGAIN_MAX_S = 0.25, 2.0


def run(service: Service, settings: ServiceSettings) -> int:
    """Until SIGTERM or SIGINT. Returns the exit code."""
    start_logging(service.name, settings.instance_id, settings.log_level)
    if settings.otlp_endpoint:
        trace.start_exporting(service.name, settings.instance_id, settings.otlp_endpoint)
    try:
        asyncio.run(_until_signalled(service, settings))
    except (CannotStart, BrokerDisagrees) as error:
        logger.error("%s", error)
        return 1
    except (KafkaError, OSError) as error:
        logger.error("The broker or the database went away while starting (%s).", type(error).__name__)
        return 1
    return 0


async def _until_signalled(service: Service, settings: ServiceSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with RunningService(service, settings, stop):
        await stop.wait()
        logger.info("draining")


class RunningService:
    """A service that runs for as long as the ``async with`` lasts; tests run several in one process."""

    def __init__(
        self, service: Service, settings: ServiceSettings, stop: asyncio.Event | None = None
    ) -> None:
        """`stop` ends the wait for a database or broker that is away at the start."""
        self.service = service
        self.settings = settings
        self.alarms = Alarms()
        self.listeners: list[Listener] = []
        self.context: Context
        self.port = 0
        self._exit = AsyncExitStack()
        self._stop = stop or asyncio.Event()
        self._hears = [*service.hears, *added_hearings(service)]

    async def __aenter__(self) -> RunningService:
        loop = asyncio.get_running_loop()
        deadline, delay = loop.time() + self.settings.start_patience_s, START_AGAIN_S
        while True:
            try:
                await self._try_to_start()
                return self
            except Away as error:
                if loop.time() > deadline or self._stop.is_set():
                    raise
                logger.warning("%s Waiting for it.", error)
            self.listeners.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), delay)
            delay = min(2 * delay, START_AGAIN_MAX_S)

    async def _try_to_start(self) -> None:
        async with AsyncExitStack() as stack:
            try:
                await self._start(stack)
            except Exception as error:
                if not is_away(error):
                    raise
                raise Away(
                    f"Database or broker went away while the service started ({type(error).__name__}). Start it again."
                ) from None
            self._exit = stack.pop_all()

    async def __aexit__(self, *exc: object) -> None:
        await self._exit.aclose()

    async def _start(self, stack: AsyncExitStack) -> None:
        service, settings = self.service, self.settings
        pool = await self._pool(stack)
        mark = await mark_of(pool, settings)
        clock = clock_of(settings, mark)
        trust = trust_of(settings, mark)
        connection = connection_of(settings)
        if settings.check_broker:
            await self._check_broker(connection)
        sender = Sender(producer_maker(connection, settings.instance_id), self.alarms)
        sender.pending_bytes_max = settings.outbox_pending_bytes_max
        await sender.start()
        outbox = Outbox(
            sender,
            self.alarms,
            pack_bytes_max=settings.pack_bytes_max,
            sweep_age_s=settings.outbox_sweep_age_s,
        )
        stack.push_async_callback(_forget_sent, outbox, pool)
        stack.push_async_callback(sender.stop, settings.graceful_stop_s)
        self.context = Context(settings, clock, pool, outbox, service.topics, self.alarms, trust=trust)
        await self._look_back(pool)
        speaker = SpeakerCheck(pool, outbox, self.alarms, connection, service.topics)
        with suppress(NotSpeaking):  # the alarm is up; partitions and transactions are held until it is over
            await speaker.passed()
        if service.start is not None:
            self.context.resources = await service.start(settings, pool)
        await self._hear(stack, speaker, connection)
        health = Health(self.context, self.listeners, _head(service))
        self._background(stack, outbox, pool, health)
        await self._serve(stack, health)
        stack.callback(setattr, health, "draining", True)
        gc.collect()
        gc.freeze()
        # Above what the slices in hand hold: going through them again and again cost 6 % of validation.
        gc.set_threshold(500_000, 50, 50)

    async def _pool(self, stack: AsyncExitStack) -> asyncpg.Pool:
        try:
            pool = await open_pool(self.settings, f"{self.service.name} {self.settings.instance_id}")
        except (OSError, asyncpg.PostgresError) as error:
            raised = Away if is_away(error) else CannotStart
            raise raised(
                f"The database does not answer ({type(error).__name__}). Check DATABASE_URL."
            ) from None
        stack.push_async_callback(_close, pool)
        return pool

    async def _look_back(self, pool: asyncpg.Pool) -> None:
        """Whether the database was put back, and what is still to be made again."""
        try:
            await self.context.said_before.look(pool)
        except asyncpg.UndefinedTableError:
            raise CannotStart(
                "The database is of an older release. Run the service's migrate command first."
            ) from None

    async def _check_broker(self, connection: dict[str, Any]) -> None:
        needed = {name for hearing in self._hears for name in hearing.topics} | set(
            self.service.topics.spoken()
        )
        try:
            await check_broker(connection, self.service.topics, sorted(needed))
            await check_record_times(connection, self._judged())
        except (KafkaError, OSError) as error:
            raise Away(f"No Kafka broker answers ({type(error).__name__}). Check KAFKA_BOOTSTRAP.") from None

    def _judged(self) -> list[str]:
        """Topics whose records count only by their signatures."""
        judged = [hearing for hearing in self._hears if hearing.signed or hearing is PEOPLE_HEARING]
        return [name for hearing in judged for name in hearing.topics]

    async def _hear(self, stack: AsyncExitStack, speaker: SpeakerCheck, connection: dict[str, Any]) -> None:
        named = [hearing for hearing in self._hears if hearing.topics]
        patterned = [hearing for hearing in self._hears if hearing.pattern is not None]
        if not self._hears:
            return
        broker = broker_for(self.settings)
        if named:
            listener = self._listener(named, speaker, connection)
            topics = [topic for hearing in named for topic in hearing.topics]
            subscribe(broker, listener, self.service.name, topics, None)
        if patterned:
            listener = self._listener(patterned, speaker, connection)
            pattern = joined_pattern([one.pattern for one in patterned if one.pattern is not None])
            subscribe(broker, listener, f"{self.service.name}.pattern", (), pattern)
        stack.push_async_callback(broker.stop)
        try:
            await broker.start()
        except (KafkaError, OSError) as error:
            raise Away(f"No Kafka broker answers ({type(error).__name__}). Check KAFKA_BOOTSTRAP.") from None
        for listener in self.listeners:
            stack.push_async_callback(listener.stop)

    def _listener(self, hears: list[Hearing], speaker: SpeakerCheck, connection: dict[str, Any]) -> Listener:
        listener = Listener(
            self.service.name, self.settings, self.context, self.service.topics, hears, speaker, connection
        )
        self.listeners.append(listener)
        return listener

    def _background(self, stack: AsyncExitStack, outbox: Outbox, pool: asyncpg.Pool, health: Health) -> None:
        tasks = [
            asyncio.create_task(outbox.keep(pool), name="outbox"),
            asyncio.create_task(health.beat(), name="beat"),
            asyncio.create_task(redrive_released(self.service, self._hears, self.context), name="redrive"),
        ]
        tasks.append(
            asyncio.create_task(self.context.said_before.keep(pool, self.alarms), name="said before")
        )
        tasks += [asyncio.create_task(listener.keep(), name="hints") for listener in self.listeners]
        tasks += [asyncio.create_task(keep_ticking(timer, self.context)) for timer in self.service.timers]
        stack.push_async_callback(_cancel, tasks)

    async def _serve(self, stack: AsyncExitStack, health: Health) -> None:
        app = build_app(self.service.name, self.service.api, self.context, health, self.service.dress)
        server = Server(app, self.settings.http_host, self.settings.http_port)
        try:
            task = await server.serve_in_background()
        except OSError as error:
            raise CannotStart(str(error)) from None
        self.port = server.servers[0].sockets[0].getsockname()[1]

        async def close() -> None:
            server.should_exit = True
            await asyncio.wait([task], timeout=5.0)

        stack.push_async_callback(close)


def _head(service: Service) -> str | None:
    with suppress(Exception):
        return head_revision(service.package)
    return None


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    """Until all have ended: a cancellation that meets a finishing wait can be swallowed on the way (seen)."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=1.0)
        for task in pending:
            logger.warning("task %s goes on after it was cancelled", task.get_name())


async def _forget_sent(outbox: Outbox, pool: asyncpg.Pool) -> None:
    """What Kafka acknowledged while draining; left over, it would only be sent twice."""
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        await asyncio.wait_for(outbox.delete_acknowledged(pool), 5.0)


async def _close(pool: asyncpg.Pool) -> None:
    try:
        await asyncio.wait_for(pool.close(), 5.0)
    except (TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        pool.terminate()
