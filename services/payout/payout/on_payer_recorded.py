"""PayerRecorded: what a payer's bank entries say of it, by which bank they leave, whether a person releases them."""

from __future__ import annotations

from chassis import Heard, Say
from payout.repository import PayerRow
from payout.work import PayersWork
from throughline.reference import PayerRecorded


def record(heard: Heard[PayerRecorded], work: PayersWork, say: Say) -> None:
    """Items of a payer that is not recorded wait until it is."""
    payer = heard.message
    by_person = payer.release == "by_person"
    work.payers.append(PayerRow(payer.payer, payer.name, payer.tin, payer.bank, by_person))
