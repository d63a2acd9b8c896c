"""What a reviewer says: commands to validation."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from throughline.message import Command, Note, Text
from throughline.submissions import Version


class DecideReview(Command):
    """Decide what a ``ReviewOpened`` or ``SubmissionExcepted`` asks; refused as stale if that is no longer the latest.

    approve or deny a review; return it for edits; release an exception into review; recall an approval.
    """

    request_id: UUID
    version: Version
    answers: UUID
    """The id of the event that this decides; for a recall, the approval."""
    decision: Literal["approve", "deny", "return_for_edits", "release", "recall"]
    note: Note
    actor: Text
