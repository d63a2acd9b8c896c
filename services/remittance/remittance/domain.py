"""What remittance knows of a payment, and whether it may be posted: pure, in a documented order."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from throughline.adjudications import Adjudication
from throughline.payments import PaymentSent

What = Literal["items_hash", "item_count", "amount", "balance", "encoding"]


@dataclass(frozen=True, slots=True)
class Item:
    """One scheduled request of a payment, and what its approval said; None while the approval has not been heard."""

    request_id: UUID
    version: int
    decision_id: UUID
    cents: int
    adjudication: Adjudication
    content_hash: bytes
    approved_cents: int | None = None
    approved_hash: bytes | None = None

    @property
    def is_approved(self) -> bool:
        return self.approved_hash is not None


@dataclass(slots=True)
class PaymentBook:
    """A payment as heard so far, in whatever order. ``items`` are loaded only where the payment could be complete.

    ``gone``: returned or refused before it settled; it is never remitted. ``returned`` alone: it was settled first, so
    it is remitted and the remittance is reversed, whichever of its messages comes last.
    """

    payment_id: UUID
    sent: PaymentSent | None = None
    settled_cents: int | None = None
    settled_by: UUID | None = None
    returned: bool = False
    gone: bool = False
    items_heard: int = 0
    state: Literal["open", "posted", "mismatch"] = "open"
    items: dict[tuple[UUID, int], Item] = field(default_factory=dict)

    @property
    def could_be_complete(self) -> bool:
        return (
            self.state == "open"
            and not self.gone
            and self.settled_cents is not None
            and self.sent is not None
            and self.items_heard >= self.sent.item_count
        )


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What does not agree, and both figures where it is an amount."""

    what: What
    expected_cents: int | None = None
    found_cents: int | None = None


def content_hash(adjudication: Adjudication) -> bytes:
    """What an approval and the item scheduled from it must share: SHA-256 of the JSON as it is stored."""
    return hashlib.sha256(adjudication.__pydantic_serializer__.to_json(adjudication)).digest()


def items_hash(items: list[Item]) -> str:
    """As ``PaymentSent`` defines it: sorted lines of request, version, decision and cents."""
    lines = sorted(f"{one.request_id},{one.version},{one.decision_id},{one.cents}\n" for one in items)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
