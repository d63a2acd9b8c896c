"""Intake: hears every partner's topic and who the partners are; answers over HTTP too. Wiring only."""

from __future__ import annotations

from chassis import Service, every, hear, hear_raw
from intake.api import router
from intake.drop_attachments import drop_attachments
from intake.months import make_months
from intake.on_partner_registered import PartnersWork, register_partner
from intake.on_record import RecordsWork, answer_record
from intake.read_files import read_waiting_files
from intake.resources import open_resources
from intake.settings import Settings
from throughline.flow import INTAKE
from throughline.reference import PartnerRegistered

service = Service(
    name="intake",
    settings=Settings,
    hears=[
        hear("reference.partners", work=PartnersWork, on={PartnerRegistered: register_partner}),
        hear_raw(pattern=INTAKE.pattern, work=RecordsWork, on=answer_record),
    ],
    timers=[every(0.3, read_waiting_files), every(3600.0, make_months), every(3600.0, drop_attachments)],
    api=router,
    start=open_resources,
)
