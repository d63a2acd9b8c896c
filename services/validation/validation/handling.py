"""What people have done with a version so far, and what that lets others do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import TypeAdapter

from throughline.reasons import Reason


@dataclass(frozen=True, slots=True)
class Edits:
    """What the next version may change, against which version."""

    of: int
    """The version that was returned."""
    fields: tuple[str, ...] | None = None
    """None: everything but who is paid."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """Of the decision that stands."""

    id: UUID
    """The ``DisputeOpened``."""
    by: UUID
    """The person who disputes it."""
    outcome: Literal["upheld", "changed", "ended"] | None = None
    """None while it waits."""


@dataclass(frozen=True, slots=True)
class Handling:
    """Kept with its version; a version that nobody touched has none of it."""

    first_approver: UUID | None = None
    """Who gave the first of two approvals; ends with what was asked."""
    edits: Edits | None = None
    """Of what was returned for edits, or mended otherwise than was asked."""
    edited: int = 0
    """How many versions of the request answered a return, up to this one."""
    deciders: tuple[UUID, ...] = ()
    """The people who gave the decision that stands; nobody where rules did."""
    appeal_until: date | None = None
    """The last day on which it can be disputed."""
    dispute: Dispute | None = None
    recovered: tuple[Reason, ...] = ()
    """For what recoveries were opened of what has left; ends when it is decided anew."""
    set_aside: tuple[Reason, ...] = ()
    """What denied an earlier version whose dispute was decided against that: it denies no more, and asks a person."""


UNTOUCHED = Handling()
_HANDLING: TypeAdapter[Handling] = TypeAdapter(Handling)


def handling_to_json(handling: Handling) -> bytes | None:
    return None if handling == UNTOUCHED else _HANDLING.dump_json(handling, exclude_defaults=True)


def handling_from_json(text: bytes | None) -> Handling:
    return UNTOUCHED if text is None else _HANDLING.validate_json(text)
