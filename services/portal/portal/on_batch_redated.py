"""The file of a batch that was released late carries its new date."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payments import BatchRedated


def show_batch_redated(heard: Heard[BatchRedated], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.put("batches", batch_id=message.batch_id, effective_date=message.effective_date)
