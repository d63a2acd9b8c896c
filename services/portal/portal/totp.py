"""Codes of an authenticator app (RFC 6238): which 30 seconds a code belongs to."""

from __future__ import annotations

import hmac
from datetime import datetime

import pyotp

STEP_SECONDS = 30


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step ``code`` belongs to: the present one or the one before it; None when it is neither's.

    A code that was typed at the end of its 30 seconds arrives within the next: RFC 6238 5.2 takes one step of delay, so
    a code lives 60 seconds at most. None of the future counts. Were the codes of both steps the same, the later step is
    the answer, so that using it up uses up both.
    """
    typed = code.replace(" ", "").encode()
    present = int(now.timestamp()) // STEP_SECONDS
    codes = {step: pyotp.TOTP(secret).generate_otp(step).encode() for step in (present, present - 1)}
    matching = [step for step, expected in codes.items() if hmac.compare_digest(expected, typed)]
    return matching[0] if matching else None
