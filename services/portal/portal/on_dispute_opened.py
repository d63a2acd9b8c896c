"""A decision is disputed: a reviewer who did not decide it looks again."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.decisions import DisputeOpened


def show_dispute(heard: Heard[DisputeOpened], work: ReadModelWork, say: Say) -> None:
    """Its words are those of the command that opened it."""
    message = heard.message
    work.tell(heard, message.request_id)
    work.put(
        "versions",
        request_id=message.request_id,
        version=message.version,
        dispute_id=heard.envelope.id,
        dispute_command=heard.envelope.causation_id,
        disputed_by=message.disputed_by,
        disputed_at=heard.envelope.time.isoformat(),
        dispute_outcome=None,
    )
