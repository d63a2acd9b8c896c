"""What is to happen to a parked record. Commands to the service that parked it."""

from __future__ import annotations

from throughline.answers import Coordinates
from throughline.message import Command, Note, Text


class RedriveRecord(Command):
    """Put the record through the same door again, then those parked behind it."""

    service: str
    coordinates: Coordinates
    actor: Text


class DiscardRecord(Command):
    """Give the record up. Two people, and a note that says why."""

    service: str
    coordinates: Coordinates
    actor: Text
    second_actor: Text
    note: Note
