"""A version was withdrawn by who sent it."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.submissions import SubmissionWithdrawn


def show_withdrawal(heard: Heard[SubmissionWithdrawn], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.request_id, note=message.note, partner=message.partner)
