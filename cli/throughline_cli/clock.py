"""The sandbox clock: one file that only the stack's owner moves. Business time stands still until it is moved."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from throughline_cli.errors import Problem


def read_clock(file: Path) -> datetime:
    """Raises Problem where the stack has no sandbox clock."""
    try:
        now = datetime.fromisoformat(json.loads(file.read_text("utf-8"))["now"])
    except (OSError, ValueError, KeyError):
        raise Problem(
            f"{file} is not a sandbox clock.", "Start a sandbox stack with 'throughline up'."
        ) from None
    return now.astimezone(UTC)


def set_clock(file: Path, to: datetime) -> None:
    """Replaces the file in one step. Business time never runs backwards: raises Problem where it would."""
    if file.exists() and read_clock(file) > to:
        raise Problem("The clock cannot be moved back: what happened since then would lie in the future.")
    start_clock(file, to)


def start_clock(file: Path, at: datetime) -> None:
    """Sets the clock of a stack that has not started yet."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=file.parent, prefix=".clock")
    with os.fdopen(handle, "w") as out:
        out.write(json.dumps({"now": at.astimezone(UTC).isoformat().replace("+00:00", "Z")}))
    os.chmod(scratch, 0o644)
    os.replace(scratch, file)


def duration_of(text: str) -> timedelta:
    """``90m``, ``36h``, ``2d`` or ``1w``. Raises Problem."""
    units = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
    if len(text) < 2 or text[-1] not in units or not text[:-1].isdecimal():
        raise Problem(
            f"'{text}' is not a duration.", "Write a whole number and m, h, d or w: 90m, 36h, 2d, 1w."
        )
    return timedelta(**{units[text[-1]]: int(text[:-1])})
