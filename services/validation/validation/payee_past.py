"""A payee's own past, as rules may ask of it: what of a line's code was approved for the payee in the days before.

It is read only where a rule in force asks for it, from the newest requests of so many days. What a decision read stays
on the version, so that it is decided alike whenever it is decided again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from throughline.submissions import SubmissionReceived
from validation.tallies import Reading, Readings, TallyKey, tally_key

DAYS = 90
"""Before the day on which a request came in, and that day."""
REQUESTS_MAX = 200
"""Of one payee, the newest that came in: a big payee's rhythm is seen in these, and they are read at once."""


class OfCode(NamedTuple):
    """Lines of one code, their units and their charges. The names are those of the facts."""

    past_line_count: int = 0
    past_units_thousandths: int = 0
    past_charge_cents: int = 0


PayeePast = Mapping[str, OfCode]
"""By code; a code that is not there was not billed."""

FACTS = frozenset(OfCode._fields)
_UNKNOWN: dict[str, Any] = dict.fromkeys(OfCode._fields)


def past_facts(past: PayeePast | None, code: str) -> dict[str, Any]:
    """Nothing is known where nobody looked: a rule that asks all the same is not passed."""
    return _UNKNOWN if past is None else past.get(code, OfCode())._asdict()


def readings_of(submission: SubmissionReceived, past: PayeePast | None) -> Readings:
    """To be kept with the decision; also that there was nothing."""
    if past is None:
        return ()
    return tuple(
        Reading(name, key, getattr(past.get(code, OfCode()), name), 0)
        for code, name, key in _keys(submission)
    )


def past_read(submission: SubmissionReceived, readings: Readings) -> PayeePast | None:
    """What a decision read of the past; None where it asked nothing of it."""
    read = {one.key: one.before for one in readings if one.kind in FACTS}
    if not read:
        return None
    found: dict[str, dict[str, int]] = {}
    for code, name, key in _keys(submission):
        found.setdefault(code, {})[name] = read.get(key, 0)
    return {code: OfCode(**values) for code, values in found.items()}


def _keys(submission: SubmissionReceived) -> Iterator[tuple[str, str, TallyKey]]:
    for code in sorted({line.code for line in submission.request.lines}):
        for name in OfCode._fields:
            yield code, name, tally_key(name, str(submission.payee_id), code)
