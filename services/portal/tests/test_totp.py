"""A code of the present 30 seconds or the 30 before them is somebody's; no other is."""

from __future__ import annotations

from base64 import b32encode
from datetime import UTC, datetime

import pyotp
import pytest

from portal.totp import STEP_SECONDS, matching_step

SECRET = b32encode(b"12345678901234567890").decode()  # RFC 6238, appendix B
STEP = 37037036
BEGINS = STEP * STEP_SECONDS  # 1111111080: the RFC's 1111111109 is this step's last second


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(BEGINS + seconds, UTC)


def code_of(step: int) -> str:
    return pyotp.TOTP(SECRET).generate_otp(step)


@pytest.mark.parametrize(
    ("step", "seconds", "found"),
    [
        pytest.param(STEP, 0, STEP, id="the-step-just-began"),
        pytest.param(STEP, 29.999, STEP, id="the-step-is-about-to-end"),
        pytest.param(STEP - 1, 0, STEP - 1, id="the-step-just-ended"),
        pytest.param(STEP - 1, 29.999, STEP - 1, id="one-step-ago"),
        pytest.param(STEP - 1, 30, None, id="two-steps-ago"),
        pytest.param(STEP + 1, 29.999, None, id="a-step-that-has-not-begun"),
    ],
)
def test_a_code_belongs_to_this_step_or_the_one_before(step: int, seconds: float, found: int | None) -> None:
    assert matching_step(SECRET, code_of(step), at(seconds)) == found


def test_the_code_of_the_rfc_is_known() -> None:
    assert matching_step(SECRET, "081804", at(29)) == STEP


@pytest.mark.parametrize(
    ("typed", "found"),
    [(" 081 804 ", STEP), ("81804", None), ("", None), ("08180④", None), ("0818040", None)],
    ids=["in-two-groups", "no-leading-zero", "nothing", "another-digit", "one-too-many"],
)
def test_what_is_typed_is_taken_as_it_is_shown(typed: str, found: int | None) -> None:
    assert matching_step(SECRET, typed, at(0)) == found


def test_where_two_steps_have_one_code_both_are_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyotp.TOTP, "generate_otp", lambda self, step: "123456")
    assert matching_step(SECRET, "123456", at(0)) == STEP
