"""A part of an exclusion list came: once all are there, whoever is on it is not paid."""

from __future__ import annotations

from datetime import timedelta

from chassis import Heard, Say
from throughline.exclusions import ExclusionListRecorded
from validation.exclusions_work import ExclusionsWork


def record_exclusions(heard: Heard[ExclusionListRecorded], work: ExclusionsWork, say: Say) -> None:
    """A part that came before, or of a version that is not above the one in force, changes nothing.

    Raises ValueError, so that it is parked, for a list of a day to come: no true list would be newer until then.
    """
    dated_on = heard.message.dated_on
    if dated_on > max(work.today, heard.recorded_at.date()) + timedelta(days=1):
        raise ValueError(f"an exclusion list dated {dated_on.isoformat()}, a day to come")
    work.parts.append(heard.message)
