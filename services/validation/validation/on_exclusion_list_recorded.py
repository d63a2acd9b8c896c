"""A part of an exclusion list came: once all are there, whoever is on it is not paid."""

from __future__ import annotations

from chassis import Heard, Say
from throughline.exclusions import ExclusionListRecorded
from validation.exclusions_work import ExclusionsWork


def record_exclusions(heard: Heard[ExclusionListRecorded], work: ExclusionsWork, say: Say) -> None:
    """A part that came before, or of a version that is not above the one in force, changes nothing."""
    work.parts.append(heard.message)
