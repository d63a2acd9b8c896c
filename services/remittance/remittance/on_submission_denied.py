"""A request was denied: a remittance without payment says why."""

from __future__ import annotations

from chassis import Heard, Say
from remittance.work import Notice, RemittanceWork
from throughline.decisions import SubmissionDenied


def explain_denial(heard: Heard[SubmissionDenied], work: RemittanceWork, say: Say) -> None:
    message = heard.message
    work.supersede_earlier(message.request_id, message.version, say)
    work.notify(Notice(message.request_id, message.version, heard.envelope.id, message.adjudication), say)
