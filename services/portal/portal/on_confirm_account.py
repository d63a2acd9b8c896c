"""A second person confirmed a changed account."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payees import ConfirmAccount


def show_asked_confirmation(heard: Heard[ConfirmAccount], work: ReadModelWork, say: Say) -> None:
    work.tell(heard, heard.message.payee_id, actor=heard.message.confirmed_by)
