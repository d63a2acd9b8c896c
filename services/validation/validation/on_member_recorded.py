"""A member was recorded: rules ask on which days they are covered, and for what."""

from __future__ import annotations

from chassis import Heard, Say
from throughline.members import MemberRecorded
from validation.members_work import MembersWork


def record_member(heard: Heard[MemberRecorded], work: MembersWork, say: Say) -> None:
    """Its version must rise; a lower one changes nothing."""
    work.record(heard.message)
