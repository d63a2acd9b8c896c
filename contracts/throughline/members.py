"""Who is insured, said by payers' master systems: the days a member is covered, and the services that are benefits."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from throughline.identifiers import derived
from throughline.message import Code, Event, Record
from throughline.reference import EntityVersion, ProcedureCode
from throughline.sensitive import Sensitive


class Span(Record):
    """Days, both included; ``to_date`` None: without end."""

    from_date: date
    to_date: date | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Span:
        if self.to_date is not None and self.to_date < self.from_date:
            raise ValueError("the days end before they begin")
        return self


class Benefit(Span):
    """Services that the member's plan covers on these days. No code: every service."""

    category: Code
    """The plan's own name for them: ``office-visits``."""
    codes: Annotated[tuple[ProcedureCode, ...], Field(max_length=2000)] = ()


class MemberRecorded(Event):
    """A member of a payer, as the payer has them now; what was said before of other days is replaced as a whole.

    An end of coverage in the past is an end like any other: what was approved for later days and is not paid yet comes
    back to a person, and a recovery is opened for what was paid.
    """

    payer: Code
    member_id: Sensitive
    version: EntityVersion
    coverage: Annotated[tuple[Span, ...], Field(max_length=200)]
    """None: not covered on any day."""
    benefits: Annotated[tuple[Benefit, ...], Field(max_length=200)] | None = None
    """None: every service is a benefit on every covered day."""


def member_key_for(payer: str, member_id: Sensitive) -> UUID:
    """A payer's member by a name that tells nobody the member id: the key of the record, and of every table."""
    return derived("member", payer, member_id.reveal().strip().upper())
