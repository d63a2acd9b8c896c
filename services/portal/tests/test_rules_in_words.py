"""Rules, their help and explanations in plain words, and zips of them: what providers read and what they do not."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from typing import Any

import pytest

from portal.explained import (
    MASK,
    for_operations,
    for_provider,
    open_to_provider,
    tells_of_likeness,
    value_of,
)
from portal.rule_book import CHANGES_SHOWN, Preview, RuleBook, ValidationUnreachable
from portal.rule_help import RuleHelp, help_of
from portal.rule_upload import NotACatalogue, files_of_zip
from portal.rule_words import field_words, plain_rule, verdict_keys
from portal.settings import Settings
from portal.shown import Shown
from portal.texts import catalogue

SHOWN = Shown("en", "America/New_York")
OTHER = "0b0d0a0c-0000-4000-8000-000000000001"
SECRET = "SECRET OF THE STAFF"


def rule(**changes: Any) -> dict[str, Any]:
    values = {
        "rule": "charge-limit",
        "version": 2,
        "effective_from": "2026-01-01",
        "effective_to": None,
        "severity": "deny",
        "scope": "request",
        "programme": None,
        "payer": None,
        "field": "lines[#].charge_cents",
        "reason": "timely_filing",
        "message": "Charges {total_cents}.",
        "fix": "Charge less.",
        "margin": "100 - total_cents",
    }
    return {**values, **changes}


def test_a_rule_is_told_with_its_field_dates_and_what_follows() -> None:
    told = plain_rule(rule(), SHOWN)
    assert (told.field, told.dates, told.severity) == ("Charge", "Jan 1, 2026 –", "rules.severity_deny")
    assert told.message == "Charges …."
    assert plain_rule(rule(effective_to="2026-06-30", payer="acme"), SHOWN).applies == "acme"
    assert plain_rule(rule(reason="of_the_future"), SHOWN).reason == "of_the_future"
    assert field_words("lines[1].code", "en") == "Line 2: Code" and field_words("odd", "en") == "odd"


@pytest.mark.parametrize(
    ("verdict", "outcome", "reasons"),
    [
        (None, "none", ()),
        ("approve", "approve", ()),
        ("deny timely_filing", "deny", ("timely_filing",)),
        ("review no_price above_tier", "review", ("no_price", "above_tier")),
        ("except duplicate", "except", ("duplicate",)),
        ("something new", "none", ("new",)),
    ],
)
def test_a_verdict_has_a_sentence(verdict: str | None, outcome: str, reasons: tuple[str, ...]) -> None:
    key, found = verdict_keys(verdict)
    assert (key, found) == (f"why.outcome_{outcome}", reasons) and key in catalogue("en")


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return made.getvalue()


def damaged(content: bytes) -> bytes:
    """The compressed bytes behind the entry's header are no deflate stream."""
    at = content.index(b".toml") + 5
    return content[:at] + b"\xff" * 8 + content[at + 8 :]


def test_a_zip_gives_its_toml_files_wherever_they_stand() -> None:
    content = zipped(("rules/claim.toml", b"[[rule]]"), ("notes.md", b"x"), ("rules/", b""))
    assert files_of_zip(content) == {"claim.toml": "[[rule]]"}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no zip", "zip_bad"),
        (b"PK\x03\x04" + b"\x00" * 40, "zip_bad"),
        (zipped(("notes.md", b"x")), "zip_empty"),
        (damaged(zipped(("a.toml", b"x = 1\n" * 500))), "zip_bad"),
        (zipped(("a.toml", b"[[rule]]"), method=zipfile.ZIP_BZIP2), "zip_bad"),
        (zipped(("a.toml", b"[[rule]]"), method=zipfile.ZIP_LZMA), "zip_bad"),
        (zipped(("a/one.toml", b"x"), ("b/one.toml", b"y")), "zip_twice"),
        (zipped(("one.toml", b"\xff\xfe")), "zip_file"),
        (zipped(("one.toml", b"")), "zip_file"),
        (zipped(("Oh no.toml", b"x")), "zip_file"),
        (zipped(("bomb.toml", b"0" * 5_000_000)), "zip_large"),
        (zipped(*[(f"f{at}.toml", b"x") for at in range(51)]), "zip_large"),
        (b"0" * 1_000_001, "zip_large"),
    ],
    ids=[
        "text",
        "cut",
        "no rules",
        "damaged",
        "bzip2",
        "lzma",
        "twice",
        "no text",
        "empty",
        "odd name",
        "bomb",
        "many files",
        "large",
    ],
)
def test_what_is_no_catalogue_is_said_so(content: bytes, why: str) -> None:
    with pytest.raises(NotACatalogue) as breach:
        files_of_zip(content)
    assert breach.value.why == f"rules.{why}" and breach.value.why in catalogue("en")


