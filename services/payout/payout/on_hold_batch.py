"""HoldBatch: a person stops a closed batch before anything of it leaves."""

from __future__ import annotations

from chassis import Heard, Say
from payout.batches import hold, refuse_hold_batch
from payout.orders_work import OrdersWork
from payout.refuse import refuse_batch_order
from throughline.orders import HoldBatch
from throughline.payments import BatchHeld
from throughline.reasons import Reason


def hold_batch(heard: Heard[HoldBatch], work: OrdersWork, say: Say) -> None:
    """Decided under the batch's row lock, which recording the intent to send takes too: it is held or it leaves."""
    order = heard.message
    batch = work.batch(order.batch_id)
    refusal = refuse_hold_batch(batch)
    if refusal is not None or batch is None:
        refuse_batch_order(heard, say, refusal or Reason.UNKNOWN_SUBJECT, order.batch_id)
        return
    hold(batch, order.actor)
    work.changed_batch(batch)
    say(
        BatchHeld(
            batch_id=batch.batch_id,
            bank=batch.bank,
            window=batch.window_id,
            cause="order",
            effective_date=batch.effective_date,
            payment_count=batch.payment_count,
            total_cents=batch.total_cents,
            note=order.note,
            actor=order.actor,
        ),
        key=str(batch.batch_id),
    )
