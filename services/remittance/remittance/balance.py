"""The three balances of an 835, in whole cents, without tolerance (005010X221A1 1.10.2).

Line: charge - adjustments = paid. Claim: charges and payments of the lines sum to the claim's, and the PR adjustments
to what the patient owes. Transaction: payments of the claims sum to the amount of the payment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from remittance.transaction import ClaimPayment, Transaction


@dataclass
class Unbalanced(ValueError):
    """Where the sums part, and both of them."""

    level: Literal["line", "claim", "transaction"]
    what: str
    expected_cents: int
    found_cents: int

    def __str__(self) -> str:
        return f"{self.level}: {self.what} is {self.found_cents}, the parts make {self.expected_cents}"


def check(transaction: Transaction) -> None:
    """Raises Unbalanced at the first sum that does not hold."""
    if transaction.amount_cents < 0:
        raise Unbalanced("transaction", "BPR02, never negative,", 0, transaction.amount_cents)
    for claim in transaction.claims:
        _check_claim(claim)
    paid = sum(claim.paid_cents for claim in transaction.claims)
    _equal("transaction", "BPR02", paid, transaction.amount_cents)


def _check_claim(claim: ClaimPayment) -> None:
    for line in claim.lines:
        adjusted = sum(one.amount_cents for one in line.adjustments)
        _equal("line", "SVC03", line.charge_cents - adjusted, line.paid_cents)
    _equal("claim", "CLP03", sum(line.charge_cents for line in claim.lines), claim.charge_cents)
    _equal("claim", "CLP04", sum(line.paid_cents for line in claim.lines), claim.paid_cents)
    adjustments = [one for line in claim.lines for one in line.adjustments]
    _equal(
        "claim", "CLP04", claim.charge_cents - sum(one.amount_cents for one in adjustments), claim.paid_cents
    )
    owed = sum(one.amount_cents for one in adjustments if one.group == "PR")
    _equal("claim", "CLP05", owed, claim.patient_cents)


def _equal(level: Literal["line", "claim", "transaction"], what: str, expected: int, found: int) -> None:
    if expected != found:
        raise Unbalanced(level, what, expected, found)
