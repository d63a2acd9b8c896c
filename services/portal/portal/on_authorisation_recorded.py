"""An authorisation, kept sealed with what the agency prints by it: a programme's form is filled with it."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.reference import AuthorisationRecorded


def show_authorisation(heard: Heard[AuthorisationRecorded], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    printed = message.printed
    work.put(
        "authorisations",
        number=message.number,
        version=message.version,
        payee_id=message.payee_id,
        payer=message.payer,
        active=message.active,
        valid_from=message.valid_from,
        valid_to=message.valid_to,
        pack=None if printed is None else printed.pack,
        pack_version=None if printed is None else printed.pack_version,
        content=work.key.seal(message.model_dump_json().encode(), "authorisations", message.number),
    )
