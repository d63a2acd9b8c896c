"""`rules`: what validation says of a folder of rules is shown, and the exit code says whether all is well."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest

from throughline.rule_sets import files_sha256
from throughline_cli.errors import Problem
from throughline_cli.line import Line
from throughline_cli.rules_commands import diff, files_in, lint, preview, publication, run_examples


class Validation:
    """Answers one thing after the other, and remembers what it was asked."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def ask(self, method: str, service: str, path: str, **more: Any) -> dict[str, Any]:
        self.asked.append(more)
        return self.answers.pop(0)

    def get(self, service: str, path: str) -> dict[str, Any]:
        published = {"sets": [{"version": 7}, {"version": 0}]}
        return published if path == "/v1/rules/published" else {"on": "2026-11-30"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "one.toml").write_text("[[rule]]\n", "utf-8")
    (tmp_path / "notes.md").write_text("not a catalogue", "utf-8")
    return tmp_path


def test_problems_are_named_with_file_and_rule(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problem = {"file": "one.toml", "rule": "units", "version": 2, "problem": "expression is not CEL"}
    line = Validation({"problems": [problem]}, {"problems": []})
    assert not lint(cast(Line, line), folder)
    assert line.asked == [{"json": {"files": {"one.toml": "[[rule]]\n"}}}]
    assert "one.toml: units 2: expression is not CEL\n1 problem in 1 file." in capsys.readouterr().out
    assert lint(cast(Line, line), folder)


def test_a_difference_is_told_with_its_dates(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change = {"change": "added", "rule": "units", "version": 2, "what": []}
    dates = {"effective_from": "2027-01-01", "effective_to": None}
    diff(cast(Line, Validation({"changes": [{**change, **dates}]})), folder, folder)
    diff(cast(Line, Validation({"changes": []})), folder, folder)
    assert capsys.readouterr().out == "added: units 2, from 2027-01-01 on\nBoth say the same.\n"


def test_an_example_that_does_not_hold_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = {"file": "one.toml", "rule": "units", "version": 1, "example": "failing 1", "came_to": "passes"}
    line = Validation({"examples": [{**run, "holds": False}, {**run, "holds": True}]})
    assert not run_examples(cast(Line, line), folder)
    assert "units 1, failing 1: passes\n2 examples, 1 as they should be." in capsys.readouterr().out


def test_a_preview_sums_by_payee_over_all_pages(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change = {"request_id": "r", "version": 1, "stored": "approve", "candidate": "deny x"}
    known = {"left_open": 0, "kept_from": None, "nothing_kept": 0}
    first = {**known, "compared": 2, "changes": [{**change, "payee_id": "p1", "cents": -900}], "next": "r"}
    last = {**known, "compared": 3, "changes": [{**change, "payee_id": "p1", "cents": 100}], "next": None}
    line = Validation(first, last)
    preview(cast(Line, line), folder, days=10)
    assert line.asked[0]["params"] == {"from": "2026-11-21", "to": "2026-11-30"}
    shown = capsys.readouterr().out
    assert "payee p1: 2 decisions, -$8.00" in shown
    assert "5 decisions compared, 2 would change, by -$8.00." in shown and "left open" not in shown


def test_a_preview_says_what_the_kept_scores_do_not_answer(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = {"compared": 4, "changes": [], "next": "r", "left_open": 2, "kept_from": 76, "nothing_kept": 0}
    last = {"compared": 1, "changes": [], "next": None, "left_open": 1, "kept_from": None, "nothing_kept": 1}
    preview(cast(Line, Validation(first, last)), folder, days=10)
    shown = " ".join(capsys.readouterr().out.split())
    assert "5 decisions compared, 0 would change, by +$0.00. 3 decisions left open" in shown
    assert "a threshold from 76 on is answered in full. Of 1 no score can be gone by" in shown


def test_a_folder_without_rules_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="no catalogue files"):
        files_in(tmp_path)


def test_a_publication_is_the_next_version_of_the_files_and_their_hash(folder: Path) -> None:
    made = publication(cast(Line, Validation()), folder, date(2027, 1, 1), "The year's rules.")
    assert (made.version, made.effective_from) == (8, date(2027, 1, 1))
    assert [(one.name, one.text) for one in made.files] == [("one.toml", "[[rule]]\n")]
    assert made.sha256 == files_sha256(made.files)


def test_what_cannot_be_a_message_is_said(folder: Path) -> None:
    (folder / "Upper Case.toml").write_text("x", "utf-8")
    with pytest.raises(Problem, match="cannot be published: name"):
        publication(cast(Line, Validation()), folder, date(2027, 1, 1), "The year's rules.")
