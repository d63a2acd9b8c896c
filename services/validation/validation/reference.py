"""Reference data as decisions use it: who pays, who is paid, on what terms. In memory, looked up by dictionaries.

The newest version of everything is held; of what was replaced, the versions that requests decided later are pinned to
(``reference_history``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import takewhile
from typing import Any, NamedTuple, Protocol
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
from throughline.rule_sets import PublishRuleSet
from throughline.submissions import SubmissionReceived
from validation.coverage import Coverage
from validation.price_terms import PLAIN, PriceTerms, price_terms_of
from validation.reference_history import Key, Name, OlderVersions
from validation.screening import Screening

Entity = (
    PayerRecorded
    | ProviderRecorded
    | ContractRecorded
    | FeeScheduleRecorded
    | AuthorisationRecorded
    | PublishRuleSet
)
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
    coverage: Coverage | None = None
    """The member's, where the payer has it checked; None where the member is unknown, or nobody asks."""

    @property
    def coverage_checked(self) -> bool:
        return self.payer is not None and self.payer.coverage_checked is True


ContractsByPayee = dict[UUID | None, list[ContractRecorded]]
"""The contracts of one payer; None has those with every payee. The latest in force first."""


class FromContract(NamedTuple):
    """What is worked out once for each version of a contract."""

    authorisation_codes: frozenset[str]
    price_terms: PriceTerms


NO_CONTRACT = FromContract(frozenset(), PLAIN)


class View(Protocol):
    """Reference data as it stood at one moment."""

    def one(self, kind: str, name: Name) -> Any: ...

    def contracts_of(self, payer: str) -> ContractsByPayee: ...

    def made_of(self, contract: ContractRecorded) -> FromContract: ...


@dataclass(slots=True)
class Reference:
    """All reference data this service holds. ``revision`` is that of the newest row taken in."""

    revision: int = 0
    payers: dict[str, PayerRecorded] = field(default_factory=dict)
    providers: dict[UUID, ProviderRecorded] = field(default_factory=dict)
    contracts: dict[str, ContractRecorded] = field(default_factory=dict)
    rates: dict[str, RateTable] = field(default_factory=dict)
    authorisations: dict[str, AuthorisationRecorded] = field(default_factory=dict)
    rules: dict[str, PublishRuleSet] = field(default_factory=dict)
    """Every set that was published, by its version: replicas learn of it by the revision, as of all the rest."""
    older: OlderVersions = field(default_factory=OlderVersions)
    screening: Screening = field(default_factory=Screening)
    _held: dict[str, dict[Any, Any]] = field(init=False)
    _changed: dict[str, dict[Name, int]] = field(init=False)
    """By kind: the revision at which what is held was applied, the latest change last."""
    _by_payer: dict[str, ContractsByPayee] = field(default_factory=dict)
    _made: dict[tuple[str, int], FromContract] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._held = {
            "payer": self.payers,
            "provider": self.providers,
            "contract": self.contracts,
            "fee-schedule": self.rates,
            "authorisation": self.authorisations,
            "rules": self.rules,
        }
        self._changed = {kind: {} for kind in self._held}

    def clear(self) -> None:
        """Forget everything, to read it all again."""
        for held in (*self._held.values(), *self._changed.values()):
            held.clear()
        self.older.clear()
        self.revision = 0
        self._by_payer, self._made = {}, {}

    def take(self, entities: Iterable[Entity]) -> None:
        """Put newer entities in place of older ones, as if they had always stood."""
        self.take_applied((0, entity) for entity in entities)

    def take_applied(self, applied: Iterable[tuple[int, Entity]], *, whole: bool = False) -> None:
        """Put newer entities in place of older ones, each with the revision at which it was applied, in that order.

        ``whole``: every version since the revision held is among them, so that what each replaces is known to have
        stood until then.
        """
        contracts_changed = False
        for revision, entity in applied:
            kind, name, value = as_held(entity)
            held, changed = self._held[kind], self._changed[kind]
            if whole:
                self.older.keep((kind, name), changed.get(name, 0), revision, held.get(name))
            held[name] = value
            changed.pop(name, None)
            changed[name] = revision
            contracts_changed = contracts_changed or kind == "contract"
        if contracts_changed:
            self._by_payer, self._made = {}, {}
            for contract in sorted(self.contracts.values(), key=_latest_first):
                self._by_payer.setdefault(contract.payer, {}).setdefault(contract.payee_id, []).append(
                    contract
                )

    def terms_for(self, submission: SubmissionReceived) -> Terms:
        """What stands on file for a submission now."""
        return terms_in(self, submission)

    def as_of(self, revision: int) -> AsOf:
        """Reference data as it stood at an earlier revision. What of it is not in memory it names as ``missing``."""
        return AsOf(self, revision)

    def one(self, kind: str, name: Name) -> Any:
        return self._held[kind].get(name)

    def contracts_of(self, payer: str) -> ContractsByPayee:
        return self._by_payer.get(payer, {})

    def made_of(self, contract: ContractRecorded) -> FromContract:
        key = contract.contract_id, contract.version
        made = self._made.get(key)
        if made is None:
            made = FromContract(frozenset(contract.authorisation_codes), price_terms_of(contract))
            self._made[key] = made
        return made

    def changed_at(self, kind: str, name: Name) -> int:
        return self._changed[kind].get(name, 0)

    def changed_after(self, kind: str, revision: int) -> Iterator[Name]:
        """What of a kind was applied after a revision, the latest first."""
        changed = self._changed[kind]
        return takewhile(lambda name: changed[name] > revision, reversed(changed))


