"""People explained what did not agree between the bank and us."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payments import FindingResolved


def show_finding_resolved(heard: Heard[FindingResolved], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.payment_id or message.batch_id or message.finding_id, actor=message.actors[0])
