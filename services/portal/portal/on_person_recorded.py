"""PersonRecorded: who may come in, and in which roles. Sessions of a changed person end."""

from __future__ import annotations

from chassis import Heard, Say
from portal.people_work import PeopleWork
from throughline.people import PersonRecorded


def keep_person(heard: Heard[PersonRecorded], work: PeopleWork, say: Say) -> None:
    work.people[heard.message.person_id] = heard.message
