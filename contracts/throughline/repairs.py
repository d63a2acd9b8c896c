"""What is to happen to a parked record. Commands to the service that parked it, answered on ``parked.<service>``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from throughline.answers import Coordinates
from throughline.message import Command, Note, Text
from throughline.reasons import Reason

ALONE_MAX = 100
"""How many records one person may have redriven within an hour; above it a second one stands beside them."""


class RedriveRecord(Command):
    """Put the record through the same door again, then those parked behind it."""

    service: str
    coordinates: Coordinates
    actor: Text
    second_actor: Text | None = None


class RedriveRecords(Command):
    """Put many parked records through the same door again, the oldest first, each with those behind it.

    More than 100 within an hour need a second person. What stands behind another record is not counted.
    """

    service: str
    topic: str | None = None
    reason: Reason | None = None
    """Only those parked for it; None: for whatever reason."""
    count_max: Annotated[int, Field(ge=1, le=10_000)]
    actor: Text
    second_actor: Text | None = None


class DiscardRecord(Command):
    """Give the record up. Two people, and a note that says why."""

    service: str
    coordinates: Coordinates
    actor: Text
    second_actor: Text
    note: Note
