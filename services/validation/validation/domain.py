"""What validation decides about one version: findings, price, duplicates and tier in, a named decision out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from throughline.findings import Finding
from throughline.reasons import Reason, Severity
from validation.near_duplicates.verdict import Likeness
from validation.pricing import Price


class State(StrEnum):
    """Where a version stands here. Payout and remittance own what comes after approval."""

    REVIEW = "review"
    """Open: a person must decide."""
    EXCEPTION = "exception"
    """Open: stopped until somebody mends it."""
    APPROVED = "approved"
    STOPPING = "stopping"
    """Approved and revoked; payout has not answered yet."""
    WAITING = "waiting"
    """A later version that waits for the one before it to be stopped, or to be too late."""
    FINAL = "final"
    """Approved, and payout said that it cannot be stopped: sent, paid, or closed with nothing to pay."""
    DENIED = "denied"
    ENDED = "ended"
    """Withdrawn, voided, or replaced by a later version before anything was paid."""


OPEN = frozenset({State.REVIEW, State.EXCEPTION})
COMMITTED = frozenset({State.APPROVED, State.STOPPING, State.FINAL})
"""A later version must not be decided beside these."""


@dataclass(frozen=True, slots=True)
class Approve:
    price: Price


@dataclass(frozen=True, slots=True)
class Deny:
    reason: Reason


@dataclass(frozen=True, slots=True)
class Except:
    reason: Reason
    other_request_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Review:
    reasons: tuple[Reason, ...]
    holds_bill: bool = False
    """Whether the bill keys are claimed while the person decides: only where every other check has passed."""


Decision = Approve | Deny | Except | Review


def decide(
    findings: Sequence[Finding],
    price: Price | None,
    duplicate_of: UUID | None,
    tier_cents: int,
    likest: Likeness | None = None,
) -> Decision:
    """The first of these that applies: denied by a rule, stopped by a rule, asked of a person by a rule, no price,
    duplicate, near duplicate, suspected duplicate or paid amount not below the payer's tier; else approved."""
    if findings:
        if denying := _reasons(findings, Severity.DENY):
            return Deny(denying[0])
        if stopping := _reasons(findings, Severity.EXCEPTION):
            return Except(stopping[0])
        if asking := _reasons(findings, Severity.REVIEW):
            return Review(asking)
    if price is None:
        return Review((Reason.NO_PRICE,))
    if duplicate_of is not None:
        return Except(Reason.DUPLICATE, duplicate_of)
    if likest is not None and likest.kind == "near":
        return Except(Reason.DUPLICATE_NEAR, likest.other_request_id)
    reasons: list[Reason] = []
    if likest is not None:
        reasons.append(Reason.DUPLICATE_SUSPECT)
    if price.paid_cents >= tier_cents:
        reasons.append(Reason.ABOVE_TIER)
    return Review(tuple(reasons), holds_bill=True) if reasons else Approve(price)


def told(decision: Decision) -> str:
    """A decision in a few words, to be compared with another one of the same request.

    >>> told(Review((Reason.NO_PRICE,)))
    'review no_price'
    """
    match decision:
        case Approve():
            return "approve"
        case Deny(reason):
            return f"deny {reason}"
        case Except(reason):
            return f"except {reason}"
        case Review(reasons):
            return f"review {' '.join(reasons)}"


def _reasons(findings: Sequence[Finding], severity: Severity) -> tuple[Reason, ...]:
    return tuple(dict.fromkeys(finding.reason for finding in findings if finding.severity == severity))
