"""What the bank says of our reversals: taken back, refused, or given to the payee again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from payout import reversals
from payout.camt053 import Movement
from payout.ledger import JournalEntry, Step, journal_entry
from payout.nacha import ReturnedEntry
from payout.posting import Posting
from payout.reversals import Reversal


async def settle_reversals(posting: Posting, movements: Sequence[Movement]) -> list[Movement]:
    """A credit settles its reversal. Gives the movements that are not about reversals; a debit of one is its return as
    the statement shows it, and the return file is what moves it."""
    known = await reversals.lock_by_trace(posting.tx.db, [one.trace for one in movements])
    for movement in movements:
        one = known.get(movement.trace)
        if one is None or movement.is_debit:
            continue
        if movement.cents != one.cents:
            await posting.found("reversal_other_amount", payment_id=one.payment_id, cents=movement.cents)
        elif one.state == "scheduled":
            await reversals.set_state(posting.tx.db, one, "settled", movement.booked_on)
            posting.entries.append(_entry(Step.REVERSAL_SETTLED, one))
    return [one for one in movements if one.trace not in known]


async def take_returned_reversals(
    posting: Posting, returned: Iterable[ReturnedEntry], today: date
) -> list[ReturnedEntry]:
    """The payee's bank gives a reversal back: the payee keeps the money. Gives the other returns."""
    entries = list(returned)
    known = await reversals.lock_by_trace(posting.tx.db, [one.original_trace for one in entries])
    for entry in entries:
        one = known.get(entry.original_trace)
        if one is None:
            continue
        if entry.amount_cents != one.cents or entry.company_id != one.payer_trace_id or entry.is_credit:
            await posting.found(
                "return_other_amount", payment_id=one.payment_id, line=entry.line, cents=entry.amount_cents
            )
        elif one.state == "done":
            await posting.found(
                "reversal_returned_late", payment_id=one.payment_id, line=entry.line, detail=entry.code
            )
        elif one.state in ("scheduled", "settled"):
            if one.state == "settled":
                posting.entries.append(_entry(Step.REVERSAL_RETURNED, one))
            await fail_reversal(posting, one, "returned", today, entry.code)
    return [one for one in entries if one.original_trace not in known]


async def fail_reversal(
    posting: Posting, one: Reversal, failure: reversals.Failure, today: date, return_code: str | None = None
) -> None:
    event = await reversals.fail(posting.tx.db, one, failure, today, return_code)
    posting.tx.say(event, key=str(one.payment_id), cause=posting.file.id, correlation_id=str(one.payment_id))


def _entry(step: Step, one: Reversal) -> JournalEntry:
    return journal_entry(step, one.payer, f"payment/{one.payment_id}", one.cents)
