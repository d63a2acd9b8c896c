"""A contract was recorded: it names the fee schedule, the patient's share and the filing limit."""

from __future__ import annotations

from chassis import Heard, Say
from throughline.reference import ContractRecorded
from validation.reference_work import ReferenceWork


def record_contract(heard: Heard[ContractRecorded], work: ReferenceWork, say: Say) -> None:
    """Its version must rise; a lower one changes nothing."""
    entity = heard.message
    work.record("contract", entity.contract_id, entity)
