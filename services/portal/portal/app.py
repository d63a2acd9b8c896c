"""The portal: people's pages over what every topic says, and their commands. Wiring only."""

from __future__ import annotations

from dataclasses import replace

from chassis import Service, every
from chassis.people_heard import PEOPLE_HEARING
from portal.foretold import count_dates
from portal.on_organisation_recorded import keep_organisation
from portal.on_person_recorded import keep_person
from portal.pages import routers
from portal.people_work import PortalPeople
from portal.rate_limits import forget_old
from portal.read_model.hears import HEARS
from portal.resources import open_resources
from portal.settings import Settings
from portal.site import dress
from throughline.people import OrganisationRecorded, PersonRecorded

PEOPLE = replace(
    PEOPLE_HEARING,
    work=PortalPeople,
    on={OrganisationRecorded: keep_organisation, PersonRecorded: keep_person},
)

service = Service(
    name="portal",
    settings=Settings,
    hears=(*HEARS, PEOPLE),
    timers=[every(60.0, forget_old), every(3.0, count_dates)],
    api=routers(),
    start=open_resources,
    dress=dress,
)
