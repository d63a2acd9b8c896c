"""PersonRecorded: who may come in, and in which roles. The sessions of a person whose roles changed end."""

from __future__ import annotations

from chassis import Heard, Say
from chassis.people_heard import record_person
from portal.people_work import PortalPeople
from throughline.people import PersonRecorded


def keep_person(heard: Heard[PersonRecorded], work: PortalPeople, say: Say) -> None:
    """Believed as every service believes it: signed by two operators, neither of them the subject."""
    record_person(heard, work, say)
