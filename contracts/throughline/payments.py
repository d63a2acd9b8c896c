"""Payments and batches: what left for the bank and what the bank said. One payment = one bank entry = one 835."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from throughline.message import Event, Note, Record, Sha256, Text
from throughline.money import Cents, Currency, TotalCents
from throughline.orders import ReversalCause
from throughline.reasons import Reason

TraceNumber = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9]+$")]
"""TRN02 of the addenda and of the 835. Leading zeros are significant."""
_Jws = Annotated[str, Field(min_length=1, max_length=2000)]


class PaymentSent(Event):
    """One entry of a batch whose intent to send is recorded.

    ``items_hash`` is SHA-256 over the lines ``request_id,version,decision_id,cents\\n`` sorted as text, so that a
    hearer can tell that it has seen every ``ItemScheduled`` of the payment, however many they are.
    """

    payment_id: UUID
    batch_id: UUID
    payer: str
    payee_id: UUID
    payee_name: Text
    account_token: str
    account_mask: str
    amount_cents: Annotated[Cents, Field(gt=0)]
    currency: Currency = "USD"
    item_count: Annotated[int, Field(ge=1)]
    items_hash: Sha256
    trace_number: TraceNumber
    payer_trace_id: Annotated[str, Field(pattern=r"^[0-9A-Z]{10}$")]
    """TRN03: 1 and the payer's TIN."""
    ach_trace: Annotated[str, Field(pattern=r"^[0-9]{15}$")]
    odfi_routing: Annotated[str, Field(pattern=r"^[0-9]{9}$")]
    rdfi_routing: Annotated[str, Field(pattern=r"^[0-9]{9}$")]
    effective_date: date


class PaymentSettled(Event):
    """The bank's statement shows the entry."""

    payment_id: UUID
    batch_id: UUID
    amount_cents: Annotated[Cents, Field(gt=0)]
    settled_on: date
    statement_reference: Text
    return_window_ends_on: date


class PaymentReturned(Event):
    """The bank sent the entry back. Final over a settlement, whichever comes first."""

    payment_id: UUID
    batch_id: UUID
    amount_cents: Annotated[Cents, Field(gt=0)]
    return_code: Annotated[str, Field(pattern=r"^R[0-9]{2}$")]
    returned_on: date
    return_trace: str


class PaymentReissued(Event):
    """What came back of a payment waits to be paid again, as a new payment with a new trace number. Said once for a
    payment; what was stopped or corrected in the meantime is not in it. Answers ``ReissuePayment``.
    """

    payment_id: UUID
    """The payment that came back."""
    item_count: Annotated[int, Field(ge=1)]
    amount_cents: Annotated[Cents, Field(gt=0)]
    note: Note
    actor: Text


class ReversalOrdered(Event):
    """The next file takes the payment's entry back. Nothing has moved yet. Answers ``ReversePayment``."""

    payment_id: UUID
    amount_cents: Annotated[Cents, Field(gt=0)]
    cause: ReversalCause
    last_day: date
    """The last effective date that the reversal may carry: five banking days after settlement."""
    note: Note
    actor: Text


class ReversalScheduled(Event):
    """The reversal stands in the file of a closed batch, under a trace number of its own."""

    payment_id: UUID
    batch_id: UUID
    amount_cents: Annotated[Cents, Field(gt=0)]
    ach_trace: Annotated[str, Field(pattern=r"^[0-9]{15}$")]


class ReversalFailed(Event):
    """The reversal came to nothing: the payee has the money, and the payment stands."""

    payment_id: UUID
    amount_cents: Annotated[Cents, Field(gt=0)]
    failure: Literal["returned", "refused", "window_missed", "payment_returned", "not_encodable"]
    return_code: Annotated[str, Field(pattern=r"^R[0-9]{2}$")] | None = None
    failed_on: date


class PaymentReversed(Event):
    """The bank took the money back by our own entry, and the time in which that entry could come back has passed."""

    payment_id: UUID
    batch_id: UUID
    """The batch of the reversal."""
    amount_cents: Annotated[Cents, Field(gt=0)]
    reversed_on: date
    reversal_trace: Annotated[str, Field(pattern=r"^[0-9]{15}$")]


class PaymentRefused(Event):
    """The entry came to nothing before settlement: the bank refused it (``refused_by_bank``), or it was taken out of a
    batch that waited, because its account was no longer in order. Nothing was paid."""

    payment_id: UUID
    batch_id: UUID
    reason: Reason
    detail: Annotated[str, Field(max_length=400)] | None = None


class BatchClosed(Event):
    """A window closed; the batch's content will never change. Said also for a window without payments."""

    OF_THE_MOMENT = frozenset({"closed_at"})

    batch_id: UUID
    bank: str
    window: str
    closed_at: datetime
    effective_date: date
    payment_count: Annotated[int, Field(ge=0)]
    total_cents: TotalCents
    entry_hash: Annotated[int, Field(ge=0)]
    reversal_count: Annotated[int, Field(ge=1)] | None = None
    """Entries of the file that take earlier payments back; they are in the entry hash, not in count and total."""
    reversal_cents: TotalCents | None = None
    file_name: str | None = None
    file_sha256: Sha256 | None = None


class BatchHeld(Event):
    """A closed batch does not leave: a payer of it asks for a person's release, or a person holds it."""

    batch_id: UUID
    bank: str
    window: str
    cause: Literal["release_required", "order"]
    effective_date: date
    payment_count: Annotated[int, Field(ge=1)]
    total_cents: TotalCents
    note: Note | None = None
    actor: Text | None = None


class BatchReleased(Event):
    """A batch that was held leaves. Released too late for the date it was closed with, it has a new one."""

    batch_id: UUID
    effective_date: date
    total_cents: TotalCents
    note: Note
    actor: Text


class BatchRedated(Event):
    """The file of a batch that is late carries its new date, or goes without what was taken out: these are the bytes
    that leave."""

    batch_id: UUID
    effective_date: date
    file_sha256: Sha256
    payment_count: Annotated[int, Field(ge=0)] | None = None
    """Where payments were taken out: how many are left, their sum, and the file's entry hash."""
    total_cents: TotalCents | None = None
    entry_hash: Annotated[int, Field(ge=0)] | None = None


class BatchRefused(Event):
    """The bank refused the whole file, or one of reversals was withdrawn unsent. Nothing of it was paid."""

    batch_id: UUID
    reason: Reason
    detail: Annotated[str, Field(max_length=400)] | None = None


class SignedCall(Record):
    """A call over HTTP as two people signed it (``throughline.signed_http``): who doubts it later checks it again."""

    value: Annotated[str, Field(max_length=1000)]
    """What was signed: method, path and the digest of the body."""
    body: Annotated[str, Field(max_length=4000)]
    signatures: tuple[_Jws, _Jws]


class FileResolved(Event):
    """People said what became of a bank file in doubt. That it leaves again, or that nothing of it is paid, two
    signed."""

    batch_id: UUID
    outcome: Literal["received", "not_received", "given_up"]
    actors: tuple[Text, ...]
    signed: SignedCall | None = None


class FindingResolved(Event):
    """People looked at what did not agree, and explained it. Where it stood in the way of all delivery, two signed."""

    finding_id: UUID
    what: Text
    batch_id: UUID | None = None
    payment_id: UUID | None = None
    actors: tuple[Text, ...]
    signed: SignedCall | None = None
