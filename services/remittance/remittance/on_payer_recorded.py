"""A payer was recorded: name, address, TIN and contact, without which no 835 can be written."""

from __future__ import annotations

from chassis import Heard, Say
from remittance.reference_work import ReferenceWork
from throughline.reference import PayerRecorded


def record_payer(heard: Heard[PayerRecorded], work: ReferenceWork, say: Say) -> None:
    work.payers[heard.message.payer] = heard.message.model_dump_json().encode()
