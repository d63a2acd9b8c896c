"""A reversal whose own return window has passed is final: the payment is reversed, and what it paid is owed or not, as
people decide. Until then its money lies in the clearing account `reversing`."""

from __future__ import annotations

from chassis import Context, Transaction
from payout import reversals
from payout.findings import find
from payout.ledger import Step, journal_entry
from payout.repository import post, store_follow_ups
from payout.reversals import Reversal
from throughline.accounts import AccountHeld
from throughline.identifiers import derived
from throughline.payments import PaymentReversed
from throughline.reasons import Reason


async def finish_reversals(context: Context) -> None:
    """Replicas share the work; some at a time."""
    while True:
        async with context.transaction() as tx:
            settled = await reversals.lock_settled(tx.db, context.clock.today(), context.settings.chunk_items)
            for one in settled:
                await _finish(tx, one)
        if len(settled) < context.settings.chunk_items:
            return


async def _finish(tx: Transaction, one: Reversal) -> None:
    await reversals.finish(tx.db, one)
    if one.payment_state != "settled" or one.settled_on is None or one.batch_id is None:
        await find(tx.db, "returned_and_reversed", payment_id=one.payment_id, cents=one.cents)
        return
    await tx.db.execute("update payments set state = 'reversed' where payment_id = $1", one.payment_id)
    await post(tx.db, [journal_entry(Step.REVERSED, one.payer, f"payment/{one.payment_id}", one.cents)])
    cause = derived("reversed", str(one.payment_id))
    await store_follow_ups(tx.db, [(cause, "hold_items", one.payment_id, Reason.REVERSED)])
    tx.say(
        PaymentReversed(
            payment_id=one.payment_id,
            batch_id=one.batch_id,
            amount_cents=one.cents,
            reversed_on=one.settled_on,
            reversal_trace=one.ach_trace or "",
        ),
        key=str(one.payment_id),
        cause=cause,
        correlation_id=str(one.payment_id),
    )
    if one.cause == "wrong_receiver":
        await _hold_account(tx, one)


async def _hold_account(tx: Transaction, one: Reversal) -> None:
    """It is not the payee's: nothing more is paid to it until it is replaced or verified again."""
    held = await tx.db.fetchval(
        "update accounts set state = 'held' where token = $1 and state = 'active' returning 1",
        one.account_token,
    )
    if held:
        tx.say(
            AccountHeld(payee_id=one.payee_id, account_token=one.account_token, reason=Reason.REVERSED),
            key=str(one.payee_id),
            cause=derived("reversed", str(one.payment_id)),
        )
