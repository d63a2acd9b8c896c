"""`status` names the reason of what brought a request where it stands: not an older one, not that of a refusal."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import pytest

from throughline_cli.explain import show_status
from throughline_cli.line import Line

REQUEST = UUID("11111111-2222-5333-8444-555555555555")
RECEIVED = ("SubmissionReceived", {"request": {"total_cents": 12_345, "lines": [{}]}})
OPENED = ("ReviewOpened", {"reasons": ["above_tier"], "proposed_cents": 10_000})
APPROVED = ("SubmissionApproved", {"adjudication": {"paid_cents": 10_000}})
DENIED = ("SubmissionDenied", {"reason": "denied_by_reviewer", "adjudication": {"paid_cents": 0}})
REFUSED = ("CommandRefused", {"reason": "stale_answer"})
POSTED = ("RemittancePosted", {"trace_number": "NT1"})


class Audit:
    """Answers with a timeline of these events; all but refusals move the state."""

    def __init__(self, *events: tuple[str, dict[str, Any]]) -> None:
        self.told = [
            {"id": str(number), "type": kind, "message": {"version": 1, **message}}
            for number, (kind, message) in enumerate(events)
        ]

    def get(self, service: str, path: str) -> dict[str, Any]:
        steps = [
            {"event_id": event["id"], "type": event["type"]}
            for event in self.told
            if event["type"] != "CommandRefused"
        ]
        version = {"version": 1, "label": "somewhere", "remitted": False, "steps": steps}
        return {"state": "somewhere", "versions": [version], "events": self.told}


@pytest.mark.parametrize(
    ("events", "why", "money"),
    [
        ((RECEIVED,), None, "charges $123.45"),
        ((RECEIVED, OPENED), "above_tier", "charges $123.45"),
        ((RECEIVED, OPENED, REFUSED), "above_tier", "charges $123.45"),
        ((RECEIVED, OPENED, APPROVED), None, "charges $123.45, pays $100.00"),
        ((RECEIVED, OPENED, DENIED, POSTED, REFUSED), "denied_by_reviewer", "charges $123.45, pays $0.00"),
    ],
)
def test_status_names_the_reason_in_force_and_the_money(
    capsys: pytest.CaptureFixture[str],
    events: tuple[tuple[str, dict[str, Any]], ...],
    why: str | None,
    money: str,
) -> None:
    show_status(cast(Line, Audit(*events)), REQUEST)
    told = capsys.readouterr().out
    assert money in told
    named = [line.rsplit("(", 1)[1].rstrip(")") for line in told.splitlines() if "why:" in line]
    assert named == ([why] if why else [])
