"""What a topic is: who speaks and hears it, by which key, in what order, how long it is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from throughline import voids
from throughline.message import Message


class Kind(StrEnum):
    """What order and once mean on a topic."""

    EVENTS = "events"
    """One speaker, a dense ``sequence`` per partition: the receiver applies exactly the next one."""
    COMMANDS = "commands"
    """Many speakers, no sequence: a message id counts once per speaker."""
    REFERENCE = "reference"
    """A master system speaks; no sequence: the entity's version must rise."""
    INTAKE = "intake"
    """A partner speaks; untrusted."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic, or one family of topics where the name ends in ``*`` (a topic for each partner or service)."""

    name: str
    kind: Kind
    speaks: tuple[str, ...]
    hears: tuple[str, ...]
    key: str
    messages: tuple[type[Message], ...]
    partitions: int = 4
    retention_days: int = 28
    message_bytes_max: int = 1_000_000

    def __post_init__(self) -> None:
        # Whatever has a sequence may have a hole in it, to be filled.
        if self.kind is Kind.EVENTS and voids.SequenceVoided not in self.messages:
            object.__setattr__(self, "messages", (*self.messages, voids.SequenceVoided))

    @property
    def is_family(self) -> bool:
        return self.name.endswith("*")

    @property
    def pattern(self) -> str:
        """A regular expression that matches exactly this topic's name or its family's names."""
        if self.is_family:
            return rf"^{re.escape(self.name[:-1])}[a-z][a-z0-9-]{{1,30}}$"
        return rf"^{re.escape(self.name)}$"

    def of(self, member: str) -> str:
        """The family's topic for one partner or service."""
        if not self.is_family:
            raise ValueError(f"{self.name} is one topic, not a family")
        return self.name[:-1] + member
