"""Reference data as decisions use it: who pays, who is paid, on what terms. In memory, looked up by dictionaries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from throughline.identifiers import payee_id_for
from throughline.reference import (
    AuthorisationRecorded,
    ContractRecorded,
    FeeScheduleRecorded,
    PayerRecorded,
    ProviderRecorded,
    Rate,
)
from throughline.submissions import SubmissionReceived
from validation.price_terms import PLAIN, PriceTerms, price_terms_of

Entity = PayerRecorded | ProviderRecorded | ContractRecorded | FeeScheduleRecorded | AuthorisationRecorded
RateTable = dict[tuple[str, str | None], list[Rate]]
"""The rates of one schedule by code and modifier, the latest in force first."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What stands on file for one request. Everything may be unknown: rules say what that means."""

    payer: PayerRecorded | None = None
    provider: ProviderRecorded | None = None
    rendering: ProviderRecorded | None = None
    contract: ContractRecorded | None = None
    authorisation: AuthorisationRecorded | None = None
    rates: RateTable | None = None
    authorisation_codes: frozenset[str] = frozenset()
    price_terms: PriceTerms = PLAIN


@dataclass(slots=True)
class Reference:
    """All reference data this service holds. ``revision`` is that of the newest row taken in."""

    revision: int = 0
    payers: dict[str, PayerRecorded] = field(default_factory=dict)
    providers: dict[UUID, ProviderRecorded] = field(default_factory=dict)
    contracts: dict[str, ContractRecorded] = field(default_factory=dict)
    rates: dict[str, RateTable] = field(default_factory=dict)
    authorisations: dict[str, AuthorisationRecorded] = field(default_factory=dict)
    _by_payer: dict[str, dict[UUID | None, list[ContractRecorded]]] = field(default_factory=dict)
    _codes: dict[str, frozenset[str]] = field(default_factory=dict)
    _price_terms: dict[str, PriceTerms] = field(default_factory=dict)

    def clear(self) -> None:
        """Forget everything, to read it all again."""
        for held in (self.payers, self.providers, self.contracts, self.rates, self.authorisations):
            held.clear()
        self.revision = 0
        self._index_contracts()

    def take(self, entities: Iterable[Entity]) -> None:
        """Put newer entities in place of older ones."""
        contracts_changed = False
        for entity in entities:
            match entity:
                case PayerRecorded():
                    self.payers[entity.payer] = entity
                case ProviderRecorded():
                    self.providers[entity.payee_id] = entity
                case ContractRecorded():
                    self.contracts[entity.contract_id] = entity
                    contracts_changed = True
                case FeeScheduleRecorded():
                    self.rates[entity.fee_schedule] = rate_table(entity.rates)
                case AuthorisationRecorded():
                    self.authorisations[entity.number] = entity
        if contracts_changed:
            self._index_contracts()

    def terms_for(self, submission: SubmissionReceived) -> Terms:
        """What stands on file for a submission."""
        request = submission.request
        contract = self.contract_for(submission)
        rendering, number = request.rendering_provider, request.authorisation_number
        return Terms(
            payer=self.payers.get(request.payer),
            provider=self.providers.get(submission.payee_id),
            rendering=None if rendering is None else self.providers.get(_payee_id_of_npi(rendering)),
            contract=contract,
            authorisation=None if number is None else self.authorisations.get(number),
            rates=None if contract is None else self.rates.get(contract.fee_schedule),
            authorisation_codes=frozenset() if contract is None else self._codes[contract.contract_id],
            price_terms=PLAIN if contract is None else self._price_terms[contract.contract_id],
        )

    def contract_for(self, submission: SubmissionReceived) -> ContractRecorded | None:
        """The contract that prices a request.

        The one it names, if that is between its payer and its payee; else the payee's own with the payer before one
        with every payee; among those, one in force on the first service day before one that is not, then the latest.
        """
        request = submission.request
        if request.contract_id is not None:
            named = self.contracts.get(request.contract_id)
            fits = named and named.payer == request.payer and named.payee_id in (None, submission.payee_id)
            return named if fits else None
        of_payer = self._by_payer.get(request.payer)
        if of_payer is None:
            return None
        first_day = min([line.from_date for line in request.lines])
        own, general = of_payer.get(submission.payee_id, []), of_payer.get(None, [])
        for contract in (*own, *general):
            if in_force(contract.effective_from, contract.effective_to, first_day):
                return contract
        return next(iter((*own, *general)), None)

    def _index_contracts(self) -> None:
        self._by_payer = {}
        newest_first = sorted(
            self.contracts.values(), key=lambda one: (-one.effective_from.toordinal(), one.contract_id)
        )
        for contract in newest_first:
            self._by_payer.setdefault(contract.payer, {}).setdefault(contract.payee_id, []).append(contract)
        self._codes = {name: frozenset(one.authorisation_codes) for name, one in self.contracts.items()}
        self._price_terms = {name: price_terms_of(one) for name, one in self.contracts.items()}


@lru_cache(maxsize=50_000)
def _payee_id_of_npi(npi: str) -> UUID:
    return payee_id_for("npi", npi)


def rate_table(rates: Iterable[Rate]) -> RateTable:
    table: RateTable = {}
    for rate in sorted(rates, key=lambda one: one.effective_from, reverse=True):
        table.setdefault((rate.code, rate.modifier), []).append(rate)
    return table


def in_force(effective_from: date, effective_to: date | None, day: date) -> bool:
    return effective_from <= day and (effective_to is None or day <= effective_to)


KINDS: dict[str, type[Any]] = {
    "payer": PayerRecorded,
    "provider": ProviderRecorded,
    "contract": ContractRecorded,
    "fee-schedule": FeeScheduleRecorded,
    "authorisation": AuthorisationRecorded,
}
"""How the reference table names each message."""
