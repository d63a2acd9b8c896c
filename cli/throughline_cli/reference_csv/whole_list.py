"""Whether an exclusion list came whole: a file that was cut off still parses, and would let the others be paid."""

from __future__ import annotations

from datetime import date

from throughline.exclusions import is_cut_off
from throughline_cli.errors import Problem
from throughline_cli.line import Line


def must_be_whole_list(
    list_id: str, dated_on: date, rows: int, line: Line | None, *, expected: int | None, shrinks: bool
) -> None:
    """Raises Problem where the rows are not as many as were said, or far fewer than the list in force has."""
    if expected is not None:
        if rows != expected:
            raise Problem(
                f"The file has {rows:,} rows, and --expect-rows says {expected:,}; nothing was published.",
                "Fetch the file again: it may be cut off.",
            )
        return
    if line is None or shrinks:
        return
    held = [one for one in line.get("validation", "/v1/exclusion-lists") if one["list_id"] == list_id]
    if not held:
        raise Problem(
            f"No list '{list_id}' is in force to compare {rows:,} rows with; nothing was published.",
            "Say with --expect-rows how many rows the publisher's file has.",
        )
    entries = held[0]["entries"]
    if is_cut_off(rows, entries):
        raise Problem(
            f"The file of {dated_on.isoformat()} has {rows:,} rows, the list in force {entries:,} entries: "
            "it may be cut off. Nothing was published.",
            "Fetch it again; if it is right, say --expect-rows, or --accept-shrink with the reason.",
        )
