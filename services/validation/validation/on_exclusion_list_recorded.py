"""A part of an exclusion list came: once all are there and it is whole, whoever is on it is not paid."""

from __future__ import annotations

from datetime import timedelta

from chassis import Heard, Say
from throughline.decisions import CommandRefused
from throughline.exclusions import ExclusionListRecorded
from throughline.reasons import Reason
from validation.exclusions_work import ExclusionsWork
from validation.whole_lists import told


def record_exclusions(heard: Heard[ExclusionListRecorded], work: ExclusionsWork, say: Say) -> None:
    """A part that came before, or of a version that is not above the one in force, changes nothing. A list that may
    have been cut off is refused, and the one in force stays.

    Raises ValueError, so that it is parked, for a list of a day to come: no true list would be newer until then.
    """
    dated_on = heard.message.dated_on
    if dated_on > max(work.today, heard.recorded_at.date()) + timedelta(days=1):
        raise ValueError(f"an exclusion list dated {dated_on.isoformat()}, a day to come")
    before = dict(work.editions.in_force)
    if work.editions.completes_a_cut_list(heard.message):
        work.refuse(heard.message)
        _refuse(heard, told(before, heard.message), say)
        return
    work.parts.append(heard.message)


def _refuse(heard: Heard[ExclusionListRecorded], detail: str, say: Say) -> None:
    """It would let those be paid whom it lost, so that it is a security event too."""
    say.security_event(heard, Reason.EXCLUSION_LIST_SHRANK)
    refused = CommandRefused(
        command_id=heard.envelope.id,
        command_type=heard.message.type_name(),
        reason=Reason.EXCLUSION_LIST_SHRANK,
        detail=detail,
    )
    say(refused, key=heard.message.list_id)
