"""Bytes that mean harm cost little, and none raises."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_untrusted import DEEP, ESCAPED_QUOTES, GOOD, WIDE

from intake.untrusted import Unreadable, read
from throughline.requests import SubmitRequest


@pytest.mark.parametrize(
    "value", [DEEP, WIDE, b"[" * 262_144, ESCAPED_QUOTES, b'"' * 262_144, b"9" * 262_144]
)
def test_hostile_bytes_cost_less_than_fifty_milliseconds(value: bytes) -> None:
    assert len(value) <= 262_144
    best = min(_seconds(value) for _ in range(3))
    assert best < 0.05


def _seconds(value: bytes) -> float:
    begun = time.process_time()
    read(value, SubmitRequest)
    return time.process_time() - begun


@given(st.binary(max_size=400))
def test_no_bytes_raise(value: bytes) -> None:
    read(value, SubmitRequest)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_no_single_changed_byte_raises(place: int, byte: int) -> None:
    read(GOOD[:place] + bytes([byte]) + GOOD[place + 1 :], SubmitRequest)


@given(st.integers(1, len(GOOD) - 1))
def test_every_cut_is_unreadable(end: int) -> None:
    assert isinstance(read(GOOD[:end], SubmitRequest), Unreadable)
