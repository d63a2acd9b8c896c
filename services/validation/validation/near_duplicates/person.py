"""Are two requests for the same person? Slips of the finger are told from other people by what else is known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from rapidfuzz.distance import OSA

from throughline.requests import Subject
from validation.near_duplicates.keys import folded
from validation.near_duplicates.rules import DuplicateRules, Shares, Typos


class Same(Enum):
    """How two values of one field stand to one another."""

    YES = "yes"
    TYPO = "typo"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PersonMatch:
    """``share`` of the person's weight in percent. ``apart``: names or birth dates say that they are two people."""

    share: int
    keys: tuple[str, ...]
    apart: bool = False


NOBODY = PersonMatch(0, (), apart=True)


@dataclass(frozen=True, slots=True)
class _Relations:
    member: Same
    last: Same
    first: Same
    birth: Same

    def keys(self) -> tuple[str, ...]:
        named = (("member", self.member), ("name", _both(self.last, self.first)), ("birth", self.birth))
        spelt = {Same.YES: "", Same.TYPO: "_typo"}
        return tuple([name + spelt[one] for name, one in named if one in spelt])


def match_person(one: Subject, other: Subject, rules: DuplicateRules) -> PersonMatch:
    """The first row that applies: told apart, then the same member id, then a mistyped one, then name and birth."""
    found = _relations(one, other, rules)
    member, first, birth = found.member, found.first, found.birth
    shares, keys = rules.shares, found.keys()
    if first is Same.NO or (birth is Same.NO and first is not Same.YES):
        return PersonMatch(shares.told_apart if member is Same.YES else 0, keys, apart=True)
    if birth is Same.NO:
        fits = member is Same.YES and found.last in (Same.YES, Same.TYPO)
        return PersonMatch(shares.doubtful_birth, keys) if fits else NOBODY
    share = _share(found, shares)
    if share == 0:
        return NOBODY
    if member is not Same.YES and Same.TYPO in (found.last, first, birth):
        share -= shares.typo_costs
    return PersonMatch(max(share, 0), keys)


def _share(found: _Relations, shares: Shares) -> int:
    named = found.last is not Same.NO
    first, birth = _holds(found.first), _holds(found.birth)
    match found.member:
        case Same.YES if named:
            return shares.same_member
        case Same.YES:
            return shares.member_with_other_name if first or birth else shares.member_alone
        case Same.TYPO if not named:
            return shares.mistyped_member_alone if first and birth else 0
        case Same.TYPO if first and birth:
            return shares.mistyped_member
        case Same.TYPO:
            return shares.mistyped_member_half if first or birth else shares.mistyped_member_alone
        case _ if named and first and birth:
            return shares.name_and_birth
        case _ if named and birth:
            return shares.birth_and_last_name
        case _ if named and first:
            return shares.name_alone
    return 0


def _relations(one: Subject, other: Subject, rules: DuplicateRules) -> _Relations:
    typos = rules.typos
    return _Relations(
        member=_member(one.member_id.reveal(), other.member_id.reveal(), rules),
        last=_name(one.last_name.reveal(), other.last_name.reveal(), typos),
        first=_first_name(
            None if one.first_name is None else one.first_name.reveal(),
            None if other.first_name is None else other.first_name.reveal(),
            typos,
        ),
        birth=_birth(
            None if one.birth_date is None else one.birth_date.reveal(),
            None if other.birth_date is None else other.birth_date.reveal(),
        ),
    )


def _member(one: str, other: str, rules: DuplicateRules) -> Same:
    one, other = folded(one), folded(other)
    if one == other:
        return Same.YES
    long_enough = min(len(one), len(other)) >= rules.typos.member_length_min
    return Same.TYPO if long_enough and _one_slip(one, other) else Same.NO


def _name(one: str, other: str, typos: Typos) -> Same:
    one, other = folded(one), folded(other)
    if one == other:
        return Same.YES
    short = min(len(one), len(other))
    allowed = 1 if short < 4 else max(typos.letters_of_a_name, short * typos.percent_of_length // 100)
    if OSA.distance(one, other, score_cutoff=allowed) <= allowed or sorted(one) == sorted(other):
        return Same.TYPO
    return Same.NO


def _first_name(one: str | None, other: str | None, typos: Typos) -> Same:
    """An initial says no more than that it does not contradict."""
    if one is None or other is None:
        return Same.UNKNOWN
    short, long = sorted((folded(one), folded(other)), key=len)
    if len(short) <= 1 < len(long):
        return Same.UNKNOWN if long.startswith(short) else Same.NO
    return _name(one, other, typos)


def _birth(one: str | None, other: str | None) -> Same:
    if one is None or other is None:
        return Same.UNKNOWN
    if one == other:
        return Same.YES
    year, month, day = one.split("-")
    if f"{year}-{day}-{month}" == other:
        return Same.TYPO
    return Same.TYPO if _one_slip(one.replace("-", ""), other.replace("-", "")) else Same.NO


def _one_slip(one: str, other: str) -> bool:
    """One character wrong, missing or too many, or two of them exchanged, wherever they stand."""
    if OSA.distance(one, other, score_cutoff=1) <= 1:
        return True
    if len(one) != len(other):
        return False
    differing = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    return len(differing) == 2 and differing[0] == differing[1][::-1]


def _holds(one: Same) -> bool:
    return one in (Same.YES, Same.TYPO)


def _both(last: Same, first: Same) -> Same:
    if Same.NO in (last, first):
        return Same.NO
    return Same.TYPO if Same.TYPO in (last, first) else last
