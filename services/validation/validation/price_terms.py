"""What a contract says of a price beside its rates, by modifier and by code: made once for each contract recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from throughline.reference import ContractRecorded, ModifierTerm, UnitLimit


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """What modifiers do, by modifier, and how many units of a day are covered, by code. The latest in force first."""

    modifiers: Mapping[str, tuple[ModifierTerm, ...]]
    limits: Mapping[str, tuple[UnitLimit, ...]]


PLAIN = PriceTerms({}, {})
"""Nothing but rates: what most contracts say, and the short way through a price."""


def price_terms_of(contract: ContractRecorded) -> PriceTerms:
    modifiers: dict[str, tuple[ModifierTerm, ...]] = {}
    for term in sorted(contract.modifiers or (), key=lambda one: one.effective_from, reverse=True):
        modifiers[term.modifier] = (*modifiers.get(term.modifier, ()), term)
    limits: dict[str, tuple[UnitLimit, ...]] = {}
    for limit in sorted(contract.unit_limits or (), key=lambda one: one.effective_from, reverse=True):
        limits[limit.code] = (*limits.get(limit.code, ()), limit)
    return PriceTerms(modifiers, limits) if modifiers or limits else PLAIN
