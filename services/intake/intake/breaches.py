"""What a message breaks of its contract, as problems a partner can act on: reason, field, sentence, never the value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from throughline.answers import Problem
from throughline.reasons import Reason

PROBLEMS_MAX = 100
FIELD_MAX = 200

_BANK_ACCOUNT = re.compile(r"account|acct|routing|iban|swift|sortcode|bank|^aba|^bic$")
# A partner's own field name is repeated only where it cannot hide a number of a person or an account.
_SPEAKABLE = re.compile(r"[A-Za-z][A-Za-z_-]{0,39}|sha256")
_AMOUNT_RANGE = frozenset({"greater_than", "greater_than_equal", "less_than", "less_than_equal"})
_DATES = frozenset(
    {"from_date", "to_date", "invoice_date", "birth_date", "parent_signed_on", "provider_signed_on"}
)

# The first of these that applies is the reason a refusal is known by.
PRECEDENCE = (
    Reason.FIELD_FORBIDDEN,
    Reason.UNKNOWN_FIELD,
    Reason.MISSING,
    Reason.AMOUNT_FORMAT,
    Reason.AMOUNT_RANGE,
    Reason.CURRENCY,
    Reason.DATE,
    Reason.FORMAT,
)


def problem(reason: Reason, field: str | None = None) -> Problem:
    """A problem in the reason's own sentence."""
    return Problem.model_construct(reason=reason, field=field and field[:FIELD_MAX], detail=reason.sentence)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """By precedence, then as found; at most as many as an answer carries."""
    ranks = {reason: rank for rank, reason in enumerate(PRECEDENCE)}
    return tuple(sorted(problems, key=lambda one: ranks.get(one.reason, len(ranks))))[:PROBLEMS_MAX]


def breaches(error: ValidationError) -> list[Problem]:
    """Each breach that pydantic found. A list whose only element is wrong is not also too short."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    parents = {one["loc"][:depth] for one in found for depth in range(1, len(one["loc"]))}
    return [_breach(one["loc"], one["type"]) for one in found if one["loc"] not in parents]


def bank_fields(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[Problem]:
    """Fields that look like a bank account, at any depth, also inside fields that are not known."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if _is_bank_field(name):
                yield problem(Reason.FIELD_FORBIDDEN, path_of((*path, name)))
            yield from bank_fields(inner, (*path, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from bank_fields(inner, (*path, place))


def path_of(steps: tuple[str | int, ...]) -> str:
    """``request.lines.0.code``; a field name that could carry data is not repeated."""
    return ".".join(
        str(step) if isinstance(step, int) or _SPEAKABLE.fullmatch(step) else "(unprintable)"
        for step in steps
    )


def _is_bank_field(name: str) -> bool:
    return _BANK_ACCOUNT.search(re.sub(r"[^a-z]", "", name.lower())) is not None


def _breach(steps: tuple[str | int, ...], kind: str) -> Problem:
    name = next((step for step in reversed(steps) if isinstance(step, str)), "")
    return problem(_reason(name, kind), path_of(steps))


def _reason(name: str, kind: str) -> Reason:
    if kind == "extra_forbidden":
        return Reason.FIELD_FORBIDDEN if _is_bank_field(name) else Reason.UNKNOWN_FIELD
    if name == "currency":
        return Reason.CURRENCY
    if kind == "missing":
        return Reason.MISSING
    if name.endswith("_cents"):
        return Reason.AMOUNT_RANGE if kind in _AMOUNT_RANGE else Reason.AMOUNT_FORMAT
    if name in _DATES:
        return Reason.DATE
    return Reason.FORMAT
