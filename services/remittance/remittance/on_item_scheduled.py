"""An item is in a closed batch: one claim of the payment's remittance."""

from __future__ import annotations

from chassis import Heard, Say
from remittance.work import RemittanceWork
from throughline.items import ItemScheduled


def note_item(heard: Heard[ItemScheduled], work: RemittanceWork, say: Say) -> None:
    work.add_item(heard.message)
    work.complete(heard.message.payment_id, say)
