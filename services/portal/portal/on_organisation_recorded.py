"""OrganisationRecorded: an organisation, and the payees that its people may act for."""

from __future__ import annotations

from chassis import Heard, Say
from portal.people_work import PeopleWork
from throughline.people import OrganisationRecorded


def keep_organisation(heard: Heard[OrganisationRecorded], work: PeopleWork, say: Say) -> None:
    work.organisations[heard.message.organisation_id] = heard.message
