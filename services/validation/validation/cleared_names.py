"""Names on exclusion lists that a reviewer found to be somebody else's: whose, on which list, in which entry."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from throughline.exclusions import NameCleared
from validation.history import Version
from validation.reference import Reference
from validation.screening import ClearedName, rule_of_name
from validation.standing import parties_of


@dataclass(frozen=True, slots=True)
class Clearance:
    """What one event clears: every entry of one list that has the party's name as it stands."""

    list_id: str
    payee_id: UUID
    names: tuple[ClearedName, ...]

    def event(self, version: Version, cleared_by: UUID, note: str) -> NameCleared:
        return NameCleared(
            request_id=version.submission.request_id,
            version=version.number,
            list_id=self.list_id,
            payee_id=self.payee_id,
            entries=tuple(sorted({one.entry for one in self.names})),
            cleared_by=cleared_by,
            note=note,
        )


def clearances_for(version: Version, reference: Reference) -> list[Clearance]:
    """What a reviewer may clear of a version: the names that were shown with it and still are on a list."""
    shown = {(one.rule, one.field) for one in version.findings}
    days = version.first_day, max(line.to_date for line in version.submission.request.lines)
    found = []
    for party in parties_of(version.submission, reference):
        for list_id, held in reference.screening.lists.items():
            names = tuple(reference.screening.names_of(held, party, *days))
            if names and (rule_of_name(list_id), party.field) in shown:
                found.append(Clearance(list_id, party.payee_id, names))
    return found
