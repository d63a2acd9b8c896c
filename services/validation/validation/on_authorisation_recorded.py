"""An authorisation was recorded: which services of whom it covers, and when."""

from __future__ import annotations

from chassis import Heard, Say
from throughline.reference import AuthorisationRecorded
from validation.reference_work import ReferenceWork


def record_authorisation(heard: Heard[AuthorisationRecorded], work: ReferenceWork, say: Say) -> None:
    """Its version must rise; a lower one changes nothing."""
    entity = heard.message
    work.record("authorisation", entity.number, entity)
