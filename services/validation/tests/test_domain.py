"""The decision, one row per rule, in the order in which the rules apply."""

from __future__ import annotations

from uuid import UUID

import pytest

from throughline.findings import Finding
from throughline.reasons import Reason, Severity
from validation.domain import Approve, Decision, Deny, Except, Review, decide
from validation.pricing import LinePrice, Price

PRICE = Price((LinePrice(12_000, 3_000, 0, 0),))
NOTHING = Price((LinePrice(12_000, 12_000, 0, 0),))
OTHER = UUID(int=7)


def finding(severity: Severity, reason: Reason) -> Finding:
    return Finding(rule="some-rule", rule_version=1, severity=severity, reason=reason, message="m")


DENYING = finding(Severity.DENY, Reason.TIMELY_FILING)
STOPPING = finding(Severity.EXCEPTION, Reason.UNITS)
ASKING = finding(Severity.REVIEW, Reason.RENDERING_PROVIDER)
FAILED = finding(Severity.REVIEW, Reason.RULE_FAILED_TO_RUN)
NOTE = finding(Severity.NOTE, Reason.MODIFIER)

ROWS = [
    pytest.param(
        [STOPPING, DENYING, ASKING], None, OTHER, 1, Deny(Reason.TIMELY_FILING), id="a denying rule first"
    ),
    pytest.param([ASKING, STOPPING], None, OTHER, 1, Except(Reason.UNITS), id="then a stopping rule"),
    pytest.param([ASKING], None, OTHER, 1, Review((Reason.RENDERING_PROVIDER,)), id="then a rule that asks"),
    pytest.param(
        [ASKING, FAILED, ASKING],
        PRICE,
        None,
        100_000,
        Review((Reason.RENDERING_PROVIDER, Reason.RULE_FAILED_TO_RUN)),
        id="every reason once",
    ),
    pytest.param([], None, OTHER, 1, Review((Reason.NO_PRICE,)), id="then no price"),
    pytest.param([], PRICE, OTHER, 1, Except(Reason.DUPLICATE, OTHER), id="then a duplicate"),
    pytest.param([], PRICE, None, 9_000, Review((Reason.ABOVE_TIER,), True), id="then the tier, reached"),
    pytest.param([], PRICE, None, 9_001, Approve(PRICE), id="below the tier"),
    pytest.param([NOTE], PRICE, None, 9_001, Approve(PRICE), id="a note stops nothing"),
    pytest.param([], NOTHING, None, 1, Approve(NOTHING), id="zero is a price"),
    pytest.param(
        [], NOTHING, None, 0, Review((Reason.ABOVE_TIER,), True), id="a tier of zero approves nothing"
    ),
]


@pytest.mark.parametrize(("findings", "price", "duplicate_of", "tier_cents", "expected"), ROWS)
def test_decide(
    findings: list[Finding],
    price: Price | None,
    duplicate_of: UUID | None,
    tier_cents: int,
    expected: Decision,
) -> None:
    assert decide(findings, price, duplicate_of, tier_cents) == expected
