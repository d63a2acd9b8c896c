"""May a reviewer's command be carried out? One answer per check, in the order of the checks."""

from __future__ import annotations

from throughline.reasons import Reason
from throughline.reviews import DecideReview
from validation.domain import State
from validation.history import Version

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
    return None
