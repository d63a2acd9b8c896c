"""Compares an outcome with what the sample's generator reckoned by another hand (expected.jsonl)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.storm.checker import Finding
from tests.storm.outcome import Outcome


def compare_with_expected(outcome: Outcome, path: Path) -> Finding:
    """Every answer and every version, by id; and nothing that was not expected."""
    finding = Finding("every answer and version is what the generator expected")
    versions = set()
    for text in path.read_text("utf-8").splitlines():
        line = json.loads(text)
        if line["kind"] == "answer":
            _answer(finding, outcome, line)
        else:
            name = f"{line['request_id']} version {line['version']}"
            versions.add(name)
            _version(finding, outcome, name, line)
    for name in sorted(outcome["versions"].keys() - versions):
        finding.must(False, f"{name} was not expected at all")
    return finding


def _answer(finding: Finding, outcome: Outcome, line: dict[str, Any]) -> None:
    name = f"{line['sent']} line {line['position']}"
    got = outcome["answers"].get(name)
    if got is None:
        finding.must(False, f"{name}: no answer, expected {line['outcome']}")
        return
    same = (
        got["outcome"] == line["outcome"]
        and line["request_id"] in (None, got["request_id"])
        and line["version"] in (None, got["version"])
        and set(line["reasons"]) <= set(got["reasons"])
    )
    finding.must(same, f"{name}: {got}, expected {line['outcome']} {line['reasons']}")


def _version(finding: Finding, outcome: Outcome, name: str, line: dict[str, Any]) -> None:
    got = outcome["versions"].get(name)
    want = {
        "state": line["state"],
        "substatus": line["substatus"] or "",
        "paid_cents": line["paid_cents"],
        "remitted": line["remitted"],
        "not fitting": [],
    }
    same = got is not None and all(got[field] == value for field, value in want.items())
    finding.must(same, f"{name} ({line['case']}): {got}, expected {want}")
