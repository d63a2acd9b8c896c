"""A payer was recorded: its tier decides what a person must look at."""

from __future__ import annotations

from chassis import Heard, Say
from throughline.reference import PayerRecorded
from validation.reference_work import ReferenceWork


def record_payer(heard: Heard[PayerRecorded], work: ReferenceWork, say: Say) -> None:
    """Its version must rise; a lower one changes nothing."""
    entity = heard.message
    work.record("payer", entity.payer, entity)
