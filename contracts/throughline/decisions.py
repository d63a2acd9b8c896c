"""What validation decided, and what people ask of it and dispute."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from throughline.adjudications import Adjudication
from throughline.findings import Finding, stopping_checks
from throughline.message import Code, Event, Note, Record, Sha256, Text
from throughline.money import TotalCents
from throughline.programmes import PayClock
from throughline.reasons import Reason
from throughline.submissions import Version


class Decider(Record):
    """Who decided: the system by named rules, or a person."""

    kind: Literal["system", "person"]
    actor: Text | None = None
    note: Note | None = None
    first_actor: Text | None = None
    """Who approved before, where two people must."""


ReferenceRevision = Annotated[int, Field(ge=0)]
"""The revision of validation's reference data that the version is pinned to: what stood when it came in."""


class ScreenedAgainst(Record):
    """A list of who may not be paid, as it stood when the provider was looked for in it."""

    list_id: Code
    dated_on: date
    sha256: Sha256
    """Of the file that was published."""


Screened = Annotated[tuple[ScreenedAgainst, ...], Field(max_length=50)]
"""The lists that this decision went by; screening is always as of now, never as of when the request came in."""


class ReviewOpened(Event):
    """A person must decide. The command that decides names this event."""

    request_id: UUID
    version: Version
    reasons: Annotated[tuple[Reason, ...], Field(min_length=1)]
    findings: tuple[Finding, ...] = ()
    charge_cents: TotalCents
    proposed_cents: TotalCents | None = None
    """What would be paid; None where no price is known."""
    rule_set: Sha256
    reference_revision: ReferenceRevision | None = None
    screened: Screened | None = None
    overrides: tuple[Reason, ...] | None = None
    """The checks that a reviewer overrode to open it."""
    pay_by: PayClock | None = None
    """Of a properly completed form whose pack says when it must be paid."""


class FirstApprovalGiven(Event):
    """The first of two people approved it, at this amount; nothing is paid yet. The command of the second names this
    event. It is as if it had not been given once the review is opened anew, at another amount or for another reason."""

    request_id: UUID
    version: Version
    answers: UUID
    """The ``ReviewOpened`` that it answers."""
    amount_cents: TotalCents
    approved_by: UUID
    """The person; the second is another."""
    note: Note


class SubmissionApproved(Event):
    """To be paid as adjudicated. This event's id is the decision id that payout and remittance name."""

    request_id: UUID
    version: Version
    adjudication: Adjudication
    decided_by: Decider
    findings: tuple[Finding, ...] = ()
    rule_set: Sha256
    reference_revision: ReferenceRevision | None = None
    screened: Screened | None = None
    appeal_until: date | None = None
    """The last day (UTC) on which the provider can dispute it; None where there is nothing to dispute."""
    pay_by: PayClock | None = None
    """As of ``ReviewOpened``."""


class SubmissionDenied(Event):
    """Not to be paid, and why. A denied health claim still gets its 835."""

    request_id: UUID
    version: Version
    reason: Reason
    adjudication: Adjudication
    decided_by: Decider
    findings: tuple[Finding, ...] = ()
    rule_set: Sha256
    reference_revision: ReferenceRevision | None = None
    screened: Screened | None = None
    appeal_until: date | None = None
    """The last day (UTC) on which the provider can dispute it; None where there is nothing to dispute."""


class SubmissionExcepted(Event):
    """Stopped until somebody mends it: a new version, a reviewer's release, or a denial."""

    request_id: UUID
    version: Version
    reason: Reason
    findings: tuple[Finding, ...] = ()
    note: Note | None = None
    other_request_id: UUID | None = None
    """The request whose claim on the bill stands in the way (duplicates), or which must be recovered."""
    fields: Annotated[tuple[Code, ...], Field(max_length=40)] | None = None
    """What alone the next version may change (``throughline.edits``), where a reviewer asked for it. None: of what was
    returned, everything but who is paid; else everything."""
    rule_set: Sha256
    reference_revision: ReferenceRevision | None = None
    screened: Screened | None = None

    @property
    def checks(self) -> tuple[Reason, ...]:
        """What a release overrides."""
        return stopping_checks(self.reason, self.findings)


class ReviewAssigned(Event):
    """Somebody looks at a review or exception, or nobody any more. Its state is what it was."""

    request_id: UUID
    version: Version
    answers: UUID
    """The ``ReviewOpened`` or ``SubmissionExcepted`` that waits; what is said later of the version ends this."""
    assignee: UUID | None = None
    assigned_by: UUID


class DisputeOpened(Event):
    """The provider's organisation disputes a decision. Nothing moves by it; a reviewer who did not decide it upholds or
    changes it, unless what is disputed no longer stands before that."""

    request_id: UUID
    version: Version
    disputes: UUID
    """The ``SubmissionDenied`` or ``SubmissionApproved``."""
    disputed_by: UUID
    organisation_id: UUID
    charge_cents: TotalCents
    paid_cents: TotalCents


class DisputeDecided(Event):
    """Upheld: the decision stands, and is not disputed again. Changed: the provider sends the next version, which is
    decided anew; what had denied this one then asks a person. Of what was paid the difference moves as with every
    correction. Ended: nobody decided it, because the decision stands no longer: a later version came, or payout stopped
    what had been approved."""

    request_id: UUID
    version: Version
    answers: UUID
    """The ``DisputeOpened``."""
    outcome: Literal["upheld", "changed", "ended"]
    decided_by: Decider


class ApprovalRevoked(Event):
    """Asks payout to stop an approved item. Payout answers ``ItemStopped`` or ``ItemTooLate``."""

    request_id: UUID
    version: Version
    decision_id: UUID
    cause: Literal["correction", "void", "withdrawal", "recall"]
    reason: Reason | None = None
    """Of a recall: what came up against it by itself (coverage taken back, an exclusion). None: a person asked."""


class RecoveryOpened(Event):
    """What was approved and has left may not have been paid, as things stand now. How much of it is owed, and how it is
    recovered, people decide: nothing moves by this."""

    request_id: UUID
    version: Version
    decision_id: UUID
    payment_id: UUID
    reason: Reason
    findings: tuple[Finding, ...] = ()
    """What came up against it, the latest last."""
    paid_cents: TotalCents
    """What the decision pays in all."""


class CommandRefused(Event):
    """A command, or an exclusion list, that changed nothing, and why. Said on the decider's own topic."""

    command_id: UUID
    command_type: str
    reason: Reason
    detail: Annotated[str, Field(max_length=400)] | None = None
    request_id: UUID | None = None
