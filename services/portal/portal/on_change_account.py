"""Somebody asked to be paid to another account; the number itself stays sealed and is not kept here."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payees import ChangeAccount


def show_asked_change(heard: Heard[ChangeAccount], work: ReadModelWork, say: Say) -> None:
    work.tell(heard, heard.message.payee_id, actor=heard.message.requested_by)
