"""May it come in? Pure decisions on what is known of one request: flat checks in a documented order.

A number is a partner's name for one request of one payee. It is taken by the first version that is accepted and
belongs to it for ever; where every version was refused it is free again.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from throughline.reasons import Reason
from throughline.requests import PaymentRequest

STALE_AFTER = timedelta(hours=24)
FUTURE_AFTER = timedelta(minutes=5)
HASH_BYTES = 16

Ended = Literal["withdrawn", "voided"]


@dataclass(slots=True)
class Known:
    """What is known of a request: the hash of each accepted version's body, one after the other, and how it ended."""

    bodies: bytes
    ended: Ended | None = None

    @property
    def version(self) -> int:
        """The current version, from 1."""
        return len(self.bodies) // HASH_BYTES

    def body_of(self, version: int) -> bytes:
        return self.bodies[(version - 1) * HASH_BYTES : version * HASH_BYTES]

    def version_of(self, body_hash: bytes) -> int | None:
        """The latest version with this body; None where no version had it."""
        versions = range(self.version, 0, -1)
        return next((version for version in versions if self.body_of(version) == body_hash), None)


@dataclass(frozen=True, slots=True)
class Accepted:
    """Ours to answer for from now on. ``replaces`` is the version that this one follows."""

    version: int
    replaces: int | None = None
    ends: Ended | None = None


@dataclass(frozen=True, slots=True)
class Repeated:
    """Accepted before, as that version."""

    version: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Not taken in, and why."""

    reason: Reason
    field: str | None = None


Decision = Accepted | Repeated | Refused


def may_submit(request: PaymentRequest, body_hash: bytes, known: Known | None) -> Decision:
    """An original: frequency 1, version 1, under a number that is free."""
    if request.frequency != "1":
        return Refused(Reason.FORMAT, "request.frequency")
    if request.version != 1:
        return Refused(Reason.FORMAT, "request.version")
    if known is None:
        return Accepted(1)
    if known.body_of(1) == body_hash:
        return Repeated(1)
    return Refused(Reason.NUMBER_IN_USE, "request.number")


def may_correct(
    request: PaymentRequest, body_hash: bytes, known: Known | None, claim_number: str
) -> Decision:
    """A replacement (7) or void (8): the version after the current one, of a request that has not ended."""
    if request.frequency == "1":
        return Refused(Reason.FORMAT, "request.frequency")
    if known is None:
        return Refused(Reason.UNKNOWN_REQUEST, "request.number")
    if request.payer_claim_number not in (None, claim_number):
        return Refused(Reason.FREQUENCY_REFERENCE, "request.payer_claim_number")
    if request.version <= known.version:
        if known.body_of(request.version) == body_hash:
            return Repeated(request.version)
        return Refused(Reason.STALE_VERSION, "request.version")
    if request.version > known.version + 1:
        return Refused(Reason.VERSION_GAP, "request.version")
    return _next(request, known)


def may_claim(request: PaymentRequest, body_hash: bytes, known: Known | None) -> Decision:
    """A claim of a file. Files do not number versions: a replacement or void is the version after the current one.

    A body that any version had is that version, told again: an old file that is sent once more, even under a new
    idempotency key, does not flip the claim back.

    ``known`` is the request that the claim is about: the one whose claim number it names (REF*F8), else the one that
    shares its own number.
    """
    if request.frequency == "1":
        return may_submit(request, body_hash, known)
    if known is None:
        named = request.payer_claim_number is not None
        return Refused(Reason.UNKNOWN_REQUEST, "request.payer_claim_number" if named else "request.number")
    earlier = known.version_of(body_hash)
    return _next(request, known) if earlier is None else Repeated(earlier)


def may_withdraw(version: int, known: Known | None) -> Decision:
    """Only the current version can be withdrawn, once. Whether its payment can still be stopped is payout's to say."""
    if known is None:
        return Refused(Reason.UNKNOWN_REQUEST, "number")
    if version < known.version:
        return Refused(Reason.STALE_VERSION, "version")
    if version > known.version:
        return Refused(Reason.VERSION_GAP, "version")
    if known.ended is not None:
        return Refused(Reason.ALREADY_ENDED)
    return Accepted(version, ends="withdrawn")


def may_bill(payer: str, payers: tuple[str, ...]) -> Refused | None:
    """A partner may be bound to certain payers; none named means any."""
    if payers and payer not in payers:
        return Refused(Reason.NOT_OF_THIS_PAYER, "request.payer")
    return None


def may_name(request: PaymentRequest, held: Set[str]) -> Refused | None:
    """What an accepted request names is here: ``held``, by SHA-256, are those that its sender may name."""
    for place, one in enumerate(request.attachments):
        if one.sha256 not in held:
            return Refused(Reason.ATTACHMENT_UNKNOWN, f"request.attachments.{place}.sha256")
    return None


def is_timely(made_at: datetime | None, recorded_at: datetime | None) -> Refused | None:
    """The sender's time against the broker's. Either unknown: nothing to compare."""
    if made_at is None or recorded_at is None:
        return None
    if recorded_at - made_at > STALE_AFTER:
        return Refused(Reason.STALE, "ce_time")
    if made_at - recorded_at > FUTURE_AFTER:
        return Refused(Reason.FUTURE, "ce_time")
    return None


def _next(request: PaymentRequest, known: Known) -> Decision:
    if known.ended is not None:
        return Refused(Reason.ALREADY_ENDED)
    return Accepted(known.version + 1, known.version, "voided" if request.frequency == "8" else None)
