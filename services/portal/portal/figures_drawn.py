"""Figures as drawn bars: SVG made here, standing in the page itself, coloured by its stylesheet.

Nothing is fetched and no style attribute is written, so the page's policy holds. A drawing only helps the eye: the
table beside it says the same in full.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import leather
from markupsafe import Markup

from portal.figures import Figures, Times

Bar = tuple[str, float]


class Unit(NamedTuple):
    """A unit of time, named in the catalogue as ``figures.unit_<name>``."""

    name: str
    seconds: int


UNITS = (Unit("days", 86_400), Unit("hours", 3_600), Unit("minutes", 60), Unit("seconds", 1))
WIDTH, BAR_HEIGHT, AXIS_HEIGHT = 480, 28, 60
LABEL_MAX, BARS_MAX = 26, 12


def drawn(found: Figures, say: Callable[[str], str]) -> dict[str, Markup]:
    """Each drawing by its part of the page; none of what has no row. ``say`` gives a sentence of the catalogue."""
    shares = [(say(f"figures.{one.name}"), 100 * one.part / one.whole) for one in found.shares if one.whole]
    causes = [(say(f"causes.{one['reason'] or 'none'}"), one["count"]) for one in found.causes]
    groups = [
        (one["name"] or str(one["organisation_id"] or say("figures.no_group")), one["count"])
        for one in found.groups
    ]
    seconds = unit_of(found.times).seconds
    times = [
        (f"{say(f'figures.{one.name}')} {say(f'figures.{which}_short')}", span.total_seconds() / seconds)
        for one in found.times
        for which, span in (("p50", one.p50), ("p90", one.p90))
        if span is not None
    ]
    parts: tuple[tuple[str, Sequence[Bar], int | None], ...] = (
        ("times", times, None),
        ("shares", shares, 100),
        ("causes", causes, None),
        ("groups", groups, None),
    )
    return {name: bars(rows, whole) for name, rows, whole in parts if rows}


def unit_of(times: Sequence[Times]) -> Unit:
    """The largest unit in which the longest time is at least two."""
    longest = max((one.p90.total_seconds() for one in times if one.p90 is not None), default=0.0)
    return next((unit for unit in UNITS if longest >= 2 * unit.seconds), UNITS[-1])


def bars(rows: Sequence[Bar], whole: int | None = None) -> Markup:
    """Horizontal bars, the first at the top. The scale ends at ``whole``, or at the longest bar; numbers are whole."""
    rows = rows[:BARS_MAX]
    top = whole or _even(max(value for _, value in rows))
    chart = leather.Chart()
    chart.add_x_scale(0, top)
    chart.add_x_axis(ticks=[0, top // 2, top])
    chart.add_bars([(value, _label(at, text)) for at, (text, value) in enumerate(rows)])
    height = BAR_HEIGHT * len(rows) + AXIS_HEIGHT
    svg = chart.to_svg(width=WIDTH, height=height)
    # As wide as its place instead of as wide as it was drawn: a phone is narrower.
    sized = f'width="{WIDTH}" height="{height}"'
    assert sized in svg
    return Markup(svg.replace(sized, f'viewBox="0 0 {WIDTH} {height}"', 1))


def _even(longest: float) -> int:
    """A whole number no bar is longer than, whose half is whole too."""
    return max(2, 2 * -(-int(longest) // 2))


def _label(at: int, text: str) -> str:
    """Cut to its place. Two that are alike stay two bars: the library goes by the text."""
    cut = text if len(text) <= LABEL_MAX else text[: LABEL_MAX - 1].rstrip() + "…"
    return cut + "\u200b" * at
