"""ReleaseBatch: a person lets a batch leave that waits for release, or that another person held."""

from __future__ import annotations

from chassis import Heard, Say
from payout.batches import refuse_release_batch, release
from payout.believed import forbidden, person_of
from payout.orders_work import OrdersWork
from payout.refuse import refuse_batch_order
from throughline.orders import ReleaseBatch
from throughline.payments import BatchReleased
from throughline.reasons import Reason


def release_batch(heard: Heard[ReleaseBatch], work: OrdersWork, say: Say) -> None:
    """The date that it leaves with is recorded here, before bytes that carry it are stored (`redate_files.py`)."""
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
    release(batch, order.actor, work.now)
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
