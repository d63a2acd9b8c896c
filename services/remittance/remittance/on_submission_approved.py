"""A request was approved. What it pays must be what the item scheduled from it carries; zero is explained at once."""

from __future__ import annotations

from chassis import Heard, Say
from remittance.work import Notice, RemittanceWork
from throughline.decisions import SubmissionApproved


def note_approval(heard: Heard[SubmissionApproved], work: RemittanceWork, say: Say) -> None:
    """The approval itself is kept under its lock (``work.load``); a payment that waited for it may now be complete."""
    message = heard.message
    work.supersede_earlier(message.request_id, message.version, say)
    if message.adjudication.paid_cents == 0:
        work.notify(Notice(message.request_id, message.version, heard.envelope.id, message.adjudication), say)
        return
    for payment_id in work.waiting_for.get(heard.envelope.id, ()):
        work.complete(payment_id, say)
