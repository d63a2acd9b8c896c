"""People said what became of a bank file in doubt."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payments import FileResolved


def show_file_resolved(heard: Heard[FileResolved], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.batch_id, actor=message.actors[0], outcome=message.outcome)
