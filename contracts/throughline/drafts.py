"""What people begin to write before they send it: a draft exists, and how far it is. Names of fields, never values."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from throughline.message import Code, Event

FieldPath = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_.-]+$")]
"""A path into the message that the draft will be: ``lines.0.charge_cents``."""


class DraftSaved(Event):
    """A draft was saved at this step, with these fields filled in."""

    draft_id: UUID
    organisation_id: UUID
    person_id: UUID
    kind: Code
    """What it will be: a programme's form."""
    step: Code
    fields: Annotated[tuple[FieldPath, ...], Field(max_length=2000)] = ()
    at: datetime


class DraftDiscarded(Event):
    """A draft is no more: it was sent, then it names the request it became; or it was given up."""

    draft_id: UUID
    organisation_id: UUID
    person_id: UUID
    kind: Code
    step: Code
    fields: Annotated[tuple[FieldPath, ...], Field(max_length=2000)] = ()
    request_id: UUID | None = None
    at: datetime
