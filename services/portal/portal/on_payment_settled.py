"""The bank's statement shows the payment; it may still come back until its return window ends."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payments import PaymentSettled


def show_settled(heard: Heard[PaymentSettled], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    window_ends_on = message.return_window_ends_on
    work.tell(
        heard,
        message.payment_id,
        amount_cents=message.amount_cents,
        settled_on=str(message.settled_on),
        return_window_ends_on=str(window_ends_on),
    )
    work.put(
        "payments",
        payment_id=message.payment_id,
        settled_on=message.settled_on,
        return_window_ends_on=window_ends_on,
    )