def read(name: str, verdict: str, line: int | None = None, margin: int | None = None, **facts: Any) -> Any:
    return {
        "rule": name, "version": 1, "scope": "line", "line": line, "verdict": verdict, "read": facts, "margin": margin,
        "severity": "deny", "field": "lines[#].code", "message": "It says {place}.", "fix": "Mend it.",
    }  # fmt: skip


def finding(reason: str, severity: str = "deny", **more: Any) -> dict[str, Any]:
    told = {"rule": "r", "rule_version": 1, "severity": severity, "reason": reason, "field": "lines[0].code"}
    return {**told, "message": f"About {reason}.", "fix": "Mend it.", "duplicate": None, **more}


def version(**changes: Any) -> dict[str, Any]:
    match = {"kind": "near", "score": 91, "other_request_id": OTHER, "keys": ["person"], "rules": "x"}
    values: dict[str, Any] = {
        "version": 1,
        "state": "review",
        "reason": "duplicate_suspect",
        "verdict": "review duplicate_suspect above_tier",
        "verdict_cents": 9_000,
        "paid_cents": None,
        "pinned": {"rule_set": "a" * 64, "reference_revision": 7, "contract_id": SECRET, "fee_schedule": SECRET},
        "rules": [
            read("place", "passed", 0, margin=50, place="11"),
            read("place", "broken", 1, place="77"),
            {
                **read("filing", "passed", None, margin=3, received_day=739_000, uncovered_on="2026-03-01"),
                "near_miss": True,
            },
            read("filing-of-others", "not_applicable"),
        ],
        "price": [
            {
                "line_id": "1", "code": "99213", "charge_cents": 12_000, "units_thousandths": 1000, "rate_cents": 9_000,
                "allowed_cents": 9_000, "deductible_cents": 500, "copay_cents": 0, "coinsurance_cents": None,
                "paid_cents": 8_500,
            }
        ],
        "used_up": [{"what": SECRET, "before": 1, "added": 1}],
        "duplicates": [finding("duplicate_suspect", "review", message=SECRET, duplicate=match)],
        "findings": [
            finding("place_of_service"),
            finding("above_tier", "review", message=SECRET),
            finding("timely_filing", "note", message=SECRET),
        ],
        "differs": [SECRET],
    }  # fmt: skip
    return {**values, **changes}


def test_a_provider_reads_what_concerns_the_request_with_field_and_fix() -> None:
    (told,) = for_provider({"versions": [version()]}, SHOWN)
    assert told.outcome == "why.outcome_review" and told.held == 2
    assert [(one.message, one.field, one.fix) for one in told.failing] == [
        ("About place_of_service.", "Line 1: Code", "Mend it.")
    ]
    assert told.compared and [one.patient_cents for one in told.price] == [500]


def test_a_provider_reads_nothing_of_staff_others_or_how_duplicates_are_found() -> None:
    told = repr(for_provider({"versions": [version()]}, SHOWN))
    for hidden in (SECRET, OTHER, "91", "duplicate", "above_tier", "margin", "uncovered", "filing"):
        assert hidden not in told, hidden


@pytest.mark.parametrize(
    ("found", "is_open", "compared"),
    [
        (finding("place_of_service"), True, False),
        (finding("duplicate", "exception"), True, False),
        (finding("duplicate_near", "exception"), False, True),
        (finding("duplicate_suspect", "review"), False, True),
        (finding("duplicate_near", "note"), False, False),
        (finding("place_of_service", "note"), False, False),
        (finding("above_tier", "review"), False, False),
        (finding("exclusion_name", "review"), False, False),
    ],
    ids=["rule", "twice", "near", "suspect", "near miss", "note", "tier", "screening"],
)
def test_what_a_provider_reads_of_a_finding(found: dict[str, Any], is_open: bool, compared: bool) -> None:
    assert (open_to_provider(found), tells_of_likeness(found)) == (is_open, compared)


def test_operations_read_each_rule_once_where_it_came_out_worst() -> None:
    (told,) = for_operations({"versions": [version()]}, SHOWN, sees_personal=True)
    assert [(one.rule, one.verdict, list(one.lines)) for one in told.rules] == [
        ("place", "broken", [2]),
        ("filing", "passed", []),
    ]
    assert told.rules[0].message == "It says 77." and told.not_asked == 1
    assert dict(told.rules[1].read) == {"received_day": "Apr 24, 2024", "uncovered_on": "2026-03-01"}
    assert [(one.rule, one.margin, one.near_miss) for one in told.near] == [("filing", "3", True)]
    assert told.overridden == [] and told.duplicates[0]["duplicate"]["score"] == 91
    assert SECRET in repr(told)


def test_what_a_person_paid_all_the_same_is_named() -> None:
    (told,) = for_operations({"versions": [version(state="approved")]}, SHOWN, sees_personal=True)
    assert [one["reason"] for one in told.overridden] == [
        "place_of_service",
        "above_tier",
        "duplicate_suspect",
    ]


