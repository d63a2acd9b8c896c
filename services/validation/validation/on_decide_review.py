"""A reviewer decides, releases or recalls. What does not fit is refused by an event, and changes nothing."""

from __future__ import annotations

from chassis import Heard, Say, Signer
from throughline.decisions import Decider
from throughline.message import is_blank
from throughline.reasons import Reason
from throughline.reviews import DecideReview
from validation import verdicts
from validation.cleared_names import (
    Clearance,
    clear_names,
    clearances_for,
    clearing_refused,
    stands_again,
    take_back_clearance,
    told_by_newer_lists,
)
from validation.disputes import outcome_refused
from validation.domain import State
from validation.duplicate_findings import exact_duplicate, resemblance
from validation.history import Version
from validation.quote import Quote
from validation.review import BREACHES, approval_refused, checks_of, needs_second_approver, refusal_of
from validation.work import DecisionWork


def decide_review(heard: Heard[DecideReview], work: DecisionWork, say: Say) -> None:
    """The price is worked out anew, from the terms that the version is pinned to, and must be what was seen."""
    command, signer = heard.message, heard.signer
    if isinstance(signer, Reason):
        _refuse(heard, signer, say)
        return
    if is_blank(command.note):
        _refuse(heard, Reason.NOTE_BLANK, say)
        return
    version = work.requests[command.request_id].versions.get(command.version)
    if command.decision in ("uphold", "change") and version is not None:
        _decide_dispute(heard, signer, version, work, say)
        return
    if command.decision == "take_back_clearance" and version is not None:
        _take_back_clearance(heard, signer, version, work, say)
        return
    refusal = refusal_of(command, version)
    if refusal is not None or version is None:
        _refuse(heard, refusal or Reason.UNKNOWN_SUBJECT, say)
        return
    terms = work.terms_of(version)
    stands = work.standing(version)
    clearances = clearances_for(version, work.reference) if command.clear_name else []
    is_stopped = command.decision == "release" and stands.stopping is not None
    unclear = clearing_refused(command, signer, work.requests[command.request_id], clearances, stands.found)
    if is_stopped or unclear is not None:
        _refuse(heard, unclear or Reason.NOT_ALLOWED_NOW, say)
        return
    version.decided_at = heard.recorded_at
    if command.decision == "recall":  # before anything is read anew: it stays told by what it was approved
        verdicts.revoke(version, "recall", say)
        return
    quoted = work.quote(version)
    proposed = quoted.price
    person = Decider(kind="person", actor=command.actor, note=command.note)
    match command.decision:
        case "approve":
            request = work.requests[command.request_id]
            forbidden = approval_refused(command, signer, request, version, proposed, terms.payer)
            if forbidden is not None or proposed is None:
                _refuse(heard, forbidden or Reason.NOT_ALLOWED_NOW, say)
                if forbidden is Reason.STALE_AMOUNT and version.reason is not None:
                    _show_anew(version, quoted, version.reason, say)
            else:
                is_approved = _approve(version, quoted, signer, person, work, say, clears=bool(clearances))
                _clear(clearances if is_approved else [], version, signer, command.note, work, say)
        case "deny":
            reason = command.reason or Reason.DENIED_BY_REVIEWER
            verdicts.deny(version, reason, person, work.rules_of(version), say)
        case "return_for_edits":
            verdicts.return_for_edits(version, command.fields or None, command.note, say)
        case "release":
            overrides = checks_of(version)
            verdicts.open_review(version, (Reason.RELEASED_BY_REVIEWER,), proposed, say, overrides)
            _clear(clearances, version, signer, command.note, work, say)


def _decide_dispute(
    heard: Heard[DecideReview], signer: Signer, version: Version, work: DecisionWork, say: Say
) -> None:
    """What was decided stands. Where that is changed, the next version that the provider sends is decided anew."""
    command = heard.message
    refusal = outcome_refused(command, signer, work.requests[command.request_id], version)
    if refusal is not None:
        _refuse(heard, refusal, say)
        return
    person = Decider(kind="person", actor=command.actor, note=command.note)
    verdicts.decide_dispute(version, "upheld" if command.decision == "uphold" else "changed", person, say)


def _approve(
    version: Version,
    quoted: Quote,
    signer: Signer,
    person: Decider,
    work: DecisionWork,
    say: Say,
    *,
    clears: bool,
) -> bool:
    """Whether it is approved now; ``clears``: together with names on lists. The bill is claimed at the latest here, so
    that two reviews of one bill cannot both pay it."""
    if (clears and _shown_by_newer_list(version, quoted, work, say)) or _stopped_after_all(
        version, quoted, work, say
    ):
        return False
    assert quoted.price is not None, "what has no price is refused before"
    if needs_second_approver(version, quoted.price, work.terms_of(version).payer):
        verdicts.approve_first(version, quoted.price, signer.person_id, person.note or "", say)
        return False
    first = version.handling.first_approver
    if first is not None:
        person = person.model_copy(update={"first_actor": str(first)})
    work.claim(version)
    work.use_up(version, quoted)
    verdicts.approve(version, quoted.price, person, say)
    return True


