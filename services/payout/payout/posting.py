"""What one bank file changes, collected while it is read and stored once."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from chassis import Transaction
from payout import repository
from payout.bank_files import BankFile
from payout.findings import find
from payout.ledger import JournalEntry, Step, journal_entry
from payout.payments import LockedPayment, store_payments
from throughline.identifiers import derived
from throughline.reasons import Reason


@dataclass(slots=True)
class Posting:
    """What one file changes, collected and stored once."""

    tx: Transaction
    file: BankFile
    changed: list[LockedPayment] = field(default_factory=list)
    entries: list[JournalEntry] = field(default_factory=list)
    follow_ups: list[tuple[UUID, str, UUID, Reason]] = field(default_factory=list)
    has_found: bool = False

    def move(self, step: Step, payment: LockedPayment) -> None:
        self.entries.append(
            journal_entry(step, payment.payer, f"payment/{payment.payment_id}", payment.cents)
        )
        self.changed.append(payment)

    def hold_items(self, payment: LockedPayment, reason: Reason) -> None:
        cause = derived("hold-items", str(payment.payment_id), reason.value)
        self.follow_ups.append((cause, "hold_items", payment.payment_id, reason))

    async def found(self, what: str, **details: object) -> None:
        self.has_found = True
        await find(self.tx.db, what, self.file.id, **details)  # type: ignore[arg-type]

    async def store(self) -> None:
        await store_payments(self.tx.db, self.changed)
        await repository.post(self.tx.db, self.entries)
        await repository.store_follow_ups(self.tx.db, self.follow_ups)
