"""A fee schedule was recorded: what each service is worth from when to when."""

from __future__ import annotations

from chassis import Heard, Say
from throughline.reference import FeeScheduleRecorded
from validation.reference_work import ReferenceWork


def record_fee_schedule(heard: Heard[FeeScheduleRecorded], work: ReferenceWork, say: Say) -> None:
    """Its version must rise; a lower one changes nothing."""
    entity = heard.message
    work.record("fee-schedule", entity.fee_schedule, entity)
