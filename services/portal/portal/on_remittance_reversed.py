"""The remittance is no longer live: its payment came back."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.remittances import RemittanceReversed


def show_reversal(heard: Heard[RemittanceReversed], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.payment_id)
    work.put("remittances", remittance_id=message.remittance_id, reversed_at=heard.envelope.time.isoformat())