class AsOf:
    """Reference data as it stood at ``revision``: what has not changed since, and older versions of what has."""

    def __init__(self, reference: Reference, revision: int) -> None:
        self.reference = reference
        self.revision = revision
        self.missing: set[Key] = set()
        """What was asked for and changed since, and whose version of then is not in memory."""

    def one(self, kind: str, name: Name) -> Any:
        if self.reference.changed_at(kind, name) <= self.revision:
            return self.reference.one(kind, name)
        known, value = self.reference.older.at((kind, name), self.revision)
        if not known:
            self.missing.add((kind, name))
        return value

    def contracts_of(self, payer: str) -> ContractsByPayee:
        changed = set(self.reference.changed_after("contract", self.revision))
        now = self.reference.contracts_of(payer)
        if not changed:
            return now
        then = [one for held in now.values() for one in held if one.contract_id not in changed]
        then += [
            one for name in changed if (one := self.one("contract", name)) is not None and one.payer == payer
        ]
        contracts: ContractsByPayee = {}
        for contract in sorted(then, key=_latest_first):
            contracts.setdefault(contract.payee_id, []).append(contract)
        return contracts

    def made_of(self, contract: ContractRecorded) -> FromContract:
        return self.reference.made_of(contract)


def terms_in(view: View, submission: SubmissionReceived) -> Terms:
    """What stands on file for a submission."""
    request = submission.request
    contract = contract_in(view, submission)
    rendering, number = request.rendering_provider, request.authorisation_number
    made = NO_CONTRACT if contract is None else view.made_of(contract)
    return Terms(
        payer=view.one("payer", request.payer),
        provider=view.one("provider", submission.payee_id),
        rendering=None if rendering is None else view.one("provider", payee_id_of_npi(rendering)),
        contract=contract,
        authorisation=None if number is None else view.one("authorisation", number),
        rates=None if contract is None else view.one("fee-schedule", contract.fee_schedule),
        authorisation_codes=made.authorisation_codes,
        price_terms=made.price_terms,
    )


def contract_in(view: View, submission: SubmissionReceived) -> ContractRecorded | None:
    """The contract that prices a request.

    The one it names, if that is between its payer and its payee; else the payee's own with the payer before one
    with every payee; among those, one in force on the first service day before one that is not, then the latest.
    """
    request = submission.request
    if request.contract_id is not None:
        named: ContractRecorded | None = view.one("contract", request.contract_id)
        fits = named and named.payer == request.payer and named.payee_id in (None, submission.payee_id)
        return named if fits else None
    of_payer = view.contracts_of(request.payer)
    if not of_payer:
        return None
    first_day = min([line.from_date for line in request.lines])
    own, general = of_payer.get(submission.payee_id, []), of_payer.get(None, [])
    for contract in (*own, *general):
        if in_force(contract.effective_from, contract.effective_to, first_day):
            return contract
    return next(iter((*own, *general)), None)


def as_held(entity: Entity) -> tuple[str, Name, Any]:
    """The kind of an entity, by what it is looked up, and how it is held."""
    match entity:
        case PayerRecorded():
            return "payer", entity.payer, entity
        case ProviderRecorded():
            return "provider", entity.payee_id, entity
        case ContractRecorded():
            return "contract", entity.contract_id, entity
        case FeeScheduleRecorded():
            return "fee-schedule", entity.fee_schedule, rate_table(entity.rates)
        case AuthorisationRecorded():
            return "authorisation", entity.number, entity
        case PublishRuleSet():
            return "rules", str(entity.version), entity


def _latest_first(contract: ContractRecorded) -> tuple[int, str]:
    return -contract.effective_from.toordinal(), contract.contract_id


@lru_cache(maxsize=50_000)
def payee_id_of_npi(npi: str) -> UUID:
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
    "rules": PublishRuleSet,
}
"""How the reference table names each message."""
