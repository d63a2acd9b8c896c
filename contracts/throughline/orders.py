"""What operations staff ask of payout."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from throughline.message import Command, Note, Text
from throughline.money import TotalCents
from throughline.submissions import Version


class HoldItem(Command):
    """Do not pay this item for now."""

    request_id: UUID
    version: Version
    note: Note
    actor: Text


class ReleaseItem(Command):
    """Pay a held item at the next cutoff."""

    request_id: UUID
    version: Version
    note: Note
    actor: Text


class HoldBatch(Command):
    """Do not send a closed batch for now. Too late once the intent to send it is recorded."""

    batch_id: UUID
    note: Note
    actor: Text


class ReleaseBatch(Command):
    """Let a batch that waits for release, or that another person held, leave."""

    batch_id: UUID
    total_cents: TotalCents | None = None
    """What the person saw: refused where the batch holds another sum or another number of entries."""
    entry_count: Annotated[int, Field(ge=0)] | None = None
    note: Note
    actor: Text


class ReissuePayment(Command):
    """Pay a returned payment's items again, as a new payment with a new trace number."""

    payment_id: UUID
    amount_cents: TotalCents | None = None
    """What the payment came to, as the person saw it: refused where it came to another sum."""
    account_mask: Annotated[str, Field(min_length=1, max_length=20)] | None = None
    """The account that the person saw it go to: refused where the payee's account is another by now."""
    note: Note
    actor: Text


ReversalCause = Literal["duplicate", "wrong_amount", "wrong_receiver", "wrong_date"]
"""Why an entry may be taken back (Nacha rules). Lack of money, or a change of mind, is none."""


class ReversePayment(Command):
    """Take a bank entry back, within five banking days of settlement. Two people sign it. Refused without a cause."""

    payment_id: UUID
    cause: ReversalCause | None = None
    note: Note
    actor: Text