def _clear(
    clearances: list[Clearance], version: Version, signer: Signer, note: str, work: DecisionWork, say: Say
) -> None:
    """The reviewer says that a name on a list is somebody else's: remembered beyond this request."""
    work.cleared += clear_names(version, clearances, signer.person_id, note, say)


def _take_back_clearance(
    heard: Heard[DecideReview], signer: Signer, version: Version, work: DecisionWork, say: Say
) -> None:
    """What was approved because of it is screened again by a follow-up. The version that was cleared is asked back
    here: its reviewer had seen the name, and let it pass for what no longer holds."""
    command = heard.message
    cleared = work.cleared_before.pop(command.answers, None)
    if cleared is None or cleared.request_id != command.request_id:
        _refuse(heard, Reason.STALE_ANSWER, say)
        return
    take_back_clearance(version, cleared, signer.person_id, command.note, say)
    work.taken_back.append(cleared)
    is_approved = version.state in (State.APPROVED, State.FINAL) and not version.pays_nothing
    if is_approved and stands_again(version, cleared.names, work.reference):
        verdicts.revoke(version, "recall", say, Reason.EXCLUSION_NAME)


def _shown_by_newer_list(version: Version, quoted: Quote, work: DecisionWork, say: Say) -> bool:
    """Only whom a person was shown is cleared: a newer list may have somebody else of the same name."""
    newer = told_by_newer_lists(version, work.standing(version).found)
    if newer:
        told = {(one.rule, one.field) for one in newer}
        others = tuple(one for one in version.findings if (one.rule, one.field) not in told)
        version.findings = (*others, *newer)
        verdicts.open_review(version, (Reason.EXCLUSION_NAME,), quoted.price, say)
    return bool(newer)


def _stopped_after_all(version: Version, quoted: Quote, work: DecisionWork, say: Say) -> bool:
    """What came up since the review was opened stops an approval, and is shown.

    A reviewer who released a duplicate pays it beside the request that was shown, and beside no other: what nobody was
    shown yet, and may have been claimed meanwhile, is shown now. Too few units of an authorisation stop it here too,
    unless a reviewer released it for that. Whoever may not be paid is not, by the lists as they stand now."""
    stands = work.standing(version)
    if stands.stopping is not None or stands.unseen:
        version.findings = (*version.findings, *stands.unseen)
        if stands.stopping is not None:
            verdicts.except_(version, stands.stopping, say)
        else:
            reasons = tuple({one.reason: None for one in stands.unseen})
            verdicts.open_review(version, reasons, quoted.price, say)
        return True
    verdict, rules = work.judge(version), work.duplicate_rules_for(version)
    passed_over = (*version.shown, *verdict.other_bills)
    other = work.bills.other_owner(version.bill_keys, version.submission.request_id, passed_over)
    if other is not None:
        version.findings = (*version.findings, exact_duplicate(other, rules))
        verdicts.except_(version, Reason.DUPLICATE, say, other_request_id=other)
        return True
    if (likest := verdict.likest) is not None:
        version.findings = (*version.findings, resemblance(likest, rules))
        if likest.kind == "near":
            verdicts.except_(version, Reason.DUPLICATE_NEAR, say, other_request_id=likest.other_request_id)
        else:
            version.shown = (*version.shown, likest.other_request_id)
            verdicts.open_review(version, (Reason.DUPLICATE_SUSPECT,), quoted.price, say)
        return True
    short = quoted.shortage
    if short is not None and all(one.reason is not short.reason for one in version.findings):
        version.findings = (*version.findings, short)
        verdicts.except_(version, short.reason, say)
        return True
    return False


def _show_anew(version: Version, quoted: Quote, reason: Reason, say: Say) -> None:
    """The price moved since the review was opened, by what others have used up: it is shown as it is now."""
    if quoted.price is not None and quoted.price.paid_cents != version.paid_cents:
        verdicts.open_review(version, (reason,), quoted.price, say)


def _refuse(heard: Heard[DecideReview], reason: Reason, say: Say) -> None:
    if reason in BREACHES and not isinstance(heard.signer, Reason):
        say.security_event(heard, reason)  # what was not believed is one already
    verdicts.refuse_command(heard, reason, say)
