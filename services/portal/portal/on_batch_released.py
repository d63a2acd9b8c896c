"""A held batch leaves; released late, it settles on another day."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payments import BatchReleased


def show_batch_released(heard: Heard[BatchReleased], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(
        heard,
        message.batch_id,
        note=message.note,
        actor=message.actor,
        effective_date=str(message.effective_date),
    )
    work.put(
        "batches",
        batch_id=message.batch_id,
        effective_date=message.effective_date,
        total_cents=message.total_cents,
        held=None,
        released_at=heard.envelope.time.isoformat(),
    )
