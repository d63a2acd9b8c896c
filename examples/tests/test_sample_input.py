"""The sample is the same for a seed, whole, and covers what it promises."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from sample_input.feed import Feed
from sample_input.generate import generate, write_sample

from throughline.identifiers import npi_is_valid, routing_is_valid, tin_is_valid
from throughline.lifecycle import State, Substatus
from throughline.reasons import Reason


@pytest.fixture(scope="module")
def feed() -> Feed:
    return generate(7)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_sample(tmp_path / name, seed=3, requests=1_400)
    first = {path.relative_to(tmp_path / "a"): path for path in (tmp_path / "a").rglob("*") if path.is_file()}
    assert first
    for where, path in first.items():
        assert path.read_bytes() == (tmp_path / "b" / where).read_bytes(), where


def test_another_seed_gives_other_claims() -> None:
    assert set(generate(1, 1_400).requests) != set(generate(2, 1_400).requests)


def test_more_than_five_thousand_things_are_sent_over_every_channel(feed: Feed) -> None:
    in_files = Counter(channel for (_, channel, _), requests in feed.files.items() for _ in requests)
    in_lines = Counter(name.split("/")[1] for name, lines in feed.lines.items() for _ in lines)
    assert sum(in_files.values()) + sum(in_lines.values()) >= 5_000
    assert {*in_files, *in_lines} == {"kafka", "http", "837p", "csv"}
    assert min([*in_files.values(), *in_lines.values()]) > 500


def test_every_outcome_and_state_is_there(feed: Feed) -> None:
    assert {one.outcome for one in feed.answers} >= {"refused", "repeated", "conflict", "parked", "accepted"}
    states = {(one.state, one.substatus or "") for one in feed.requests.values()}
    assert {state for state, _ in states} == {str(state) for state in State} - {"Draft"}
    by_order = {"reversed", "recovering"}  # only a person's order takes a payment back; the sample gives none
    assert {substatus for _, substatus in states} == {str(one) for one in Substatus} - {"mismatch"} - by_order


def test_reasons_are_reasons(feed: Feed) -> None:
    named = {reason for one in feed.answers for reason in one.reasons}
    named |= {one.reason for one in feed.requests.values() if one.reason and one.substatus != "returned"}
    assert named <= {str(reason) for reason in Reason}
    assert len(named) > 45


def test_only_what_is_paid_has_cents(feed: Feed) -> None:
    for one in feed.requests.values():
        assert (one.paid_cents > 0) <= (one.state == "Paid"), one
    zero = {one.case for one in feed.requests.values() if one.state == "Paid" and not one.paid_cents}
    assert zero == {"paid nothing", "paid nothing, then corrected", "correction of nothing"}


def test_invented_numbers_are_valid(feed: Feed) -> None:
    for provider in feed.world.providers:
        assert provider.record.npi is None or npi_is_valid(provider.record.npi)
        assert tin_is_valid(provider.record.tin.reveal()) and routing_is_valid(provider.routing)
    identifiers = [provider.record.identifier for provider in feed.world.providers]
    assert len(set(identifiers)) == len(identifiers)


def test_everything_accepted_is_expected_to_end_somewhere(tmp_path: Path) -> None:
    write_sample(tmp_path, seed=7, requests=1_400)
    lines = [json.loads(line) for line in (tmp_path / "expected.jsonl").read_text().splitlines()]
    accepted = {
        (one["request_id"], one["version"])
        for one in lines
        if one["kind"] == "answer" and one["outcome"] == "accepted"
    }
    ends = {(one["request_id"], one["version"]) for one in lines if one["kind"] == "request"}
    assert accepted == ends
