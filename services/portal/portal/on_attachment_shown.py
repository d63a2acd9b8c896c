"""A person looked at a document."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.submissions import AttachmentShown


def show_look(heard: Heard[AttachmentShown], work: ReadModelWork, say: Say) -> None:
    """On no page of providers: the audit timeline shows who looked."""
    work.tell(heard, heard.message.request_id, actor=str(heard.message.person_id))
