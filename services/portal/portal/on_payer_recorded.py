"""A payer's name, and up to which amount it pays without a review."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.reference import PayerRecorded


def show_payer(heard: Heard[PayerRecorded], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.put(
        "payers",
        payer=message.payer,
        name=message.name,
        bank=message.bank,
        auto_approve_below_cents=message.auto_approve_below_cents,
        second_approval_cents=message.second_approval_cents,
        two_approvers_from_cents=message.two_approvers_from_cents,
    )
