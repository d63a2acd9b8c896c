"""It is in a closed batch, with which payment and how much of it."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.items import ItemScheduled


def show_scheduled(heard: Heard[ItemScheduled], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.request_id, amount_cents=message.amount_cents)
    payee_id = message.adjudication.payee_id
    work.put(
        "payment_items",
        payment_id=message.payment_id,
        request_id=message.request_id,
        version=message.version,
        payee_id=payee_id,
        decision_id=message.decision_id,
        amount_cents=message.amount_cents,
        batch_id=message.batch_id,
    )
    work.put(
        "payments",
        payment_id=message.payment_id,
        payee_id=payee_id,
        payer=message.adjudication.payer,
        batch_id=message.batch_id,
    )
