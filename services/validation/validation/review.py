"""May a reviewer's command be carried out? One answer per check, in the order of the checks."""

from __future__ import annotations

from uuid import UUID

from chassis import Signer
from throughline.findings import stopping_checks
from throughline.reasons import Reason
from throughline.reference import PayerRecorded
from throughline.reviews import DENIAL_REASONS, AssignReview, DecideReview
from validation.domain import OPEN, State
from validation.history import Request, Version
from validation.pricing import Price

ALLOWED = frozenset(
    {
        (State.REVIEW, "approve"),
        (State.REVIEW, "deny"),
        (State.REVIEW, "return_for_edits"),
        (State.EXCEPTION, "deny"),
        (State.EXCEPTION, "release"),
        (State.APPROVED, "recall"),
    }
)
"""Everything else is refused."""


BREACHES = frozenset({Reason.SAME_PERSON, Reason.STEP_UP_MISSING})
"""Refusals of an approval that are security events."""


def approval_refused(
    command: DecideReview,
    signer: Signer,
    request: Request,
    version: Version,
    proposed: Price | None,
    payer: PayerRecorded | None,
) -> Reason | None:
    """Why this person may not approve; None where they may.

    Nothing is paid without a price; nobody approves what they sent or edited, nor approves twice where two people must;
    the price is the one that was seen; above the tier the person's passkey is asked for, over exactly this command.
    """
    if proposed is None:
        return Reason.NOT_ALLOWED_NOW
    if any(one.submission.submitted_by == signer.person_id for one in request):
        return Reason.SAME_PERSON
    if version.handling.first_approver == signer.person_id:
        return Reason.SAME_PERSON
    if command.amount_cents != proposed.paid_cents:
        return Reason.STALE_AMOUNT
    if version.handling.first_approver is not None and version.paid_cents != proposed.paid_cents:
        return Reason.STALE_AMOUNT  # the first approved another amount
    if not signer.stepped_up and proposed.paid_cents >= second_approval_cents(payer):
        return Reason.STEP_UP_MISSING
    return None


def needs_second_approver(version: Version, price: Price, payer: PayerRecorded | None) -> bool:
    """Whether what is approved now is the first of two approvals."""
    if payer is None or payer.two_approvers_from_cents is None:
        return False
    return version.handling.first_approver is None and price.paid_cents >= payer.two_approvers_from_cents


def second_approval_cents(payer: PayerRecorded | None) -> int:
    """From which amount on an approval needs a passkey: any amount of a payer that nobody recorded."""
    if payer is None:
        return 0
    if payer.second_approval_cents is not None:
        return payer.second_approval_cents
    return payer.auto_approve_below_cents


def refusal_of(command: DecideReview, version: Version | None) -> Reason | None:
    """Why the command changes nothing; None where it may be carried out.

    Unknown subject, then an answer to what is no longer the latest, then what does not fit the state.
    """
    if version is None:
        return Reason.UNKNOWN_SUBJECT
    if command.answers != version.latest_event or version.state is State.ENDED:
        return Reason.STALE_ANSWER
    if command.decision == "recall" and version.state is State.FINAL:
        return Reason.TOO_LATE
    if (version.state, command.decision) not in ALLOWED:
        return Reason.NOT_ALLOWED_NOW
    if command.decision == "release" and version.reason is Reason.RECOVERY_NEEDED:
        return Reason.NOT_ALLOWED_NOW  # paying beside what was paid is never a reviewer's choice
    if command.clear_name and command.decision not in ("approve", "release"):
        return Reason.NOT_ALLOWED_NOW
    if command.decision == "deny" and command.reason not in (None, *DENIAL_REASONS):
        return Reason.NOT_ALLOWED_NOW
    if command.decision == "release" and set(command.overrides or ()) != set(checks_of(version)):
        return Reason.OTHER_CHECKS
    return None


def checks_of(version: Version) -> tuple[Reason, ...]:
    """What a release of this exception overrides, and has to name."""
    return () if version.reason is None else stopping_checks(version.reason, version.findings)


def assignment_refused(
    command: AssignReview, version: Version | None, reviewers: frozenset[UUID]
) -> Reason | None:
    """Why it stays whose it is; None where it changes hands.

    Unknown subject, then not open or no longer as it was seen, then a person who may not look at reviews.
    """
    if version is None:
        return Reason.UNKNOWN_SUBJECT
    if version.state not in OPEN:
        return Reason.NOT_ALLOWED_NOW
    if command.answers != version.latest_event or command.held_by != version.assignee:
        return Reason.STALE_ANSWER
    if command.assignee is not None and command.assignee not in reviewers:
        return Reason.ROLE_MISSING
    return None
