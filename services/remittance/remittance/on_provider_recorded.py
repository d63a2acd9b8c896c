"""A provider was recorded: the name and address that its 835s show."""

from __future__ import annotations

from chassis import Heard, Say
from remittance.reference_work import ReferenceWork
from throughline.reference import ProviderRecorded


def record_provider(heard: Heard[ProviderRecorded], work: ReferenceWork, say: Say) -> None:
    work.providers[heard.message.payee_id] = heard.message.model_dump_json().encode()
