"""What validation decided, and the claim as adjudicated: priced lines whose adjustments explain every cent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from throughline.identifiers import PartnerId
from throughline.message import Code, Event, Note, Record, Sha256, Text
from throughline.money import Cents, Currency, SignedCents, TotalCents
from throughline.programmes import (
    BEFORE_PACKS,
    HEALTH_CLAIM_ENTRY,
    MEDICAL,
    BankEntry,
    PayClock,
    PlainStatement,
    Programme,
)
from throughline.reasons import Reason, Severity
from throughline.requests import Payee, RequestNumber, Subject
from throughline.submissions import Version


class Adjustment(Record):
    """Why a line is paid differently from its charge: CAS group, claim adjustment reason code, amount.

    A positive amount pays less. Groups: CO contractual, PR patient, PI payer initiated, OA other.
    """

    group: Literal["CO", "PR", "PI", "OA"]
    carc: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,5}$")]
    amount_cents: SignedCents
    rarc: Annotated[str, Field(pattern=r"^[A-Z0-9]{2,5}$")] | None = None


class AdjudicatedLine(Record):
    """One line with its price. charge - sum of adjustments = paid, always (835, 2110 loop)."""

    line_id: str
    from_date: date
    to_date: date
    code: str
    modifiers: tuple[str, ...] = ()
    units_thousandths: int
    charge_cents: Cents
    allowed_cents: Cents
    paid_cents: Cents
    adjustments: tuple[Adjustment, ...] = ()


class Adjudication(Record):
    """A claim as decided: everything that its remittance must say."""

    partner: PartnerId
    number: RequestNumber
    payer_claim_number: str
    payer: str
    programme: Programme
    payee: Payee
    payee_id: UUID
    subject: Subject
    frequency: Literal["1", "7", "8"]
    place_of_service: str | None = None
    rendering_provider: str | None = None
    contract_id: str | None = None
    charge_cents: TotalCents
    paid_cents: TotalCents
    patient_responsibility_cents: TotalCents
    currency: Currency = "USD"
    lines: tuple[AdjudicatedLine, ...]
    entry: BankEntry | None = None
    """The bank entry that pays it, as its programme's pack says. None: a health-care claim, or decided before packs."""
    plain: PlainStatement | None = None
    """What its remittance says instead of an 835, where the pack asks for a plain one."""

    @property
    def bank_entry(self) -> BankEntry:
        """By which bank entry it is paid. Raises KeyError where nothing is paid and no entry is known."""
        return self.entry or BEFORE_PACKS[self.programme]

    @property
    def is_explained_by_835(self) -> bool:
        """An 835 is for health-care claims; what is explained plainly never has one (45 CFR 162.1601)."""
        return self.plain is None and (self.entry is not None or self.programme == MEDICAL)

    @model_validator(mode="after")
    def _balances(self) -> Adjudication:
        """One pass over all lines: each adjudication is validated by who says it and by everyone who hears it."""
        charge = paid = patient = 0
        for line in self.lines:
            adjusted = 0
            for one in line.adjustments:
                adjusted += one.amount_cents
                if one.group == "PR":
                    patient += one.amount_cents
            if line.charge_cents - adjusted != line.paid_cents:
                raise ValueError("a line's charge less its adjustments is not what it pays")
            charge += line.charge_cents
            paid += line.paid_cents
        if charge != self.charge_cents:
            raise ValueError("line charges do not sum to the charge")
        if paid != self.paid_cents:
            raise ValueError("line payments do not sum to what is paid")
        if patient != self.patient_responsibility_cents:
            raise ValueError("PR adjustments do not sum to the patient's responsibility")
        if paid and self.entry is None and self.programme not in BEFORE_PACKS:
            raise ValueError("what is paid names the bank entry of its programme")
        if self.plain is not None and (self.programme == MEDICAL or self.entry == HEALTH_CLAIM_ENTRY):
            raise ValueError("a health-care claim's payment is explained by an 835")
        return self


class DuplicateMatch(Record):
    """What a request was found to repeat: the earlier one, what both share, how sure that is, by which rules."""

    kind: Literal["exact", "near", "suspect", "near_miss"]
    """``near_miss``: too little for any of the others; recorded, and stops nothing."""
    other_request_id: UUID
    other_version: Version | None = None
    """None where the earlier request is known by its bill key alone."""
    keys: Annotated[tuple[Code, ...], Field(min_length=1, max_length=20)]
    """What matched, by name (``payee``, ``member``, ``dates``, ``code``, ``amount`` …); never what it says."""
    score: Annotated[int, Field(ge=0, le=100)]
    """Of 100; exact is 100."""
    rules: Code
    """The id of the dated duplicate rules that were in force on the first service day."""
    rules_sha256: Sha256


class Finding(Record):
    """One rule that did not pass: which, in which version, where, why and how to mend it."""

    rule: str
    rule_version: Annotated[int, Field(ge=1)]
    severity: Severity
    reason: Reason
    field: Annotated[str, Field(max_length=200)] | None = None
    message: Annotated[str, Field(max_length=400)]
    fix: Annotated[str, Field(max_length=400)] | None = None
    duplicate: DuplicateMatch | None = None
    """The earlier request, where that is what was found."""


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


def stopping_checks(reason: Reason, findings: Iterable[Finding]) -> tuple[Reason, ...]:
    """Why an exception is one, each reason once: what it was said to be stopped for, then whatever else would stop it.

    A release names exactly these.
    """
    found = [one.reason for one in findings if one.severity is Severity.EXCEPTION]
    return tuple(dict.fromkeys((reason, *found)))


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
    changes it. A later version of the request ends the dispute."""

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
    correction."""

    request_id: UUID
    version: Version
    answers: UUID
    """The ``DisputeOpened``."""
    outcome: Literal["upheld", "changed"]
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
    """A command that changed nothing, and why. Said on the decider's own topic."""

    command_id: UUID
    command_type: str
    reason: Reason
    detail: Annotated[str, Field(max_length=400)] | None = None
    request_id: UUID | None = None
