"""A provider on file. Its TIN and address are kept sealed: a claim form is filled with them."""

from __future__ import annotations

import json

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.reference import ProviderRecorded


def show_provider(heard: Heard[ProviderRecorded], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    private = {"tin": message.tin.reveal(), "address": message.address.model_dump(mode="json")}
    work.put(
        "payees",
        payee_id=message.payee_id,
        name=message.name,
        kind=message.kind,
        identifier=message.identifier,
        npi=message.npi,
        active=message.active,
        enrolled_from=message.enrolled_from,
        enrolled_to=message.enrolled_to,
        private=work.key.seal(json.dumps(private).encode(), "payees", message.payee_id),
    )
