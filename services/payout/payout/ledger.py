"""The double entry ledger: what each step of a payment moves between which accounts. Pure; cents only.

Debits are positive, credits negative; every journal entry sums to zero. Four accounts are clearing accounts, one per
stage: what is approved and not yet in a batch, what is in a batch and not yet with the bank's statement, what came back
and is owed again, what our own entry took back and may still lose again. Each returns to zero when its stage is done;
an old balance in one of them is an alarm.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from throughline.identifiers import derived


class Account(StrEnum):
    """The chart of accounts, kept per payer."""

    CLAIMS = "claims"  # expense: what the payer owes providers, in all
    APPROVED = "approved"  # clearing: approved, waiting for a cutoff
    BATCHED = "batched"  # clearing: in a closed batch, not yet settled
    RETURNED = "returned"  # clearing: came back or was refused, owed again
    REVERSING = "reversing"  # clearing: taken back by our own entry, which may still come back
    CASH = "cash"  # what left the payer's account at the bank, by its statement


CLEARING = frozenset({Account.APPROVED, Account.BATCHED, Account.RETURNED, Account.REVERSING})


class Step(StrEnum):
    """What happened. Each step moves one amount from one account to another."""

    APPROVED = "approved"
    STOPPED = "stopped"
    SCHEDULED = "scheduled"
    RESCHEDULED = "rescheduled"
    SETTLED = "settled"
    RETURNED = "returned"
    RETURNED_AFTER_SETTLEMENT = "returned_after_settlement"
    REFUSED = "refused"
    STOPPED_AFTER_RETURN = "stopped_after_return"
    REVERSAL_SETTLED = "reversal_settled"
    REVERSAL_RETURNED = "reversal_returned"
    REVERSED = "reversed"


# (debited, credited)
MOVES: dict[Step, tuple[Account, Account]] = {
    Step.APPROVED: (Account.CLAIMS, Account.APPROVED),
    Step.STOPPED: (Account.APPROVED, Account.CLAIMS),
    Step.SCHEDULED: (Account.APPROVED, Account.BATCHED),
    Step.RESCHEDULED: (Account.RETURNED, Account.BATCHED),
    Step.SETTLED: (Account.BATCHED, Account.CASH),
    Step.RETURNED: (Account.BATCHED, Account.RETURNED),
    Step.RETURNED_AFTER_SETTLEMENT: (Account.CASH, Account.RETURNED),
    Step.REFUSED: (Account.BATCHED, Account.RETURNED),
    Step.STOPPED_AFTER_RETURN: (Account.RETURNED, Account.CLAIMS),
    Step.REVERSAL_SETTLED: (Account.CASH, Account.REVERSING),
    Step.REVERSAL_RETURNED: (Account.REVERSING, Account.CASH),
    Step.REVERSED: (Account.REVERSING, Account.RETURNED),
}


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of a journal entry."""

    account: Account
    cents: int


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One step, for one payer, about one thing. The same step of the same thing is the same entry: it counts once."""

    id: UUID
    step: Step
    payer: str
    subject: str
    postings: tuple[Posting, ...]


def journal_entry(step: Step, payer: str, subject: str, cents: int) -> JournalEntry:
    """The entry of a step. `subject` names what it is about (a payment, an item, a slice of decisions)."""
    if type(cents) is not int or cents <= 0:
        raise ValueError("a journal entry moves a positive number of cents")
    debited, credited = MOVES[step]
    entry = JournalEntry(
        derived("journal", step, payer, subject),
        step,
        payer,
        subject,
        (Posting(debited, cents), Posting(credited, -cents)),
    )
    if sum(posting.cents for posting in entry.postings) != 0:
        raise AssertionError("a journal entry must sum to zero")
    return entry


def balances(entries: Iterable[JournalEntry]) -> dict[tuple[str, Account], int]:
    """Balance of each (payer, account): debits less credits."""
    found: dict[tuple[str, Account], int] = {}
    for entry in entries:
        for posting in entry.postings:
            key = (entry.payer, posting.account)
            found[key] = found.get(key, 0) + posting.cents
    return found
