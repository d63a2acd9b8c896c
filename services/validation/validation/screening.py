"""Whether who bills, or gave the service, is on a list of who may not be paid: an equal number stops it, a name asks.

Screening is never pinned: lists are asked as they stand when a decision is made, whenever the request came in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from throughline.decisions import ScreenedAgainst
from throughline.exclusions import NameHash, name_hashes
from throughline.findings import Finding
from throughline.reasons import Reason, Severity


class Listed(NamedTuple):
    """One exclusion, as far as it must be kept in memory: a list holds some 80,000."""

    npi: str | None
    is_business: bool
    excluded_on: date | None
    reinstated_on: date | None
    is_waived: bool

    @property
    def digest(self) -> str:
        """Of the entry but its names: whoever was cleared of it is asked about again once it is another."""
        told = "|".join(str(one) for one in self)
        return sha256(told.encode()).hexdigest()[:32]

    def applies(self, first_day: date, last_day: date) -> bool:
        """Whether one of the days is excluded."""
        begun = self.excluded_on is None or self.excluded_on <= last_day
        return begun and (self.reinstated_on is None or first_day < self.reinstated_on)


class Party(NamedTuple):
    """Who is looked for: the field that names them, their numbers, and their names as they are known here."""

    field: str
    told: str
    npis: tuple[str, ...]
    names: tuple[str, ...]
    payee_id: UUID


class ClearedName(NamedTuple):
    """A reviewer found that who bills or gave the service under this name is not who stands in this entry."""

    list_id: str
    payee_id: UUID
    name: int
    """60 bits of its hash."""
    entry: str
    """The entry's digest."""


@dataclass(slots=True)
class ExclusionList:
    version: int
    against: ScreenedAgainst
    by_npi: dict[str, tuple[Listed, ...]] = field(default_factory=dict)
    by_name: dict[int, tuple[Listed, ...]] = field(default_factory=dict)
    entries: int = 0
    shrinks_because: str | None = None
    """Why it may be far shorter than the one before it."""

    def add(self, listed: Listed, names: Iterable[NameHash]) -> None:
        self.entries += 1
        if listed.npi is not None:
            self.by_npi[listed.npi] = (*self.by_npi.get(listed.npi, ()), listed)
        for name in names:
            key = _short(name)
            self.by_name[key] = (*self.by_name.get(key, ()), listed)

    def names(self, name: str) -> bool:
        """Whether somebody of that name is on it."""
        return any(one in self.by_name for one in _hashed((name,)))


@dataclass(slots=True)
class Screening:
    """The lists in force, as this process last read them."""

    lists: dict[str, ExclusionList] = field(default_factory=dict)
    against: tuple[ScreenedAgainst, ...] = ()
    """What a decision names: every list, in order of id."""
    cleared: set[ClearedName] = field(default_factory=set)

    def hold(self, lists: dict[str, ExclusionList], cleared: set[ClearedName] | None = None) -> None:
        self.lists, self.cleared = lists, cleared or set()
        self.against = tuple(lists[name].against for name in sorted(lists))

    def screen(self, parties: Sequence[Party], first_day: date, last_day: date) -> Iterator[Finding]:
        """What stands against each party for services of these days; at most one finding of a party and list."""
        for held in self.lists.values():
            for party in parties:
                found = self._found(held, party, first_day, last_day)
                if found is not None:
                    yield _finding(*found, party, held.against)

    def _found(
        self, held: ExclusionList, party: Party, first_day: date, last_day: date
    ) -> tuple[Reason, bool] | None:
        """Why, and whether it is waived somewhere. What stops goes before what asks."""
        by_number = [
            one
            for npi in party.npis
            if npi in held.by_npi
            for one in held.by_npi[npi]
            if one.applies(first_day, last_day)
        ]
        if by_number:
            is_waived = all(one.is_waived for one in by_number)
            return (Reason.EXCLUSION_NAME if is_waived else Reason.EXCLUDED), is_waived
        if next(self.names_of(held, party, first_day, last_day), None) is not None:
            return Reason.EXCLUSION_NAME, False
        return None

    def names_of(
        self, held: ExclusionList, party: Party, first_day: date, last_day: date
    ) -> Iterator[ClearedName]:
        """The entries of a list that have a name of the party's on one of the days, and of which nobody cleared it."""
        yield from (
            one for one in self.all_names_of(held, party, first_day, last_day) if one not in self.cleared
        )

    def all_names_of(
        self, held: ExclusionList, party: Party, first_day: date, last_day: date
    ) -> Iterator[ClearedName]:
        """The same, whatever was cleared."""
        for name in _hashed(party.names):
            for one in held.by_name.get(name, ()):
                # A person has one number for life: with another one it is somebody else. A business may have several.
                is_another = one.npi is not None and bool(party.npis) and not one.is_business
                if is_another or not one.applies(first_day, last_day):
                    continue
                yield ClearedName(held.against.list_id, party.payee_id, name, one.digest)


def rule_of_name(list_id: str) -> str:
    """What asks about a name names its list as its rule: who is somebody else than on this list may be on another."""
    return f"excluded-name/{list_id}"


@lru_cache(maxsize=20_000)
def _hashed(names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple([_short(one) for one in name_hashes(*names)])


def _short(name: NameHash) -> int:
    """60 bits of it: of 100,000 names two meet with probability 10^-8, and then a person is asked."""
    return int(name[:15], 16)


def _finding(reason: Reason, is_waived: bool, party: Party, against: ScreenedAgainst) -> Finding:
    on_list = f"the exclusion list {against.list_id} of {against.dated_on.isoformat()}"
    if reason is Reason.EXCLUDED:
        rule, severity = "excluded-npi", Severity.EXCEPTION
        message = f"The NPI of the {party.told} provider is on {on_list}."
        fix = "Nothing is paid for services while the provider is excluded; a newer list may end it."
    elif is_waived:
        rule, severity = f"exclusion-waived/{against.list_id}", Severity.REVIEW
        message = f"The NPI of the {party.told} provider is on {on_list}, with a waiver."
        fix = "A reviewer finds out whether the waiver covers these services before anything is approved."
    else:
        rule, severity = rule_of_name(against.list_id), Severity.REVIEW
        message = f"The {party.told} provider has the name of somebody on {on_list}."
        fix = "A reviewer finds out whether it is the same before anything is approved."
    return Finding(
        rule=rule,
        rule_version=1,
        severity=severity,
        reason=reason,
        field=party.field,
        message=message,
        fix=fix,
    )
