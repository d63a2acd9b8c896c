"""What a reviewer says: commands to validation."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from throughline.edits import EditableField
from throughline.message import Command, Note, Text
from throughline.money import TotalCents
from throughline.reasons import Reason
from throughline.sensitive import SensitiveText
from throughline.submissions import Version

DENIAL_REASONS: tuple[Reason, ...] = (
    Reason.DUPLICATE,
    Reason.TIMELY_FILING,
    Reason.MEMBER_UNKNOWN,
    Reason.NOT_COVERED,
    Reason.BENEFIT_NOT_COVERED,
    Reason.AUTHORISATION_MISSING,
    Reason.AUTHORISATION_INVALID,
    Reason.AUTHORISATION_UNITS,
    Reason.NO_CONTRACT,
    Reason.PROVIDER_NOT_ENROLLED,
)
"""What a reviewer may deny for by name: each has an adjustment code of its own, which the remittance tells."""


class DecideReview(Command):
    """Decide what a ``ReviewOpened`` or ``SubmissionExcepted`` asks; refused as stale if that is no longer the latest.

    approve or deny a review; return it for edits; release an exception into review; recall an approval.
    """

    request_id: UUID
    version: Version
    answers: UUID
    """The id of the event that this decides; for a recall, the approval."""
    decision: Literal[
        "approve", "deny", "return_for_edits", "release", "recall", "uphold", "change", "take_back_clearance"
    ]
    """``uphold`` and ``change`` answer a ``DisputeOpened``, ``take_back_clearance`` a ``NameCleared``."""
    amount_cents: TotalCents | None = None
    """What the person saw that would be paid: an approval is refused where the price is another by now."""
    reason: Reason | None = None
    """Of a denial: one of ``DENIAL_REASONS``. None: it is the reviewer's, by the code of what stood against it."""
    fields: Annotated[tuple[EditableField, ...], Field(max_length=40)] | None = None
    """Of a return for edits: what alone the next version may change. None: everything but who is paid."""
    overrides: Annotated[tuple[Reason, ...], Field(max_length=100)] | None = None
    """Of a release: every check that is overridden, by the reason it stopped the version for; refused where these are
    not the ones."""
    clear_name: bool | None = None
    """Of an approval or a release: the name that was found on an exclusion list is somebody else's, and is not asked
    about again (``NameCleared``); refused where no such name was shown."""
    note: Note
    actor: Text
    """The person id of who signs."""


class DisputeDecision(Command):
    """The provider's organisation disputes a denial, or that less is paid than was asked. Possible once for a decision,
    until its appeal date."""

    request_id: UUID
    version: Version
    payee_id: UUID
    """The request's payee: for whom the organisation acts."""
    answers: UUID
    """The id of the ``SubmissionDenied`` or ``SubmissionApproved`` that is disputed."""
    text: SensitiveText
    """Why it should be decided otherwise."""
    actor: Text
    """The person id of who signs."""


class AssignReview(Command):
    """Take a review or exception to look at, give it back, or hand it over; it stays where it stands, and anybody may
    still decide it. Refused as stale where it is no longer what the person saw: the question, or whose it is.
    """

    request_id: UUID
    version: Version
    answers: UUID
    """The id of the ``ReviewOpened`` or ``SubmissionExcepted`` that waits."""
    assignee: UUID | None = None
    """The person who looks at it from now on; None gives it back."""
    held_by: UUID | None = None
    """Whose it was when the person looked."""
    actor: Text
    """The person id of who signs."""
