"""The bank refused the whole file."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payments import BatchRefused


def show_batch_refused(heard: Heard[BatchRefused], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.put("batches", batch_id=message.batch_id, refused=message.reason.value)
