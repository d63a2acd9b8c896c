"""A partner's name."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.reference import PartnerRegistered


def show_partner(heard: Heard[PartnerRegistered], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.put("partners", partner=message.partner, name=message.name, active=message.active)
