"""May a decision be disputed, may this person decide the dispute, and what follows for the next version. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from chassis import Signer
from throughline.adjudications import Adjudication
from throughline.reasons import Reason, Severity
from throughline.reference import PayerRecorded
from throughline.reviews import DecideReview, DisputeDecision
from validation.domain import COMMITTED, State
from validation.history import Request, Version

APPEAL_DAYS = 365
"""Where a payer names no other: 28 CCR 1300.71.38(d)."""

DISPUTABLE = COMMITTED | {State.DENIED}


def appeal_until(decided: Adjudication, payer: PayerRecorded | None, at: datetime) -> date | None:
    """The last day on which it can be disputed, counted from the day (UTC) of the decision; None where everything that
    was charged is paid, but for the patient's share."""
    reduced = any(
        one.amount_cents > 0 and one.group != "PR" for line in decided.lines for one in line.adjustments
    )
    if not reduced:
        return None
    days = APPEAL_DAYS if payer is None or payer.appeal_days is None else payer.appeal_days
    return at.date() + timedelta(days=days)


def dispute_refused(
    command: DisputeDecision, signer: Signer, request: Request, version: Version | None, at: datetime
) -> Reason | None:
    """Why it is not disputed; None where it is.

    Unknown subject or another payee's, not theirs, then no decision that stands, nothing to dispute, too late, twice.
    """
    if version is None or version.submission.payee_id != command.payee_id:
        return Reason.UNKNOWN_SUBJECT
    if not signer.acts_for(version.submission.payee_id):
        return Reason.PAYEE_NOT_YOURS
    if version.state not in DISPUTABLE or command.answers != version.latest_event:
        return Reason.STALE_ANSWER
    if version.number != max(request.versions):
        return Reason.STALE_ANSWER
    handling = version.handling
    if handling.appeal_until is None:
        return Reason.NOTHING_TO_DISPUTE
    if handling.dispute is not None:
        return Reason.ALREADY_DISPUTED
    return Reason.APPEAL_DATE_PASSED if at.date() > handling.appeal_until else None


def outcome_refused(
    command: DecideReview, signer: Signer, request: Request, version: Version
) -> Reason | None:
    """Why this person does not decide the dispute; None where they do: it waits, and they decided nothing of it, sent
    no version, and did not dispute it."""
    dispute = version.handling.dispute
    if dispute is None or dispute.outcome is not None:
        return Reason.NOT_ALLOWED_NOW
    if command.answers != dispute.id or version.number != max(request.versions):
        return Reason.STALE_ANSWER
    senders = {one.submission.submitted_by for one in request}
    concerned: set[UUID | None] = {*version.handling.deciders, *senders, dispute.by}
    return Reason.SAME_PERSON if signer.person_id in concerned else None


def set_aside_after(before: Version) -> tuple[Reason, ...]:
    """What denies the next version no more: what had denied the one before, where a dispute changed that."""
    dispute = before.handling.dispute
    if before.state is not State.DENIED or dispute is None or dispute.outcome != "changed":
        return before.handling.set_aside
    denying = [one.reason for one in before.findings if one.severity is Severity.DENY]
    return tuple(dict.fromkeys((*before.handling.set_aside, *denying)))
