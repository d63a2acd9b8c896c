"""Every file of a folder is sent, or listed with why it is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from throughline_cli.demo.own_input import PARTNER, lay_out
from throughline_cli.demo.reference import read_lines
from throughline_cli.errors import Problem


def test_files_are_told_apart_by_what_they_hold(tmp_path: Path) -> None:
    source, root = tmp_path / "source", tmp_path / "root"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "claims.txt").write_bytes(b"ISA*00*")
    (source / "claims.csv").write_text("number\n")
    (source / "one.json").write_text(json.dumps({"request": {}}))
    (source / "two.jsonl").write_text('{"payee": {}, "lines": []}\n{"request": {}}\n')
    (source / "broken.json").write_text("{")
    (source / "note.md").write_text("hello")
    own = lay_out(source, root)
    sent = sorted(path.name for path in (root / "1-first" / "files" / PARTNER).iterdir())
    assert sent == ["claims.csv", "deep__claims.txt.837"]
    calls = read_lines(root / "1-first" / "http" / f"{PARTNER}.jsonl")
    assert [(call["file"], call["line"]) for call in calls] == [
        ("one.json", 1),
        ("two.jsonl", 1),
        ("two.jsonl", 2),
    ]
    assert all("request" in call["body"] for call in calls)
    assert dict(own.not_read).keys() == {"broken.json", "note.md"}
    assert own.known_as(f"1-first/files/{PARTNER}/deep__claims.txt.837", 3) == ("deep/claims.txt", 3)
    assert own.known_as(f"1-first/http/{PARTNER}.jsonl", 3) == ("two.jsonl", 2)


def test_reference_data_is_kept_and_the_folder_gets_a_partner(tmp_path: Path) -> None:
    source, root = tmp_path / "source", tmp_path / "root"
    (source / "reference").mkdir(parents=True)
    (source / "reference" / "payers.jsonl").write_text("{}\n")
    (source / "claims.csv").write_text("number\n")
    lay_out(source, root)
    assert (root / "reference" / "payers.jsonl").read_text() == "{}\n"
    (partner,) = read_lines(root / "reference" / "partners.jsonl")
    (key,) = read_lines(root / "reference" / "api-keys.jsonl")
    assert partner["partner"] == key["partner"] == PARTNER
    assert not (source / "reference" / "partners.jsonl").exists()


def test_a_folder_without_claims_is_named(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    with pytest.raises(Problem, match="holds no 837P, CSV or JSON file"):
        lay_out(tmp_path / "source", tmp_path / "root")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("absent", "There is no folder"),
        ("file.txt", "is not a folder"),
        ("empty", "holds no 837P, CSV or JSON file that can be read"),
        ("out/input", "would remove what lies there"),
        (".", "would remove what lies there"),
    ],
)
def test_a_folder_that_cannot_be_run_is_told_in_a_sentence(tmp_path: Path, given: str, sentence: str) -> None:
    (tmp_path / "file.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "out" / "input").mkdir(parents=True)
    (tmp_path / "out" / "input" / "claims.csv").write_text("number\n1\n")
    with pytest.raises(Problem, match=sentence):
        lay_out(tmp_path / given, tmp_path / "out" / "input")
    assert (tmp_path / "out" / "input" / "claims.csv").exists() or given == "empty"


def test_what_cannot_be_read_is_listed_and_not_sent(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "claims.csv").write_text("number\n1\n")
    (folder / "gone.837").symlink_to(tmp_path / "nowhere")
    own = lay_out(folder, tmp_path / "root")
    assert [name for name, _ in own.not_read] == ["gone.837"]
