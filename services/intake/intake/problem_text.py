"""Problems as they are kept beside an answer: reason and field only, a few of them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from intake.breaches import problem
from throughline.answers import Problem
from throughline.reasons import Reason

KEPT_MAX = 5
_REASONS = {str(reason): reason for reason in Reason}


def write(problems: Sequence[Problem], most: int = KEPT_MAX) -> str | None:
    """As JSON; None where there are none."""
    if not problems:
        return None
    return json.dumps([[str(one.reason), one.field, _own_words(one)] for one in problems[:most]])


def read(text: str | None) -> tuple[Problem, ...]:
    """The problems again, each in its reason's sentence or the words it was kept with."""
    if text is None:
        return ()
    return tuple(_problem(_REASONS[reason], field, detail) for reason, field, detail in json.loads(text))


def _own_words(one: Problem) -> str | None:
    return None if one.detail == one.reason.sentence else one.detail


def _problem(reason: Reason, field: str | None, detail: str | None) -> Problem:
    return problem(reason, field) if detail is None else Problem(reason=reason, field=field, detail=detail)
