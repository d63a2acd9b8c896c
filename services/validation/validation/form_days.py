"""Days that forms tell and later forms are measured by: a provider's closures of the year, a child's days elsewhere.

Which days, of whom and of which year, the pack says (``Given.past``). A day is known by a hash of whose it is; several
forms may tell one, and it counts once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from throughline.packs.directory import Packs
from throughline.packs.earlier_days import days_told
from throughline.submissions import SubmissionReceived
from validation.near_duplicates.keys import folded
from validation.programme import pack_for
from validation.reference import Terms
from validation.tallies import Reading, Readings

PREFIX = "form."
"""Before the name of a fact, where its number is stored with what a decision read."""
FORMS_MAX = 5000
"""Days of forms that one form is measured by; where there are more, nobody counts them and a person decides."""
KEY_BYTES = 16
_SEPARATOR = "\x1f"


class Told(NamedTuple):
    """For one fact of one form: whose days, which ones it tells itself, and from when to when others count."""

    name: str
    whom: bytes
    days: tuple[date, ...]
    first: date
    before: date


class DayOfForm(NamedTuple):
    """A day that a version told."""

    day: date
    request_id: UUID
    version: int


def told_by(submission: SubmissionReceived, terms: Terms, packs: Packs) -> tuple[Told, ...]:
    """What a form tells, and is measured by; nothing where there is no form, or its pack counts no days."""
    request = submission.request
    pack = None if request.form is None else pack_for(submission, packs)
    if pack is None or request.form is None:
        return ()
    if (request.form.pack, request.form.pack_version) != (pack.header.id, pack.header.version):
        return ()
    printed = None if terms.authorisation is None else terms.authorisation.printed
    subject = folded(request.subject.member_id.reveal())
    made = []
    for one in days_told(pack, request, printed):
        of = submission.payee_id.hex if one.past.of == "payee" else subject
        key = _SEPARATOR.join((request.programme, one.past.fact, one.past.of, of))
        whom = sha256(key.encode()).digest()[:KEY_BYTES]
        made.append(Told(one.name, whom, one.days, one.first, one.before))
    return tuple(made)


def readings_of(counted: Mapping[str, int], told: tuple[Told, ...]) -> Readings:
    """What was counted, to be stored with the decision: it is not counted again when the decision is looked at."""
    return tuple(
        [Reading(PREFIX + one.name, one.whom, counted[one.name], 0) for one in told if one.name in counted]
    )


def counted_in(readings: Readings) -> dict[str, int]:
    """What a stored decision had counted."""
    return {one.kind.removeprefix(PREFIX): one.before for one in readings if one.kind.startswith(PREFIX)}


@dataclass(slots=True)
class FormDays:
    """The days that the forms of one slice are measured by, and those that the slice adds."""

    stored: dict[bytes, list[DayOfForm]] = field(default_factory=lambda: defaultdict(list))
    too_many: set[bytes] = field(default_factory=set)
    added: dict[bytes, set[DayOfForm]] = field(default_factory=lambda: defaultdict(set))

    def count(
        self, told: tuple[Told, ...], request_id: UUID, has_ended: Callable[[UUID, int], bool]
    ) -> dict[str, int]:
        """Different days of the year besides its own, told by other requests; beyond counting there is no number."""
        counted = {}
        for one in told:
            if one.whom in self.too_many:
                continue
            own = frozenset(one.days)
            known = (*self.stored.get(one.whom, ()), *self.added.get(one.whom, ()))
            counted[one.name] = len(
                {
                    each.day
                    for each in known
                    if one.first <= each.day < one.before
                    and each.day not in own
                    and each.request_id != request_id
                    and not has_ended(each.request_id, each.version)
                }
            )
        return counted

    def add(self, told: tuple[Told, ...], submission: SubmissionReceived) -> None:
        """From now on they count: the form is approved, or a person looks at it."""
        for one in told:
            self.added[one.whom].update(
                [DayOfForm(day, submission.request_id, submission.version) for day in one.days]
            )
