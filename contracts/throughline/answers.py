"""What a partner hears back: one first answer for every record, line of a file or HTTP request that was heard."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from throughline.message import Event, Record
from throughline.reasons import Reason
from throughline.requests import RequestNumber


class Problem(Record):
    """What is wrong, where, and in words. ``field`` is a path into the message, or segment and element of a file."""

    reason: Reason
    field: Annotated[str, Field(max_length=200)] | None = None
    detail: Annotated[str, Field(max_length=400)] | None = None


class Coordinates(Record):
    """Where the record stands in Kafka."""

    topic: str
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]


class Receipt(Record):
    """Where the request stands in a file or HTTP call: the receipt's id and the claim's position, from 1."""

    receipt_id: UUID
    position: Annotated[int, Field(ge=1)]


class RequestAnswered(Event):
    """The answer to one thing heard. ``first`` is true once for each; redrives and later stages add answers."""

    outcome: Literal["accepted", "repeated", "conflict", "refused", "parked"]
    first: bool = True
    coordinates: Coordinates | None = None
    receipt: Receipt | None = None
    number: RequestNumber | None = None
    request_id: UUID | None = None
    version: Annotated[int, Field(ge=1)] | None = None
    payer_claim_number: str | None = None
    problems: Annotated[tuple[Problem, ...], Field(max_length=100)] = ()
