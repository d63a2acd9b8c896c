"""CEL as packs write it, with the few functions that forms and prices need. Integers only: no float comes near money.

A function never raises and never logs: what it cannot do is null, with which CEL computes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import cel

from throughline.packs.model import Pack
from throughline.packs.prices import Table

Facts = dict[str, Any]
BASIS_POINTS = 10_000

_BOUND = re.compile(r"\.(?:map|filter|all|exists|exists_one)\(\s*([a-z_][a-z0-9_]*)\s*,")
_FLOAT = re.compile(r"\b[0-9]+\.[0-9]|\bdouble\s*\(")


class NotEvaluated(ValueError):
    """The expression reads what is not there, or computes what CEL does not compute. It repeats no value."""


def evaluate(source: str, context: cel.Context) -> Any:
    """What an expression says. Raises NotEvaluated; a null is one too."""
    try:
        said = compiled(source).execute(context)
    except Exception as error:  # whatever CEL raises; its text may repeat a value
        raise NotEvaluated(type(error).__name__) from None
    if said is None:
        raise NotEvaluated("null")
    return said


def context_of(pack: Pack, facts: Facts, day: date) -> cel.Context:
    """Where expressions of a pack run: they ask ``facts`` for names, and the pack's tables of ``day`` for amounts."""
    context = cel.Context()
    context.set_variable_resolver(facts.get)
    for name, function in FUNCTIONS.items():
        context.add_function(name, function)
    tables = {one.id: one for one in pack.prices.table}
    context.add_function("lookup", lambda table, keys: _amount(tables.get(table), keys, day))
    return context


@lru_cache(maxsize=2000)
def compiled(source: str) -> cel.Program:
    """The program of an expression. Raises ValueError where it is not CEL."""
    return cel.compile(source)


def names_read(source: str) -> set[str]:
    """The facts that an expression reads. Raises ValueError where it is not CEL."""
    return set(compiled(source).variables()) - set(_BOUND.findall(source))


def functions_called(source: str) -> set[str]:
    """The named functions that an expression calls. Raises ValueError where it is not CEL."""
    return {name for name in compiled(source).functions() if name.isidentifier() and not name.startswith("_")}


def reads_a_float(source: str) -> bool:
    """Whether an expression writes a number with a fraction."""
    return _FLOAT.search(source) is not None


def sum_of(values: object) -> int | None:
    """The sum of a list of integers."""
    return sum(values) if isinstance(values, list | tuple) and all(map(_is_int, values)) else None


def per(amount: Any, count: Any, of: Any) -> int | None:
    """amount x count / of, rounded half up: ``per(rate, minutes, 60)`` of an hourly rate, ``per(cents, 6500, 10000)``.

    >>> per(333, 90, 60)
    500
    """
    if not _are_counts(amount, count, of) or of == 0:
        return None
    return int((2 * amount * count + of) // (2 * of))


def rounded(count: Any, step: Any) -> int | None:
    """The nearest multiple of a step, halves up: ``rounded(127, 15)`` is 120."""
    if not _are_counts(count, step) or step == 0:
        return None
    return int((2 * count + step) // (2 * step) * step)


def _least(one: Any, other: Any) -> int | None:
    return min(one, other) if _is_int(one) and _is_int(other) else None


def _greatest(one: Any, other: Any) -> int | None:
    return max(one, other) if _is_int(one) and _is_int(other) else None


FUNCTIONS: Mapping[str, Callable[..., int | None]] = {
    "sum": sum_of,
    "per": per,
    "rounded": rounded,
    "least": _least,
    "greatest": _greatest,
}
NAMES_OF_FUNCTIONS = {
    *FUNCTIONS,
    "lookup",
    "size",
    "has",
    "contains",
    "startsWith",
    "endsWith",
    "int",
    "string",
}
NAMES_OF_FUNCTIONS |= {"map", "filter", "all", "exists", "exists_one"}


def _amount(table: Table | None, keys: object, day: date) -> int | None:
    if table is None or not isinstance(keys, Sequence):
        return None
    wanted = tuple(keys)
    for row in table.row:
        in_force = row.effective_from <= day and (row.effective_to is None or day <= row.effective_to)
        if in_force and row.key == wanted:
            return row.cents
    return None


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_counts(*values: object) -> bool:
    return all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in values)
