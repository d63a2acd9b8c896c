"""A provider was recorded: rules ask whether it is enrolled, and under which TIN."""

from __future__ import annotations

from chassis import Heard, Say
from throughline.reference import ProviderRecorded
from validation.reference_work import ReferenceWork


def record_provider(heard: Heard[ProviderRecorded], work: ReferenceWork, say: Say) -> None:
    """Its version must rise; a lower one changes nothing."""
    entity = heard.message
    work.record("provider", str(entity.payee_id), entity)
