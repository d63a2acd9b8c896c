"""The facts of a request in which everything holds: what the examples of a rule change one thing of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from validation.rules.facts import FAR_DAY, Facts

HOLDING_CLAIM: Facts = {
    "programme": "medical",
    "payer": "acme",
    "payer_order": "P",
    "form_sent": False,
    "frequency": "1",
    "payee_kind": "npi",
    "payee_npi_valid": True,
    "tin_valid": True,
    "rendering_named": False,
    "rendering_npi_valid": True,
    "rendering_active": False,
    "original_named": False,
    "original_is_this": False,
    "total_cents": 12_000,
    "charges_cents": 12_000,
    "line_count": 1,
    "line_id_count": 1,
    "service_count": 1,
    "diagnosis_count": 1,
    "distinct_diagnosis_count": 1,
    "attachment_count": 0,
    "missing_attachments": "",
    "signed": False,
    "member_given": True,
    "name_given": True,
    "received_day": 739_100,
    "first_received_day": 739_000,
    "last_service_day": 738_950,
    "payer_known": True,
    "provider_known": True,
    "provider_active": True,
    "tin_matches": True,
    "enrolled_from_day": 700_000,
    "enrolled_to_day": FAR_DAY,
    "contract_known": True,
    "contract_from_day": 700_000,
    "contract_to_day": FAR_DAY,
    "timely_filing_days": 90,
    "licence_to_day": FAR_DAY,
    "rendering_licence_to_day": FAR_DAY,
    "coverage_checked": False,
    "member_known": False,
    "authorisation_named": False,
    "authorisation_active": True,
    "authorisation_same_payer": True,
    "authorisation_same_provider": True,
    "authorisation_same_member": True,
    "authorisation_from_day": 700_000,
    "authorisation_to_day": FAR_DAY,
}
HOLDING_LINE: Facts = {
    "from_day": 738_900,
    "to_day": 738_900,
    "charge_cents": 12_000,
    "units_thousandths": 1000,
    "procedure_code_valid": True,
    "modifier_count": 0,
    "distinct_modifier_count": 0,
    "highest_pointer": 1,
    "place_known": True,
    "authorisation_required": False,
    "authorisation_covers_code": True,
    "uncovered_on": "",
    "no_benefit_on": "",
    "past_line_count": 10,
    "past_units_thousandths": 10_000,
    "past_charge_cents": 120_000,
}

FACT_TYPES = {name: type(value) for name, value in (*HOLDING_CLAIM.items(), *HOLDING_LINE.items())}

PAYEE_FACTS = frozenset(
    name
    for name in HOLDING_CLAIM
    if name.startswith(("payee_", "provider_", "enrolled_", "tin_", "licence_"))
    or name in ("payer", "payer_known", "programme")
)
"""What a rule of scope ``payee`` may read."""


def holding_but(changes: Mapping[str, Any]) -> tuple[Facts, Facts]:
    """The facts of the claim and of its line, with some changed. Raises KeyError where there is no such fact."""
    unknown = changes.keys() - HOLDING_CLAIM.keys() - HOLDING_LINE.keys()
    if unknown:
        raise KeyError(f"no such fact: {', '.join(sorted(unknown))}")
    claim = {**HOLDING_CLAIM, **{name: value for name, value in changes.items() if name in HOLDING_CLAIM}}
    line = {**HOLDING_LINE, **{name: value for name, value in changes.items() if name in HOLDING_LINE}}
    return claim, line
