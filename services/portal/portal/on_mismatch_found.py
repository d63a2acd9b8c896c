"""Decision, items, bank and remittance do not agree."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.remittances import MismatchFound


def show_mismatch(heard: Heard[MismatchFound], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    subject = message.payment_id or message.request_id
    if subject is None:
        return
    work.tell(heard, subject, what=message.what)
    if message.payment_id is not None:
        work.put("payments", payment_id=message.payment_id, mismatch=message.what)
