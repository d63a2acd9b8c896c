"""What the bank says of our reversals: taken back, refused, or given to the payee again. Whatever it says is posted, or
is a finding."""

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
    """A credit settles its reversal; a debit of one is its return as the statement shows it, and the return file is
    what moves it. Gives the movements that are not about reversals."""
    known = await reversals.lock_by_trace(posting.tx.db, [one.trace for one in movements])
    for movement in movements:
        one = known.get(movement.trace)
        if one is None:
            continue
        if movement.cents != one.cents:
            await posting.found(
                "reversal_other_amount",
                payment_id=one.payment_id,
                cents=movement.cents,
                detail=movement.reference,
            )
        elif movement.is_debit:
            await _given_back(posting, one, movement)
        elif one.state == "scheduled":
            await reversals.settle(posting.tx.db, one, movement.booked_on, movement.reference)
            posting.entries.append(_entry(Step.REVERSAL_SETTLED, one))
        elif not _is_told_again(one, movement):
            what = "reversal_settled_twice" if one.settled_on else "reversal_settled_after_failure"
            await posting.found(
                what, payment_id=one.payment_id, cents=movement.cents, detail=movement.reference
            )
    return [one for one in movements if one.trace not in known]


def _is_told_again(one: Reversal, movement: Movement) -> bool:
    """The statement that settled it may be told again; another credit is money that nobody expects."""
    if one.statement_reference is None:  # settled before references were kept
        return one.settled_on == movement.booked_on
    return one.statement_reference == movement.reference


async def _given_back(posting: Posting, one: Reversal, movement: Movement) -> None:
    """Expected where the return was posted. Before that it keeps the reversal from becoming final."""
    if one.given_back_reference not in (None, movement.reference):
        await posting.found(
            "reversal_given_back_twice",
            payment_id=one.payment_id,
            cents=movement.cents,
            detail=movement.reference,
        )
        return
    await reversals.note_given_back(posting.tx.db, one, movement.booked_on, movement.reference)
    if one.failure != "returned":
        await posting.found(
            "reversal_given_back",
            payment_id=one.payment_id,
            cents=movement.cents,
            detail=movement.reference,
        )


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
        elif one.state in ("scheduled", "settled"):
            if one.state == "settled":
                posting.entries.append(_entry(Step.REVERSAL_RETURNED, one))
            await fail_reversal(posting, one, "returned", today, entry.code)
        elif (one.failure, one.return_code) != ("returned", entry.code):
            late = "reversal_returned_late" if one.state == "done" else "reversal_returned_again"
            await posting.found(late, payment_id=one.payment_id, line=entry.line, detail=entry.code)
    return [one for one in entries if one.original_trace not in known]


async def refuse_reversal_entry(posting: Posting, one: Reversal, cents: int, on: date) -> None:
    """The bank will not send it. After anything else that it said of it, a person must look."""
    if cents != one.cents:
        await posting.found("refused_entry_unknown", batch_id=one.batch_id, detail=one.ach_trace or "")
    elif one.state == "scheduled":
        await fail_reversal(posting, one, "refused", on)
    elif (one.state, one.failure) != ("failed", "refused"):
        await posting.found("reversal_refused_after_" + one.state, payment_id=one.payment_id, cents=cents)


async def fail_reversal(
    posting: Posting, one: Reversal, failure: reversals.Failure, today: date, return_code: str | None = None
) -> None:
    event = await reversals.fail(posting.tx.db, one, failure, today, return_code)
    posting.tx.say(event, key=str(one.payment_id), cause=posting.file.id, correlation_id=str(one.payment_id))


def _entry(step: Step, one: Reversal) -> JournalEntry:
    return journal_entry(step, one.payer, f"payment/{one.payment_id}", one.cents)
