"""A record that could not be applied was set aside. The bytes stay in the service's own table."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from throughline.answers import Coordinates
from throughline.message import Event, Sha256
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
