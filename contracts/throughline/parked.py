"""A record that could not be applied was set aside, and what became of it. Its service keeps the bytes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from throughline.answers import Coordinates
from throughline.message import Event, Sha256, Text
from throughline.reasons import Reason


class RecordParked(Event):
    """Which record, why, and the hash of its value. Redrive or discard it with the commands of ``repairs``."""

    service: str
    coordinates: Coordinates
    sequence: int | None = None
    reason: Reason
    field: Annotated[str, Field(max_length=200)] | None = None
    value_sha256: Sha256
    value_bytes: Annotated[int, Field(ge=0)]


class RecordRedriven(Event):
    """The record went through the door after all: applied, and no longer parked."""

    service: str
    coordinates: Coordinates
    sequence: int | None = None
    reason: Reason
    """Why it had been parked."""
    actor: Text
    """Who asked for it, or for the record that it stood behind; ``recovery`` where a service put itself right."""


class RecordDiscarded(Event):
    """The record was given up by two people. Its bytes are kept; it will never be applied."""

    service: str
    coordinates: Coordinates
    sequence: int | None = None
    reason: Reason
    actor: Text
    second_actor: Text
