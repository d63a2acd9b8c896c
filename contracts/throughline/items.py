"""The life of one approved request in payout."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from throughline.adjudications import Adjudication
from throughline.message import Event
from throughline.money import Cents
from throughline.reasons import Reason
from throughline.submissions import Version


class ItemScheduled(Event):
    """The item is in a closed batch. Carries the lines, so that its remittance can be made from it alone."""

    request_id: UUID
    version: Version
    decision_id: UUID
    payment_id: UUID
    batch_id: UUID
    amount_cents: Annotated[Cents, Field(gt=0)]
    adjudication: Adjudication


class ItemHeld(Event):
    """The item is not paid until its reason is gone."""

    request_id: UUID
    version: Version
    decision_id: UUID
    reason: Reason
    payment_id: UUID | None = None
    """The payment that was returned or refused, where that is the reason."""


class ItemReleased(Event):
    """A held item waits for the next cutoff again."""

    request_id: UUID
    version: Version
    decision_id: UUID
    reason: Reason


class ItemStopped(Event):
    """The item will never be paid under this decision. Answers ``ApprovalRevoked``."""

    request_id: UUID
    version: Version
    decision_id: UUID
    cause: Literal["correction", "void", "withdrawal", "recall"]


class ItemTooLate(Event):
    """The item has left, or was never to leave; it cannot be stopped. Answers ``ApprovalRevoked``."""

    request_id: UUID
    version: Version
    decision_id: UUID
    cause: Literal["correction", "void", "withdrawal", "recall"]
    payment_id: UUID | None = None
