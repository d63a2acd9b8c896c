"""Names on exclusion lists that a reviewer found to be somebody else's: whose, on which list, in which entry; and what
becomes of that where a reviewer takes it back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis import Say, Signer
from throughline.exclusions import ClearanceTakenBack, NameCleared
from throughline.findings import Finding
from throughline.reasons import Reason
from throughline.reviews import DecideReview
from validation.exclusions_repository import ClearedBy
from validation.history import Request, Version
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


def clearing_refused(
    command: DecideReview,
    signer: Signer,
    request: Request,
    clearances: Sequence[Clearance],
    found: Sequence[Finding],
) -> Reason | None:
    """Why this person does not clear a name with this decision; None where they do, or ask for none.

    Nobody clears a name of what they sent; then only what was shown is cleared. A release goes by the list that was
    shown: an approval shows what a newer one says before it clears.
    """
    if not command.clear_name:
        return None
    if any(one.submission.submitted_by == signer.person_id for one in request):
        return Reason.SAME_PERSON
    is_older = command.decision == "release" and told_by_newer_lists(request.versions[command.version], found)
    return Reason.NOT_ALLOWED_NOW if is_older or not clearances else None


def told_by_newer_lists(version: Version, found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Names that were shown as they stood on a list of another day: who has them now, nobody has looked at."""
    shown = {(one.rule, one.field, one.message) for one in version.findings}
    asked = {(one.rule, one.field) for one in version.findings}
    return tuple(
        one
        for one in found
        if one.reason is Reason.EXCLUSION_NAME
        and (one.rule, one.field) in asked
        and (one.rule, one.field, one.message) not in shown
    )


def clear_names(
    version: Version, clearances: Sequence[Clearance], by: UUID, note: str, say: Say
) -> list[ClearedBy]:
    """Who is meant by the request is not who stands on a list: not asked about again while name and entry last."""
    cleared = []
    for ordinal, one in enumerate(clearances):
        event = one.event(version, by, note)
        event_id = say(event, key=str(event.request_id), ordinal=ordinal)
        cleared.append(ClearedBy(event_id, event.request_id, one.names))
    return cleared


def take_back_clearance(version: Version, cleared: ClearedBy, by: UUID, note: str, say: Say) -> None:
    """It may be who stands on the list after all."""
    first = cleared.names[0]
    event = ClearanceTakenBack(
        request_id=version.submission.request_id,
        version=version.number,
        answers=cleared.event_id,
        list_id=first.list_id,
        payee_id=first.payee_id,
        taken_back_by=by,
        note=note,
    )
    say(event, key=str(event.request_id))


def stands_again(version: Version, names: Collection[ClearedName], reference: Reference) -> bool:
    """Whether one of these names, cleared no more, is asked about the version as the lists stand now."""
    days = version.first_day, max(line.to_date for line in version.submission.request.lines)
    screening = reference.screening
    return any(
        one in names
        for party in parties_of(version.submission, reference)
        for held in screening.lists.values()
        for one in screening.all_names_of(held, party, *days)
    )
