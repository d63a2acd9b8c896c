"""Decide one version by rules, price, duplicates and tier, and carry the decision out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chassis import Say
from throughline.findings import Finding
from throughline.reasons import Reason, Severity
from validation import verdicts
from validation.domain import Approve, Decision, Deny, Except, Review, decide, told
from validation.duplicate_findings import exact_duplicate, resemblance
from validation.history import Request, Version
from validation.mending import findings_of_edits
from validation.near_duplicates.verdict import NOTHING, Verdict
from validation.payee_past import readings_of
from validation.programme import findings_of_form
from validation.quote import Quote
from validation.reference import Terms
from validation.rules.engine import evaluate
from validation.rules.facts import facts_of_claim, facts_of_line
from validation.work import DecisionWork


def settle(request: Request, version: Version, work: DecisionWork, say: Say, at: datetime) -> None:
    """The whole decision of a version that nothing stands before, by what it is pinned to. ``at`` is when its cause was
    recorded."""
    version.decided_at = at
    submission = version.submission
    lines = submission.request.lines
    terms, rule_set = work.terms_of(version), work.rules_of(version)
    version.rule_set = rule_set.sha256
    version.findings = tuple(
        evaluate(
            rule_set,
            facts_of_claim(submission, terms, request.first_received_on),
            [facts_of_line(submission.request, line, terms, version.payee_past) for line in lines],
        )
    )
    version.findings += findings_of_form(
        submission, terms, work.packs_of(version), request.first_received_on, work.counted(version)
    )
    version.findings += work.standing(version).found
    quoted = work.quote(version)
    proposed = quoted.price
    version.settled_readings = (*quoted.read, *readings_of(submission, version.payee_past))
    if quoted.shortage is not None:
        version.findings = (*version.findings, quoted.shortage)
    verdict = work.judge(version)
    duplicate_of = work.bills.other_owner(version.bill_keys, submission.request_id, verdict.other_bills)
    tier_cents = 0 if terms.payer is None else terms.payer.auto_approve_below_cents
    decision = decide(version.findings, proposed, duplicate_of, tier_cents, verdict.likest)
    version.verdict, version.verdict_cents = told(decision), None if proposed is None else proposed.paid_cents
    if isinstance(decision, Deny) and version.handling.set_aside:
        left = [one for one in version.findings if not _is_set_aside(one, version)]
        decision = _by_a_person(decide(left, proposed, duplicate_of, tier_cents, verdict.likest))
    tell_duplicates(version, decision, verdict, work)
    decision = _unless_mended_otherwise(decision, request, version, terms)
    _carry_out(decision, version, quoted, work, say)


def _is_set_aside(finding: Finding, version: Version) -> bool:
    """It denied the version before, and a dispute changed that."""
    return finding.severity is Severity.DENY and finding.reason in version.handling.set_aside


def _by_a_person(decision: Decision) -> Decision:
    """A person had to look, whatever is left against it."""
    return Review((Reason.DISPUTED,), holds_bill=True) if isinstance(decision, Approve) else decision


def _unless_mended_otherwise(
    decision: Decision, request: Request, version: Version, terms: Terms
) -> Decision:
    """What answers a return in another way than was asked is stopped, whatever the rules say of it but a denial."""
    found = findings_of_edits(request, version, terms.payer)
    version.findings = (*found, *version.findings)
    if found and not isinstance(decision, Deny):
        return Except(found[0].reason)
    if version.handling.edits is not None:
        version.handling = replace(version.handling, edits=None)
    return decision


def tell_duplicates(version: Version, decision: Decision, verdict: Verdict, work: DecisionWork) -> None:
    """What the decision goes by, or what came close to stopping it, as findings; a reviewer is shown the other."""
    if verdict is NOTHING and not isinstance(decision, Except):
        return
    rules = work.duplicate_rules_for(version)
    found: list[Finding] = []
    match decision:
        case Except(Reason.DUPLICATE, other) if other is not None:
            found.append(exact_duplicate(other, rules))
        case Except(Reason.DUPLICATE_NEAR) if verdict.likest is not None:
            found.append(resemblance(verdict.likest, rules))
        case Review(reasons) if verdict.likest is not None and Reason.DUPLICATE_SUSPECT in reasons:
            found.append(resemblance(verdict.likest, rules))
            version.shown = (*version.shown, verdict.likest.other_request_id)
        case Approve() | Review(_, True):
            found += [resemblance(one, rules) for one in verdict.near_misses]
    version.findings = (*version.findings, *found)


def replace_unpaid(
    request: Request, unpaid: Version, version: Version, work: DecisionWork, say: Say, at: datetime
) -> None:
    """A version that was approved at zero gives way to the next: no money moved, so none is recovered. A correction is
    decided like a first version (its remittance supersedes the old one's); a void ends both."""
    work.give_back(unpaid)
    unpaid.end(Reason.VOID if version.is_void else Reason.CORRECTION)
    if not version.is_void:
        settle(request, version, work, say, at)
        return
    version.end(Reason.VOID)
    work.bills.release(request.all_bill_keys(), request.request_id)


def _carry_out(decision: Decision, version: Version, quoted: Quote, work: DecisionWork, say: Say) -> None:
    match decision:
        case Approve(amount):
            work.claim(version)
            work.use_up(version, quoted)
            verdicts.approve(version, amount, verdicts.SYSTEM, say)
        case Deny(reason):
            verdicts.deny(version, reason, verdicts.SYSTEM, work.rules_of(version), say)
        case Except(reason, other):
            verdicts.except_(version, reason, say, other_request_id=other)
        case Review(reasons, holds_bill):
            if holds_bill:
                work.claim(version)
            else:
                work.stand_beside_later_forms(version)
            verdicts.open_review(version, reasons, quoted.price, say)
