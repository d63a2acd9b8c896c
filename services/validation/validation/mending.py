"""What was returned for edits is mended as it was asked, by who sent it, and not for ever."""

from __future__ import annotations

from dataclasses import replace

from throughline.edits import not_asked
from throughline.findings import Finding
from throughline.reasons import Reason, Severity
from throughline.reference import PayerRecorded
from validation.disputes import set_aside_after
from validation.domain import State
from validation.handling import UNTOUCHED
from validation.history import Request, Version

FIX = "Send what was returned once more, with nothing changed but what was asked for."


def take_up(request: Request, version: Version) -> None:
    """A version comes: it answers the return of the one before it, where that still waits for its edits."""
    before = request.versions.get(version.number - 1)
    if before is None:
        return
    kept = replace(UNTOUCHED, edited=before.handling.edited, set_aside=set_aside_after(before))
    edits = before.handling.edits if before.state is State.EXCEPTION else None
    if edits is None or version.is_void:
        version.handling = kept
    else:
        version.handling = replace(kept, edits=edits, edited=kept.edited + 1)


def findings_of_edits(request: Request, version: Version, payer: PayerRecorded | None) -> tuple[Finding, ...]:
    """What stands against a version that answers a return, in the order of what counts first."""
    edits = version.handling.edits
    if edits is None:
        return ()
    returned = request.versions[edits.of].submission
    sent_for = returned.organisation_id
    found: list[Finding] = []
    if sent_for is not None and version.submission.organisation_id != sent_for:
        found.append(_finding(Reason.OTHER_ORGANISATION, None))
    changed = not_asked(returned.request, version.submission.request, edits.fields)
    found += [_finding(Reason.FIELD_NOT_ASKED, name) for name in changed]
    if payer is not None and payer.edits_max is not None and version.handling.edited > payer.edits_max:
        found.append(_finding(Reason.EDITS_USED_UP, None))
    return tuple(found)


def _finding(reason: Reason, field: str | None) -> Finding:
    return Finding(
        rule="edits",
        rule_version=1,
        severity=Severity.EXCEPTION,
        reason=reason,
        field=field,
        message=reason.sentence,
        fix=None if reason is Reason.EDITS_USED_UP else FIX,
    )
