"""A closed batch does not leave before a person releases it: every request in it waits."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payments import BatchHeld


def show_batch_held(heard: Heard[BatchHeld], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.batch_id, note=message.note, actor=message.actor, held=message.cause)
    work.put(
        "batches",
        batch_id=message.batch_id,
        bank=message.bank,
        window=message.window,
        effective_date=message.effective_date,
        payment_count=message.payment_count,
        total_cents=message.total_cents,
        held=message.cause,
        released_at=None,
    )
