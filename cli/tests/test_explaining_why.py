"""`explain` says in plain words by what a request was decided; `replay-decisions` says what comes out otherwise."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest

from throughline_cli.line import Line
from throughline_cli.replaying import replay_decisions
from throughline_cli.why import sentences, show_why

PINNED = {
    "rule_set": "ab" * 32,
    "reference_revision": 7,
    "payer": 1,
    "provider": 1,
    "contract_id": "acme-general",
    "contract": 2,
    "fee_schedule": "standard",
    "authorisation": None,
}
RULE = {"rule": "timely-filing", "version": 1, "scope": "request", "line": None, "verdict": "passed"}
STEPS = {
    "line_id": "1",
    "code": "99213",
    "charge_cents": 12_000,
    "units_thousandths": 1_500,
    "rate_cents": 6_000,
    "rate_of_modifier": None,
    "full_cents": 9_000,
    "covered_cents": 9_000,
    "allowed_cents": 9_000,
    "deductible_cents": 0,
    "copay_cents": 500,
    "coinsurance_cents": 0,
    "paid_cents": 8_500,
}


def version(**changes: Any) -> dict[str, Any]:
    values = {
        "version": 1,
        "verdict": "approve",
        "verdict_cents": 8_500,
        "pinned": PINNED,
        "rules": [{**RULE, "read": {"timely_filing_days": 90}, "margin": 76}],
        "price": [STEPS],
        "duplicates": [],
        "differs": [],
    }
    return {**values, **changes}


def test_a_pass_is_told_with_what_it_went_by() -> None:
    assert sentences(version()) == [
        "Approved by the system; the price was $85.00.",
        "It goes by rules abababababab, reference data of revision 7: contract acme-general version 2"
        " with fee schedule standard.",
        "1 check by rules, 1 passed.",
        "Rule timely-filing 1 passed with 76 to spare.",
    ]


def test_a_breach_names_what_the_rule_read() -> None:
    broken = {**RULE, "rule": "units", "line": 1, "verdict": "broken", "read": {"units": 0, "known": True}}
    told = sentences(version(rules=[{**broken, "margin": None}], verdict="deny units", verdict_cents=None))
    assert told[0] == "Denied by the system (units); there was no price."
    assert told[-1] == "Rule units 1 on line 2 broken; it read units = 0, known = true."


def test_a_version_that_nothing_was_asked_about(capsys: pytest.CaptureFixture[str]) -> None:
    nothing = version(verdict=None, verdict_cents=None, rules=[], price=[])
    assert sentences(nothing)[0] == "Rules and price were never asked about it."
    show_why({"versions": [nothing, version(differs=["verdict"])]})
    shown = capsys.readouterr().out
    assert "$5.00" in shown and "1.5" in shown and "report this" in shown


class Validation:
    """Answers pages of a replay."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        self.pages = list(pages)
        self.asked: list[str | None] = []

    def ask(self, method: str, service: str, path: str, params: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(params.get("after"))
        return self.pages.pop(0)


def test_a_replay_goes_through_every_page_and_is_red_when_anything_differs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    differs = {"request_id": "r1", "version": 1, "what": "verdict", "stored": "approve", "again": "deny x"}
    same = {"compared": 2, "skipped": 1, "differences": [], "next": None}
    validation = Validation({**same, "next": "r0"}, {**same, "differences": [differs]})
    assert not replay_decisions(cast(Line, validation), date(2026, 11, 1), date(2026, 11, 2))
    assert validation.asked == [None, "r0"]
    shown = capsys.readouterr().out
    assert "r1 version 1: verdict was approve, is deny x" in shown
    assert "4 decisions made again, 1 difference." in shown
    assert replay_decisions(cast(Line, Validation(same)), date(2026, 11, 1), date(2026, 11, 2))


def test_a_near_miss_and_what_a_person_overrode_are_told() -> None:
    narrow = {**RULE, "read": {"timely_filing_days": 90}, "margin": 3, "near_miss": True}
    told = sentences(version(rules=[narrow], overridden=["above_tier", "duplicate_near"]))
    assert "Rule timely-filing 1 only just held, with 3 to spare." in told
    assert "A person let it pass all the same; against it stood: above_tier, duplicate_near." in told
