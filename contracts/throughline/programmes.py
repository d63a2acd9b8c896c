"""How a programme's money leaves and is explained. Its pack says so (docs/packs.md); decisions carry it.

Whoever pays or explains reads it here, and knows no programme by name.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from throughline.message import Record
from throughline.money import Cents
from throughline.sensitive import Sensitive

Programme = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,59}$")]
"""The id of a programme: ``medical``, or one whose pack validation reads."""
MEDICAL = "medical"
"""Health-care claims: paid by CCD+ and explained by an 835. No pack is theirs."""
HEALTH_CLAIM_PAYMENT = "HCCLAIMPMT"

Words = Annotated[
    dict[Annotated[str, Field(pattern=r"^[a-z]{2}$")], Annotated[str, Field(min_length=1, max_length=400)]],
    Field(min_length=1, max_length=20),
]
"""What people read, by language."""


class BankEntry(Record):
    """The bank entry that pays: its kind (CCD: a business, PPD: a person), and what it is called there."""

    rail: Literal["ccd", "ppd"]
    description: Annotated[str, Field(pattern=r"^[A-Z0-9 ]{1,10}$")]

    @model_validator(mode="after")
    def _claims_go_to_businesses(self) -> BankEntry:
        """A receiver classifies by HCCLAIMPMT, which is of CCD+ (CAQH CORE 370)."""
        if self.rail == "ppd" and self.description == HEALTH_CLAIM_PAYMENT:
            raise ValueError("HCCLAIMPMT is no description of a PPD entry")
        return self


HEALTH_CLAIM_ENTRY = BankEntry(rail="ccd", description=HEALTH_CLAIM_PAYMENT)
BEFORE_PACKS = {
    MEDICAL: HEALTH_CLAIM_ENTRY,
    "child-care": BankEntry(rail="ppd", description="CHILD CARE"),
}
"""What a decision that names no entry is paid by: health-care claims, and what is older than the field."""


class PayClock(Record):
    """A properly completed request must be paid by a day. A return for completion stops the clock; what comes back
    starts it anew."""

    started_on: date
    due_on: date
    """The last day in time."""


class ShownField(Record):
    """A field of the form that a plain remittance shows, as a case number."""

    label: Words
    value: Sensitive


class Explained(Record):
    """A part of the charge that is not paid, in words instead of codes."""

    why: Words
    amount_cents: Cents


class PlainStatement(Record):
    """What a remittance that is no 835 says of one request: the pack's words, initials, and no name."""

    heading: Words
    charged: Words
    adjusted: Words
    """What is not paid, where no part of it has words of its own."""
    paid: Words
    subject: Words
    """What the person is called of whom the initials are: the child."""
    paid_on: Words
    trace: Words
    total: Words
    initials: Sensitive | None = None
    shown: Annotated[tuple[ShownField, ...], Field(max_length=10)] = ()
    explained: Annotated[tuple[Explained, ...], Field(max_length=50)] = ()
