"""A number that nothing was ever said under. It may stand on every topic of events."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from throughline.message import Event, Note, Text


class SequenceVoided(Event):
    """Takes the place of a sequence that was given, never sent, and lost with its database: hearers go on behind it."""

    topic: str
    partition: Annotated[int, Field(ge=0)]
    sequence: Annotated[int, Field(ge=1)]
    actor: Text
    note: Note
