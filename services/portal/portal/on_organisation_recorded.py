"""OrganisationRecorded: an organisation, and the payees that its people may act for."""

from __future__ import annotations

from chassis import Heard, Say
from chassis.people_heard import record_organisation
from portal.people_work import PortalPeople
from throughline.people import OrganisationRecorded


def keep_organisation(heard: Heard[OrganisationRecorded], work: PortalPeople, say: Say) -> None:
    """Believed as every service believes it: signed by two operators."""
    record_organisation(heard, work, say)
