"""Three services in a row that pass a small message on; what the contract tests and the bench run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from chassis import Context, Heard, Say, Service, ServiceSettings, hear
from throughline.flow import PARKED, REPAIRS, Kind, Topic
from throughline.message import Event


class Passed(Event):
    """Something with a number per key, so that order can be checked."""

    key: str
    number: int
    filler: str = ""


class Odd(Event):
    """A second type on the same topics."""

    key: str
    number: int


HOPS = ("alpha", "beta", "gamma")


def service_name(prefix: str, name: str) -> str:
    """A test's own, so that no other test speaks on its parked topic."""
    return f"{name}-{prefix}"


def chain_topics(prefix: str, partitions: int = 4) -> tuple[Topic, ...]:
    """Topics a..d: hop n hears the n-th and speaks the next; the source speaks the first."""
    speakers = tuple(service_name(prefix, name) for name in ("source", *HOPS))
    names = [f"{prefix}-{letter}" for letter in "abcd"]
    topics = tuple(
        Topic(
            name,
            Kind.EVENTS,
            speaks=(speaker,),
            hears=(speakers[index + 1],) if index < len(HOPS) else (),
            key="key",
            messages=(Passed, Odd),
            partitions=partitions,
        )
        for index, (name, speaker) in enumerate(zip(names, speakers, strict=True))
    )
    return (*topics, PARKED)


class StateWork:
    """Keeps each key's numbers, in the order in which they were applied."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, int, UUID]] = []

    @classmethod
    async def load(cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context) -> StateWork:
        return cls()

    async def store(self, db: asyncpg.Connection) -> None:
        await db.execute(
            "insert into applied (key, number, id) select * from unnest($1::text[], $2::int[], $3::uuid[])",
            [row[0] for row in self.rows],
            [row[1] for row in self.rows],
            [row[2] for row in self.rows],
        )


APPLIED = "create table applied (at bigserial primary key, key text not null, number int not null, id uuid not null)"


def pass_on(heard: Heard[Passed], work: StateWork, say: Say) -> None:
    message = heard.message
    work.rows.append((message.key, message.number, heard.envelope.id))
    say(message, key=message.key)


def hop(
    index: int,
    topics: Sequence[Topic],
    decide: Callable[[Heard[Any], Any, Say], None] = pass_on,
    work: type[Any] = StateWork,
) -> Service:
    return Service(
        topics[index].hears[0],
        settings=ServiceSettings,
        hears=[hear(topics[index].name, work=work, on={Passed: decide})],
        topics=topics,
    )


def with_repairs(topics: Sequence[Topic], name: str, service: str) -> tuple[Topic, ...]:
    """The map with a repairs topic that the service hears."""
    own = Topic(
        REPAIRS.name, Kind.COMMANDS, ("portal",), (service,), REPAIRS.key, REPAIRS.messages, partitions=1
    )
    return (*topics, own)
