"""Other thresholds tried on stored decisions: answered by the scores that were kept, left open where none was."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from test_near_duplicates import RULES, later, person
from test_near_duplicates import earlier as there

from throughline.findings import Finding
from throughline.submissions import SubmissionReceived
from validation.duplicate_findings import resemblance
from validation.duplicates_tried import Tried, try_thresholds
from validation.history import Version
from validation.near_duplicates.rules import DuplicateRules
from validation.near_duplicates.verdict import judge
from validation.testing import line

DECIDED_AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
NEAR = {"lines": (line(charge_cents=15_000),)}
"""15 + 30 + 25 + 20 of 100: another amount."""


def rules(programme: dict[str, int] | None = None, **changes: Any) -> DuplicateRules:
    medical = RULES.programmes["medical"].model_copy(update=programme or {})
    return RULES.model_copy(update={"programmes": {**RULES.programmes, "medical": medical}, **changes})


@dataclass
class Settled:
    """A stored version as its decision left it, judged beside the earlier request by the release's rules."""

    other: SubmissionReceived | None = None
    verdict: str | None = None
    changes: dict[str, Any] = field(default_factory=dict)

    def version(self) -> Version:
        submission = later(**self.changes)
        found: tuple[Finding, ...] = ()
        verdict = "approve"
        if self.other is not None:
            judged = judge(submission, [self.other], RULES)
            kept = [judged.likest] if judged.likest else judged.near_misses
            found = tuple(resemblance(one, RULES) for one in kept)
            if judged.likest:
                verdict = {"near": "except duplicate_near", "suspect": "review duplicate_suspect"}[
                    judged.likest.kind
                ]
        made = Version(submission, DECIDED_AT, findings=found, verdict=self.verdict or verdict)
        made.resembling = () if self.other is None or not found else (self.other,)
        return made


def score_of(version: Version) -> int:
    (found,) = [one.duplicate for one in version.findings if one.duplicate is not None]
    return found.score


def test_the_same_thresholds_change_nothing_whatever_was_kept() -> None:
    """Also where the set has another name, or another programme's thresholds differ."""
    for settled in (Settled(), Settled(there(), changes=NEAR), Settled(verdict="deny timely_filing")):
        tried = try_thresholds(settled.version(), RULES, rules(id="another-name"))
        assert tried.worst == tried.kind
    child_care = RULES.programmes["child-care"].model_copy(update={"near": 90})
    other = rules(programmes={**RULES.programmes, "child-care": child_care})
    assert try_thresholds(Settled().version(), RULES, other) == Tried(None, None, 0)


NEAR_SCORE = score_of(Settled(there(), changes=NEAR).version())
SUSPECT_SCORE = score_of(Settled(there(), changes={"subject": person("ZZ9", birth=None)}).version())
ROWS: list[tuple[str, Settled, DuplicateRules, str | None, str | None]] = [
    ("a near one stays near at its own score", Settled(there(), changes=NEAR), rules({"near": NEAR_SCORE}),
     "near", "near"),
    ("a near one below the new threshold is suspect: a liker one would have been kept",
     Settled(there(), changes=NEAR), rules({"near": NEAR_SCORE + 1}), "suspect", "suspect"),
    ("a near one that passes is open: it may have hidden another payee's",
     Settled(there(), changes=NEAR), rules({"near": 100, "suspect": 99}), None, "suspect"),
    ("a suspect one that passes hid nothing liker", Settled(there(), changes={"subject": person("ZZ9", birth=None)}),
     rules({"suspect": 84}), None, None),
    ("a suspect one of one payee becomes near", Settled(there(), changes={"subject": person("ZZ9", birth=None)}),
     rules({"near": SUSPECT_SCORE, "suspect": 72}), "near", "near"),
    ("nothing was kept, and what was not scored less", Settled(), rules({"suspect": 76}), None, None),
    ("nothing was kept, and what was not may have scored so much", Settled(), rules({"suspect": 75}), None, "suspect"),
    ("so near a threshold that even series would be", Settled(), rules({"near": 75, "suspect": 75}), None, "near"),
    ("one invoice over a series of days scores more", Settled(changes={"invoice_number": "I-1"}),
     rules({"suspect": 76}), None, "suspect"),
    ("higher thresholds take nothing new", Settled(), rules({"near": 90, "suspect": 88}), None, None),
    ("other weights: no score can be gone by", Settled(),
     rules(weights=RULES.weights.model_copy(update={"payee": 16, "amount": 9})), None, "near"),
    ("a longer window finds what was never compared", Settled(), rules({"window_days": 400}), None, "near"),
    ("a rule had stopped it: nothing was kept", Settled(verdict="deny timely_filing"), rules({"near": 90}),
     None, "near"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("settled", "candidate", "kind", "worst"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_what_other_thresholds_come_to(
    settled: Settled, candidate: DuplicateRules, kind: str | None, worst: str | None
) -> None:
    tried = try_thresholds(settled.version(), RULES, candidate)
    assert (tried.kind, tried.worst) == (kind, worst)


def test_what_a_reviewer_was_told_later_is_no_evidence_of_the_decision() -> None:
    made = Settled(there(), verdict="approve", changes=NEAR).version()
    made.resembling = ()
    assert try_thresholds(made, RULES, rules({"near": 100, "suspect": 99})) == Tried(None, None, 76)


def test_an_earlier_request_that_cannot_be_read_leaves_it_open() -> None:
    made = Settled(there(), changes=NEAR).version()
    made.resembling = ()
    assert try_thresholds(made, RULES, rules({"near": NEAR_SCORE + 1})).worst == "near"
