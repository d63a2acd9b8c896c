"""A window closed: what the batch holds and when it settles."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payments import BatchClosed


def show_batch(heard: Heard[BatchClosed], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.put(
        "batches",
        batch_id=message.batch_id,
        bank=message.bank,
        window=message.window,
        closed_at=message.closed_at.isoformat(),
        effective_date=message.effective_date,
        payment_count=message.payment_count,
        total_cents=message.total_cents,
        file_name=message.file_name,
    )
