"""A provider's organisation disputes a decision: who, and the words, sealed."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.reviews import DisputeDecision


def show_asked_dispute(heard: Heard[DisputeDecision], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.request_id, note=message.text.reveal(), actor=message.actor, side="provider")
