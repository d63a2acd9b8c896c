"""The remittance of a decision that paid nothing gave way to a later version's."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.remittances import RemittanceSuperseded


def show_superseded(heard: Heard[RemittanceSuperseded], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.request_id)
    work.put("remittances", remittance_id=message.remittance_id, reversed_at=heard.envelope.time.isoformat())
