"""What the checks of duplicates find, as findings: they run in the history of all requests and so are no rules of the
catalogue. Each names the earlier request, what matched, how much, and by which dated rules."""

from __future__ import annotations

from uuid import UUID

from throughline.findings import DuplicateMatch, Finding
from throughline.reasons import Reason, Severity
from validation.near_duplicates.rules import DuplicateRules
from validation.near_duplicates.verdict import Likeness

SHARED_HOURS = "shared-hours"
"""Two forms bill the same hours: by the dated rule of their pack, whose version the finding names."""
EXACT_KEYS = ("payee", "member", "dates", "code", "modifiers", "units", "amount")

_NAMES = {
    "payee": "payee",
    "payee_tin": "the payee's tax number",
    "member": "member id",
    "member_typo": "member id but for a slip",
    "name": "name",
    "name_typo": "name but for a slip",
    "birth": "birth date",
    "birth_typo": "birth date but for a slip",
    "dates": "dates",
    "code": "code",
    "amount": "amount",
    "amount_close": "amount but for little",
    "units": "units",
    "hours": "hours of a day",
    "invoice": "invoice number",
    "number": "request number",
    "attachment": "attached document",
}


def exact_duplicate(other: UUID, rules: DuplicateRules) -> Finding:
    return Finding(
        rule="exact-duplicate",
        rule_version=1,
        severity=Severity.EXCEPTION,
        reason=Reason.DUPLICATE,
        field="lines",
        message="A line bills what another request billed before: same payee, member, dates, code, units and charge.",
        fix="Withdraw it if it is the same service; a reviewer releases it if the service was given twice.",
        duplicate=DuplicateMatch(
            kind="exact",
            other_request_id=other,
            keys=EXACT_KEYS,
            score=100,
            rules=rules.id,
            rules_sha256=rules.sha256,
        ),
    )


def resemblance(likeness: Likeness, rules: DuplicateRules) -> Finding:
    """A near or suspect duplicate, or a near miss."""
    what = {
        "near": ("near-duplicate", Severity.EXCEPTION, "An earlier request billed nearly the same"),
        "suspect": ("suspect-duplicate", Severity.REVIEW, "An earlier request may have billed the same"),
        "near_miss": (
            "near-duplicate",
            Severity.NOTE,
            "An earlier request resembles it, not enough to stop it",
        ),
    }
    rule, severity, told = what[likeness.kind]
    if likeness.hours_version is not None:
        rule = SHARED_HOURS
    common = ", ".join(_NAMES[one] for one in likeness.keys)
    return Finding(
        rule=rule,
        rule_version=likeness.hours_version or 1,
        severity=severity,
        reason=Reason.DUPLICATE_SUSPECT if likeness.kind == "suspect" else Reason.DUPLICATE_NEAR,
        field="lines",
        message=f"{told}: same {common}. Score {likeness.score} of 100.",
        fix=None
        if likeness.kind == "near_miss"
        else "Withdraw it if it is the same service; a reviewer lets it pass if it is another one.",
        duplicate=DuplicateMatch(
            kind=likeness.kind,
            other_request_id=likeness.other_request_id,
            other_version=likeness.other_version,
            keys=likeness.keys,
            score=likeness.score,
            rules=rules.id,
            rules_sha256=rules.sha256,
        ),
    )
