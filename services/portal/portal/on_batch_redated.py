"""The file of a batch that was released late carries its new date, or goes without what was taken out."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payments import BatchRedated


def show_batch_redated(heard: Heard[BatchRedated], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.put("batches", batch_id=message.batch_id, effective_date=message.effective_date)
    if message.payment_count is not None and message.total_cents is not None:
        left = {"payment_count": message.payment_count, "total_cents": message.total_cents}
        work.put("batches", batch_id=message.batch_id, **left)
