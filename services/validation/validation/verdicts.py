"""Each outcome of a decision: how the version stands afterwards, and the event that says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Literal
from uuid import UUID

from chassis import Heard, Say
from throughline.adjudications import Adjudication
from throughline.decisions import (
    ApprovalRevoked,
    CommandRefused,
    Decider,
    DisputeDecided,
    FirstApprovalGiven,
    RecoveryOpened,
    ReviewAssigned,
    ReviewOpened,
    SubmissionApproved,
    SubmissionDenied,
    SubmissionExcepted,
)
from throughline.reasons import Reason, Severity
from throughline.reviews import AssignReview, DecideReview, DisputeDecision
from throughline.submissions import SubmissionWithdrawn
from validation import adjudication
from validation.disputes import appeal_until
from validation.domain import State
from validation.handling import UNTOUCHED, Edits, Handling
from validation.history import StopCause, Version
from validation.pricing import Price
from validation.rules.rule_set import RuleSet

SYSTEM = Decider(kind="system")

NO_RULES = "0" * 64
"""The rule set of a version that ended before any rule was run."""


def approve(version: Version, price: Price, decided_by: Decider, say: Say) -> None:
    """To be paid as the contract says."""
    claim = adjudication.priced(version.submission, price, version.leaving)
    until = _appeal_until(version, claim)
    event = SubmissionApproved(
        request_id=version.submission.request_id,
        version=version.number,
        adjudication=claim,
        decided_by=decided_by,
        findings=version.findings,
        rule_set=version.rule_set or NO_RULES,
        reference_revision=version.reference_revision,
        screened=version.screened or None,
        appeal_until=until,
        pay_by=version.leaving.pay_by,
    )
    version.decision_id = _stands(version, State.APPROVED, None, say(event, key=str(event.request_id)))
    _is_decided(version, decided_by, until)
    version.paid_cents = price.paid_cents


def approve_first(version: Version, price: Price, by: UUID, note: str, say: Say) -> None:
    """One of two people approved it. It stays in review; what the second must name is this event."""
    assert version.latest_event is not None, "only what waits for a person is approved by one"
    event = FirstApprovalGiven(
        request_id=version.submission.request_id,
        version=version.number,
        answers=version.latest_event,
        amount_cents=price.paid_cents,
        approved_by=by,
        note=note,
    )
    _stands(version, State.REVIEW, version.reason, say(event, key=str(event.request_id)))
    version.handling = replace(version.handling, first_approver=by)
    version.paid_cents = price.paid_cents


def deny(version: Version, reason: Reason, decided_by: Decider, rules: RuleSet, say: Say) -> None:
    """Not to be paid. The adjustment code is that of what stood against it, also where a person denies."""
    carc = carc_of(version, reason, rules)
    claim = adjudication.denied(version.submission, carc, version.leaving)
    until = _appeal_until(version, claim)
    event = SubmissionDenied(
        request_id=version.submission.request_id,
        version=version.number,
        reason=reason,
        adjudication=claim,
        decided_by=decided_by,
        findings=version.findings,
        rule_set=version.rule_set or NO_RULES,
        reference_revision=version.reference_revision,
        screened=version.screened or None,
        appeal_until=until,
    )
    _stands(version, State.DENIED, reason, say(event, key=str(event.request_id)))
    _is_decided(version, decided_by, until)
    version.paid_cents = 0


def except_(
    version: Version,
    reason: Reason,
    say: Say,
    *,
    note: str | None = None,
    other_request_id: UUID | None = None,
) -> None:
    """Stopped until somebody mends it."""
    event = SubmissionExcepted(
        request_id=version.submission.request_id,
        version=version.number,
        reason=reason,
        findings=version.findings,
        note=note,
        other_request_id=other_request_id,
        fields=None if version.handling.edits is None else version.handling.edits.fields,
        rule_set=version.rule_set or NO_RULES,
        reference_revision=version.reference_revision,
        screened=version.screened or None,
    )
    _stands(version, State.EXCEPTION, reason, say(event, key=str(event.request_id)))
    if other_request_id is not None:
        version.shown = (*version.shown, other_request_id)


def return_for_edits(version: Version, fields: tuple[str, ...] | None, note: str, say: Say) -> None:
    """The reviewer needs it mended: in these fields alone, where they are named, and never in who is paid."""
    version.handling = replace(version.handling, edits=Edits(version.number, fields))
    except_(version, Reason.RETURNED_FOR_EDITS, say, note=note)


def open_review(
    version: Version,
    reasons: tuple[Reason, ...],
    price: Price | None,
    say: Say,
    overrides: tuple[Reason, ...] = (),
) -> None:
    """A person must decide. ``overrides`` are the checks that one overrode already."""
    proposed_cents = None if price is None else price.paid_cents
    event = ReviewOpened(
        request_id=version.submission.request_id,
        version=version.number,
        reasons=reasons,
        findings=version.findings,
        charge_cents=version.charge_cents,
        proposed_cents=proposed_cents,
        overrides=overrides or None,
        rule_set=version.rule_set or NO_RULES,
        reference_revision=version.reference_revision,
        screened=version.screened or None,
        pay_by=version.leaving.pay_by,
    )
    _stands(version, State.REVIEW, reasons[0], say(event, key=str(event.request_id)))
    version.paid_cents = proposed_cents


def decide_dispute(
    version: Version, outcome: Literal["upheld", "changed", "ended"], decided_by: Decider, say: Say
) -> None:
    """The dispute of the decision that stands is over."""
    dispute = version.handling.dispute
    assert dispute is not None, "only what is disputed is upheld or changed"
    event = DisputeDecided(
        request_id=version.submission.request_id,
        version=version.number,
        answers=dispute.id,
        outcome=outcome,
        decided_by=decided_by,
    )
    say(event, key=str(event.request_id))
    ended = replace(dispute, outcome=outcome)
    version.handling, version.is_changed = replace(version.handling, dispute=ended), True


def end_dispute(version: Version, say: Say) -> None:
    """What is disputed no longer stands, so that nobody decides about it: said, where a dispute waits."""
    dispute = version.handling.dispute
    if dispute is not None and dispute.outcome is None:
        decide_dispute(version, "ended", SYSTEM, say)


def assign(version: Version, assignee: UUID | None, assigned_by: UUID, say: Say) -> None:
    """Who looks at it. What a decision must name stays what it was."""
    assert version.latest_event is not None, "only what waits for a person is assigned"
    event = ReviewAssigned(
        request_id=version.submission.request_id,
        version=version.number,
        answers=version.latest_event,
        assignee=assignee,
        assigned_by=assigned_by,
    )
    say(event, key=str(event.request_id))
    version.assignee, version.is_changed = assignee, True


def revoke(version: Version, cause: StopCause, say: Say, reason: Reason | None = None) -> None:
    """Ask payout to stop what was approved. Nothing else is decided about the request until payout has answered."""
    say(revoked(version, cause, reason), key=str(version.submission.request_id))


def revoked(version: Version, cause: StopCause, reason: Reason | None) -> ApprovalRevoked:
    """``reason``: what came up against it by itself. It stays on the version until it is decided anew."""
    assert version.decision_id is not None, "only what was approved is revoked"
    event = ApprovalRevoked(
        request_id=version.submission.request_id,
        version=version.number,
        decision_id=version.decision_id,
        cause=cause,
        reason=reason,
    )
    version.state, version.stop_cause, version.is_changed = State.STOPPING, cause, True
    version.reason = reason or version.reason
    return event


def open_recovery(version: Version, payment_id: UUID, reason: Reason, say: Say, ordinal: int = 0) -> None:
    """What has left may not have been paid; people decide what is owed of it."""
    assert version.decision_id is not None and version.paid_cents is not None, (
        "only what was approved has left"
    )
    event = RecoveryOpened(
        request_id=version.submission.request_id,
        version=version.number,
        decision_id=version.decision_id,
        payment_id=payment_id,
        reason=reason,
        findings=version.findings,
        paid_cents=version.paid_cents,
    )
    say(event, key=str(event.request_id), ordinal=ordinal)
    recovered = (*version.handling.recovered, reason)
    version.handling, version.is_changed = replace(version.handling, recovered=recovered), True


Reviewed = Heard[DecideReview] | Heard[AssignReview] | Heard[DisputeDecision] | Heard[SubmissionWithdrawn]


def refuse_command(heard: Reviewed, reason: Reason, say: Say) -> None:
    """What was asked of a version and changes nothing, and why."""
    command = heard.message
    refused = CommandRefused(
        command_id=heard.envelope.id,
        command_type=command.type_name(),
        reason=reason,
        detail=reason.sentence,
        request_id=command.request_id,
    )
    say(refused, key=str(command.request_id))


def carc_of(version: Version, reason: Reason, rules: RuleSet) -> str:
    """The code of the reason itself, else of the first finding, else of why it stood open, else "lacks information"."""
    stopping = [one.reason for one in version.findings if one.severity is not Severity.NOTE]
    for candidate in (reason, *stopping, version.reason):
        if candidate is None:
            continue
        carc = _carc_of_rule(version, candidate, rules)
        carc = carc or rules.carcs.get(candidate) or adjudication.DENIALS.get(candidate)
        if carc is not None:
            return carc
    return adjudication.CARC_LACKS_INFORMATION


def _carc_of_rule(version: Version, reason: Reason, rules: RuleSet) -> str | None:
    """Of the first rule that found it."""
    stopping = [one for one in version.findings if one.severity is not Severity.NOTE]
    found = (rules.carcs_of_rules.get(one.rule) for one in stopping if one.reason is reason)
    return next(filter(None, found), None)


def _stands(version: Version, state: State, reason: Reason | None, event_id: UUID) -> UUID:
    version.state, version.reason, version.latest_event, version.is_changed = state, reason, event_id, True
    version.assignee = None  # who looked at what it was
    before = version.handling
    if before is not UNTOUCHED:  # what people did was of what it was
        edits = before.edits if state is State.EXCEPTION else None
        version.handling = Handling(edits=edits, edited=before.edited, set_aside=before.set_aside)
    return event_id


def _appeal_until(version: Version, claim: Adjudication) -> date | None:
    if version.is_void:
        return None  # it bills nothing, so nothing of it was denied
    payer = None if version.terms is None else version.terms.payer
    return appeal_until(claim, payer, version.decided_at)


def _is_decided(version: Version, decided_by: Decider, until: date | None) -> None:
    """A decision stands that can be disputed anew, by whom it was given and until when."""
    people = tuple([UUID(one) for one in (decided_by.first_actor, decided_by.actor) if one is not None])
    if people or until is not None:
        version.handling = replace(version.handling, deciders=people, appeal_until=until)
