"""`replay-decisions`: stored history decided again by validation, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from rich.markup import escape

from throughline_cli.line import Line
from throughline_cli.show import counted, say


def pages_of(
    line: Line, method: str, path: str, query: dict[str, Any], **more: Any
) -> Iterator[dict[str, Any]]:
    """What a list of validation answers, a page at a time."""
    after: str | None = None
    while True:
        asked = {**query, **({"after": after} if after else {})}
        page: dict[str, Any] = line.ask(method, "validation", path, params=asked, **more)
        yield page
        after = page["next"]
        if after is None:
            return


def replay_decisions(line: Line, first: date, last: date) -> bool:
    """Show every decision that comes out otherwise than it was stored; whether there is none."""
    compared = skipped = differs = 0
    for page in pages_of(line, "GET", "/v1/replay", {"from": str(first), "to": str(last)}):
        compared += page["compared"]
        skipped += page["skipped"]
        for one in page["differences"]:
            differs += 1
            name = f"{one['request_id']} version {one['version']}"
            say(escape(f"{name}: {one['what']} was {one['stored']}, is {one['again']}"))
    say(f"{counted(compared, 'decision')} made again, {counted(differs, 'difference')}.")
    if skipped:
        told = counted(skipped, "version")
        say(f"{told} passed over: rules and price were never asked, or what they said was not kept.")
    return differs == 0
