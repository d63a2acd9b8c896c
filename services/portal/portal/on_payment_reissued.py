"""What came back of a payment waits to be paid again."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payments import PaymentReissued


def show_reissue(heard: Heard[PaymentReissued], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(
        heard, message.payment_id, note=message.note, actor=message.actor, amount_cents=message.amount_cents
    )
