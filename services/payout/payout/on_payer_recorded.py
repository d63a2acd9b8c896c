"""PayerRecorded: what a payer's bank entries say of it, and by which bank they leave."""

from __future__ import annotations

from chassis import Heard, Say
from payout.repository import PayerRow
from payout.work import PayersWork
from throughline.reference import PayerRecorded


def record(heard: Heard[PayerRecorded], work: PayersWork, say: Say) -> None:
    """Items of a payer that is not recorded wait until it is."""
    payer = heard.message
    work.payers.append(PayerRow(payer.payer, payer.name, payer.tin, payer.bank))
