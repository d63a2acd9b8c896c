"""What the rules in force say of a request that has not been sent: nothing is stored, nothing is decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from throughline.findings import Finding
from throughline.identifiers import claim_number_for, payee_id_for, request_id_for
from throughline.reasons import Severity
from throughline.requests import PaymentRequest
from throughline.submissions import SubmissionReceived
from validation.coverage import Coverage
from validation.payee_past import PayeePast
from validation.reference import Reference
from validation.rules.engine import evaluate
from validation.rules.facts import facts_of_claim, facts_of_line
from validation.rules.rule_set import Catalogue, RuleSet
from validation.standing import screened


def check(
    request: PaymentRequest,
    partner: str,
    today: date,
    reference: Reference,
    catalogue: Catalogue,
    coverage: Coverage | None = None,
    past: PayeePast | None = None,
) -> list[Finding]:
    """What would stand against it, as if it came in today by that partner. Duplicates and the price are told only once
    it is sent. ``coverage`` is the member's, where the payer has it checked; ``past`` the payee's."""
    submission = as_if_sent(request, partner, today)
    terms = replace(reference.terms_for(submission), coverage=coverage)
    rules = rules_for(request, catalogue)
    lines = [facts_of_line(request, line, terms, past) for line in request.lines]
    found = evaluate(rules, facts_of_claim(submission, terms, today), lines)
    broken = [one for one in found if one.severity is not Severity.NOTE]
    return [*broken, *screened(submission, reference)]


def rules_for(request: PaymentRequest, catalogue: Catalogue) -> RuleSet:
    """Those in force on the first service day."""
    return catalogue.in_force_on(min(line.from_date for line in request.lines))


def as_if_sent(request: PaymentRequest, partner: str, today: date) -> SubmissionReceived:
    payee = request.payee
    request_id = request_id_for(partner, payee.kind, payee.identifier, request.number)
    return SubmissionReceived(
        request_id=request_id,
        version=request.version,
        partner=partner,
        channel="portal",
        received_on=today,
        payee_id=payee_id_for(payee.kind, payee.identifier),
        payer_claim_number=claim_number_for(request_id),
        request=request,
    )
