"""An account was enrolled; the number itself stays sealed and is not kept here."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payees import EnrolAccount


def show_asked_enrolment(heard: Heard[EnrolAccount], work: ReadModelWork, say: Say) -> None:
    work.tell(heard, heard.message.payee_id, verified_by=heard.message.verified_by)
