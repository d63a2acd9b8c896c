"""It was paid, and may not have been: its recovery is to be decided."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.decisions import RecoveryOpened


def show_recovery(heard: Heard[RecoveryOpened], work: ReadModelWork, say: Say) -> None:
    work.tell(heard, heard.message.request_id)
