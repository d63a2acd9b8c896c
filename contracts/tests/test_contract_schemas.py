"""The committed schemas and examples are what the models say, and no change breaks what was said before."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from throughline import flow
from throughline.message import REGISTRY, field_problems, version_of
from throughline.reasons import Reason
from throughline.requests import SubmitRequest
from throughline.schema_files import breaking_changes, files, published, schema_of

CONTRACTS = Path(__file__).parent.parent
EXAMPLES = sorted((CONTRACTS / "examples").glob("*/v*/*.json"))


def test_the_committed_schemas_are_what_the_models_generate() -> None:
    committed = {
        path.name: path.read_text(encoding="utf-8") for path in (CONTRACTS / "schemas").glob("*.json")
    }
    assert committed == files(), "run: python -m throughline.schema_files write contracts/schemas"


def test_no_schema_breaks_what_is_on_main() -> None:
    listed = subprocess.run(
        ["git", "ls-tree", "--name-only", "main", "schemas/"],
        cwd=CONTRACTS,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout with a branch main: nothing to compare with")
    made = files()
    for name in listed.stdout.split():
        if not name.endswith(".schema.json"):
            continue
        text = subprocess.run(
            ["git", "show", f"main:./{name}"], cwd=CONTRACTS, capture_output=True, text=True, check=True
        ).stdout
        assert Path(name).name in made, f"{name} was published and is gone"
        assert breaking_changes(json.loads(text), json.loads(made[Path(name).name])) == []


OLD: dict[str, Any] = {
    "properties": {
        "amount": {"type": "integer", "maximum": 10},
        "kind": {"enum": ["a", "b"]},
        "n": {"type": "string"},
    },
    "required": ["amount"],
    "$defs": {"Part": {"properties": {"x": {"type": "string"}}, "required": []}},
}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"properties": {**OLD["properties"], "more": {"type": "string"}}}, None),
        ({"properties": {**OLD["properties"], "kind": {"enum": ["a", "b", "c"]}}}, None),
        ({"properties": {**OLD["properties"], "kind": {"pattern": "^[a-z]$"}}}, None),
        ({"properties": {**OLD["properties"], "kind": {"pattern": "^[a]$"}}}, "/kind: pattern changed"),
        ({"description": "words"}, None),
        (
            {"properties": {"amount": OLD["properties"]["amount"], "kind": {"enum": ["a", "b"]}}},
            "/n: removed",
        ),
        ({"required": ["amount", "n"]}, "/n: became required"),
        ({"properties": {**OLD["properties"], "kind": {"enum": ["a"]}}}, "/kind: enum values removed"),
        ({"properties": {**OLD["properties"], "n": {"type": "integer"}}}, "/n: type changed"),
        (
            {"properties": {**OLD["properties"], "amount": {"type": "integer", "maximum": 9}}},
            "/amount: maximum changed",
        ),
        ({"$defs": {"Part": {"properties": {}, "required": []}}}, "/Part/x: removed"),
    ],
)
def test_a_breaking_difference_is_named(change: dict[str, object], named: str | None) -> None:
    found = breaking_changes(OLD, {**OLD, **change})
    assert (found == []) if named is None else any(named in one for one in found)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_every_example_parses_strictly_and_comes_back_the_same(path: Path) -> None:
    name, version = path.parts[-3], int(path.parts[-2].removeprefix("v"))
    message = REGISTRY[name, version].model_validate_json(path.read_bytes(), extra="forbid")
    again = REGISTRY[name, version].model_validate_json(message.model_dump_json(exclude_none=True))
    assert again == message
    assert json.loads(message.model_dump_json(exclude_none=True)) == json.loads(
        path.read_text(encoding="utf-8")
    )


def test_every_message_has_an_example_and_stands_on_a_topic() -> None:
    on_topics = {message for topic in flow.TOPICS for message in topic.messages}
    assert on_topics == set(published().values())
    with_example = {(path.parts[-3], int(path.parts[-2].removeprefix("v"))) for path in EXAMPLES}
    assert with_example == set(published())


def test_every_message_and_topic_says_what_it_is() -> None:
    for message in published().values():
        assert message.__doc__ and "\n" not in message.type_name()
        assert version_of(message.dataschema()) == message.VERSION
    for topic in flow.TOPICS:
        assert topic.speaks and topic.hears and topic.key and topic.messages
        assert "audit" in topic.hears, "audit hears every topic"


def test_a_new_message_allows_fields_it_does_not_know_and_intake_may_forbid_them() -> None:
    body = json.loads((CONTRACTS / "examples/SubmitRequest/v1/medical.json").read_text())
    body["request"]["colour"] = "blue"
    assert SubmitRequest.model_validate_json(json.dumps(body))
    with pytest.raises(ValueError) as refused:
        SubmitRequest.model_validate_json(json.dumps(body), extra="forbid")
    assert field_problems(refused.value)[0][:2] == ("request.colour", "extra_forbidden")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("total_cents", 100.0),
        ("total_cents", "100"),
        ("total_cents", True),
        ("total_cents", -1),
        ("total_cents", 10_000_000_000),
        ("currency", "EUR"),
        ("invoice_date", "2026-02-30"),
        ("invoice_date", 1_700_000_000),
        ("number", "A*B"),
        ("number", ""),
        ("lines", []),
    ],
)
def test_what_a_request_refuses(field: str, value: object) -> None:
    body = json.loads((CONTRACTS / "examples/SubmitRequest/v1/medical.json").read_text())
    body["request"][field] = value
    with pytest.raises(ValueError) as refused:
        SubmitRequest.model_validate_json(json.dumps(body))
    assert str(value) not in str(refused.value) or value in ("", [], True), "an error repeats no input"


def test_sensitive_fields_are_marked_in_the_schema() -> None:
    schema = schema_of(SubmitRequest)
    subject = schema["$defs"]["Subject"]["properties"]
    assert subject["member_id"]["x-sensitive"] and subject["last_name"]["x-sensitive"]
    assert schema["$defs"]["Payee"]["properties"]["tin"]["x-sensitive"]


def test_every_reason_has_one_sentence() -> None:
    for reason in Reason:
        assert reason.sentence.endswith(".") and len(reason.sentence) < 160
        assert str(reason) == reason.value == reason.name.lower()
