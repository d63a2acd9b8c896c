"""Who hears what: a topic, the work its slices need, and one plain function per message."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import asyncpg

from chassis.context import Context
from chassis.say import Say
from chassis.signer import By, CheckPasskey
from throughline.message import Message


class Work(Protocol):
    """What one slice needs: loaded at once, changed by decisions in memory, stored at once."""

    @classmethod
    async def load(cls, db: asyncpg.Connection, heard: Sequence[Any], context: Context) -> Work:
        """Read what the slice's messages need, by set-based queries; lock the rows that will be spoken about."""

    async def store(self, db: asyncpg.Connection) -> None:
        """Write every effect of the slice's decisions, by set-based statements."""


class NoWork:
    """For handlers that neither read nor write."""

    @classmethod
    async def load(cls, db: asyncpg.Connection, heard: Sequence[Any], context: Context) -> NoWork:
        return cls()

    async def store(self, db: asyncpg.Connection) -> None:
        return None


Decide = Callable[[Any, Any, Say], None]
Tick = Callable[[Context], Awaitable[None]]


@dataclass(frozen=True)
class Hearing:
    """One entry of ``Service(hears=[...])``."""

    topics: tuple[str, ...]
    pattern: str | None
    work: type[Any]
    on: Mapping[type[Message], Decide] = field(default_factory=dict)
    on_record: Decide | None = None
    is_raw: bool = False
    """Records as bytes. With no ``on_record`` nothing is decided or said about one: its work sees all of them."""
    signed: Mapping[type[Message], By] = field(default_factory=dict)
    """Commands that a person must have signed, and who may."""
    check_passkey: CheckPasskey | None = None
    keeps_versions: bool = False
    """The work itself lets an entity's version only rise, after it believed the record."""
    addressed: Callable[[Any], bool] | None = None
    """Where every service hears a command and one decides it: whether a message is this service's to judge."""

    def is_ours(self, message: Any) -> bool:
        return self.addressed is None or self.addressed(message)

    def matches(self, topic: str) -> bool:
        return topic in self.topics or (
            self.pattern is not None and re.match(self.pattern, topic) is not None
        )


@dataclass(frozen=True)
class Timer:
    interval_s: float
    tick: Tick


def hear(
    topic: str,
    *,
    work: type[Any],
    on: Mapping[type[Message], Decide],
    signed: Mapping[type[Message], By] | None = None,
    check_passkey: CheckPasskey | None = None,
) -> Hearing:
    """Hear messages of ours. ``on`` maps each message class to ``decide(heard, work, say)``, a plain function.

    Messages of the topic that are not in ``on`` are passed over. ``signed`` says who may give a command: its decision
    finds the person, or why there is none to believe, in ``heard.signer``. ``check_passkey`` judges step-ups.
    """
    signed = dict(signed or {})
    if signed and set(signed) != set(on):
        raise LookupError(f"{topic}: every command of a topic is signed, or none")
    return Hearing((topic,), None, work, dict(on), signed=signed, check_passkey=check_passkey)


def hear_raw(
    *topics: str, pattern: str | None = None, work: type[Any] = NoWork, on: Decide | None = None
) -> Hearing:
    r"""Hear records as bytes: ``on(record, work, say)``. ``pattern`` (``re.match``: escape dots, end with ``$``)
    takes in new topics within seconds. With ``on=None`` the work sees every record in ``load``; nothing else is done.
    """
    return Hearing(tuple(topics), pattern, work, on_record=on, is_raw=True)


def every(interval_s: float, tick: Tick) -> Timer:
    """Call ``tick(context)`` again and again, in every replica, ``interval_s`` after it last ended."""
    return Timer(interval_s, tick)
