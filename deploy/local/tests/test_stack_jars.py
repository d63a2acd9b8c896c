"""Jars: what differs from the committed list is refused and removed; what is there is not fetched again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from stack import StackError
from stack.jars import Jar, folder_in, provide, read_list

GOOD = b"the jar"


def a_jar(content: bytes = GOOD) -> Jar:
    return Jar("org.example", "thing", "1.0", hashlib.sha256(content).hexdigest())


def writes(content: bytes, calls: list[str]):  # type: ignore[no-untyped-def]
    def fetch(jar: Jar, target: Path) -> None:
        calls.append(jar.file_name)
        target.write_bytes(content)

    return fetch


def silent(sentence: str) -> None:
    pass


def test_the_list_is_complete_and_pinned() -> None:
    jars = read_list()
    assert len(jars) == 46
    assert all(len(jar.sha256) == 64 for jar in jars)
    assert {jar.version for jar in jars if jar.group == "org.apache.kafka"} == {"4.3.1"}


def test_a_jar_is_fetched_once(tmp_path: Path) -> None:
    calls: list[str] = []
    for _ in range(2):
        folder = provide(tmp_path, silent, jars=[a_jar()], fetch=writes(GOOD, calls))
    assert calls == ["thing-1.0.jar"]
    assert (folder / "thing-1.0.jar").read_bytes() == GOOD


def test_a_fetched_jar_with_other_bytes_is_refused_and_not_kept(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"thing-1\.0\.jar is not the file of the committed list"):
        provide(tmp_path, silent, jars=[a_jar()], fetch=writes(b"another", []))
    assert list(folder_in(tmp_path).glob("*.jar")) == []


def test_a_cached_jar_that_was_changed_is_refused_and_fetched_at_the_next_start(tmp_path: Path) -> None:
    folder = provide(tmp_path, silent, jars=[a_jar()], fetch=writes(GOOD, []))
    (folder / "thing-1.0.jar").write_bytes(b"changed on disk")
    with pytest.raises(StackError, match="start again"):
        provide(tmp_path, silent, jars=[a_jar()], fetch=writes(GOOD, []))
    calls: list[str] = []
    provide(tmp_path, silent, jars=[a_jar()], fetch=writes(GOOD, calls))
    assert calls == ["thing-1.0.jar"]


def test_a_failing_network_is_one_sentence(tmp_path: Path) -> None:
    def fails(jar: Jar, target: Path) -> None:
        raise ConnectionError("no route")

    with pytest.raises(StackError, match=r"could not be fetched \(no route\): check the network"):
        provide(tmp_path, silent, jars=[a_jar()], fetch=fails)