def test_the_day_of_which_coverage_was_taken_back_is_masked_though_no_rule_says_it() -> None:
    found = finding("coverage_ended", "review", message="Took back the coverage of 2026-03-05.")
    told = {"versions": [version(state="approved", rules=[], findings=[found])]}
    assert "2026-03-05" not in repr(for_operations(told, SHOWN, sees_personal=False))
    assert "2026-03-05" in repr(for_operations(told, SHOWN, sees_personal=True))


def test_a_findings_sentence_tells_nothing_of_a_person_to_who_may_not_see_it() -> None:
    rule = read("covered", "broken", 0, uncovered_on="2026-03-01") | {
        "message": "Not covered on {uncovered_on}."
    }
    found = finding("coverage", rule="covered", message="Not covered on 2026-03-01.")
    told = {"versions": [version(state="approved", rules=[rule], findings=[found])]}
    assert "2026-03-01" not in repr(for_operations(told, SHOWN, sees_personal=False))
    (seen,) = for_operations(told, SHOWN, sees_personal=True)
    assert seen.findings[0]["message"] == "Not covered on 2026-03-01."


@pytest.mark.parametrize(
    ("name", "value", "sees", "told"),
    [
        ("uncovered_on", "2026-03-01", False, MASK),
        ("uncovered_on", "2026-03-01", True, "2026-03-01"),
        ("diagnosis_count", 3, False, MASK),
        ("member_given", True, False, "true"),
        ("total_cents", 12_345, False, "$123.45"),
        ("from_day", 739_000, False, "Apr 24, 2024"),
        ("contract_to_day", date.max.toordinal(), False, "–"),
        ("provider_known", None, True, "–"),
    ],
)
def test_values_of_a_person_are_masked_for_who_may_not_see_them(
    name: str, value: Any, sees: bool, told: str
) -> None:
    assert value_of(name, value, SHOWN, sees) == told


def test_help_stands_at_its_step_in_the_rules_own_words() -> None:
    rules = [
        rule(),
        rule(field="authorisation_number", message="Named."),
        rule(field="payer", severity="note"),
        rule(field="payer", payer="acme"),
        rule(field="payer", programme="child-care"),
        rule(field="subject.member_id"),
    ]
    found = help_of(rules)
    assert {step: [one.field for one in asked] for step, asked in found.items()} == {
        "services": ["new.field_charge", "new.field_authorisation_number"],
        "patient": ["new.field_member_id"],
    }
    assert all(one.field in catalogue("en") for asked in found.values() for one in asked)


async def test_help_is_asked_for_once_for_each_published_set_and_kept_where_validation_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers: list[Any] = [[rule(message="Old.")], ValidationUnreachable(), [rule(message="New.")]]

    async def in_force(self: RuleBook, on: date) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(RuleBook, "in_force", in_force)
    held, settings, day = (
        RuleHelp(),
        Settings.model_validate({"database_url": "postgresql:///x"}),
        date(2026, 3, 2),
    )

    async def told(published: int) -> list[str]:
        return [one.message for one in (await held.by_step(settings, published, day))["services"]]

    assert [await told(0), await told(0)] == [["Old."], ["Old."]]
    assert await told(1) == ["Old."], "validation did not answer"
    assert [await told(1), await told(1)] == [["New."], ["New."]]
    assert answers == []


async def test_of_a_form_that_a_pack_draws_the_rules_published_for_its_programme_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = {
        "severity": "review",
        "field": "lines",
        "programme": "child-care",
        "message": "New.",
        "fix": "Mend it.",
    }
    everybodys = {**own, "programme": None, "message": "Of every request."}

    async def in_force(self: RuleBook, on: date) -> Any:
        return [own, everybodys, {**own, "severity": "note"}]

    monkeypatch.setattr(RuleBook, "in_force", in_force)
    settings = Settings.model_validate({"database_url": "postgresql:///x"})
    told = await RuleHelp().of_programme(settings, 1, date(2026, 3, 2), "child-care")
    assert [(one.message, one.fix) for one in told] == [("New.", "Mend it.")]


def test_a_preview_sums_for_each_payee_and_shows_the_first() -> None:
    told = Preview(30)
    change = {
        "request_id": OTHER,
        "version": 1,
        "stored": "approve",
        "candidate": "deny x",
        "payee_id": OTHER,
    }
    known = {"left_open": 1, "kept_from": 76, "nothing_kept": 0}
    told.take({**known, "compared": 300, "changes": [{**change, "cents": -100}] * 150})
    last = {"compared": 10, "changes": [{**change, "payee_id": str(OTHER)[:-1] + "2", "cents": 5}]}
    told.take({**known, "kept_from": None, **last})
    assert (told.left_open, told.kept_from) == (2, 76)
    assert (told.compared, told.changed, told.cents) == (310, 151, -14_995)
    assert sorted(told.payees.values()) == [[1, 5], [150, -15_000]] and len(told.changes) == CHANGES_SHOWN
