"""ReleaseBatch: a person lets a batch leave that waits for release, or that another person held."""

from __future__ import annotations

from chassis import Heard, Say
from payout.batches import OrderedBatch, refuse_release_batch, release
from payout.believed import forbidden, person_of
from payout.orders_work import OrdersWork
from payout.refuse import refuse_batch_order
from throughline.orders import ReleaseBatch
from throughline.payments import BatchHeld, BatchRefused, BatchReleased, PaymentRefused
from throughline.reasons import Reason


def release_batch(heard: Heard[ReleaseBatch], work: OrdersWork, say: Say) -> None:
    """Each account is asked once more, under the lock that its changes take. The date that the batch leaves with is
    recorded here, before bytes that carry it are stored (`redate_files.py`)."""
    order = heard.message
    batch = work.batch(order.batch_id)
    if not person_of(heard).stepped_up:
        forbidden(heard, say, Reason.STEP_UP_MISSING)
        return
    refusal = refuse_release_batch(
        batch, order.actor, order.total_cents, order.entry_count, work.approvers_of(order.batch_id)
    )
    if refusal is Reason.SAME_PERSON:
        forbidden(heard, say, refusal)
        return
    if refusal is not None or batch is None:
        refuse_batch_order(heard, say, refusal or Reason.UNKNOWN_SUBJECT, order.batch_id)
        return
    if work.unpayable_of(batch.batch_id):
        _take_out(heard, work, say, batch)
        if batch.payment_count > 0 or batch.reversal_count == 0:
            return
        # What is left are reversals, each of which a person ordered: they wait for nobody.
    release(batch, order.actor, work.now, heard.recorded_at)
    work.changed_batch(batch)
    say(
        BatchReleased(
            batch_id=batch.batch_id,
            effective_date=batch.effective_date,
            total_cents=batch.total_cents,
            note=order.note,
            actor=order.actor,
        ),
        key=str(batch.batch_id),
    )


def _take_out(heard: Heard[ReleaseBatch], work: OrdersWork, say: Say, batch: OrderedBatch) -> None:
    """Accounts were held or changed while the batch waited. Nobody has seen what it holds without those payments: it
    goes on waiting until somebody releases that."""
    for one in work.take_out(batch):
        refused = PaymentRefused(
            payment_id=one.payment_id,
            batch_id=one.batch_id,
            reason=one.reason,
            detail="taken out before it left",
        )
        say(refused, key=str(one.payment_id), correlation_id=str(one.payment_id))
    if batch.payment_count > 0:
        say(
            BatchHeld(
                batch_id=batch.batch_id,
                bank=batch.bank,
                window=batch.window_id,
                cause="order" if batch.state == "held" else "release_required",
                effective_date=batch.effective_date,
                payment_count=batch.payment_count,
                total_cents=batch.total_cents,
            ),
            key=str(batch.batch_id),
        )
    elif batch.reversal_count == 0:
        batch.state = "empty"
        say(BatchRefused(batch_id=batch.batch_id, reason=Reason.ENTRIES_TAKEN_OUT), key=str(batch.batch_id))
    work.changed_batch(batch)
    if batch.payment_count > 0 or batch.reversal_count == 0:
        refuse_batch_order(heard, say, Reason.ENTRIES_TAKEN_OUT, batch.batch_id)
