"""The price of a form by its pack's own steps: integers, each step named, every cent of the charge explained. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import cel

from throughline.money import CENTS_MAX
from throughline.packs.expressions import Facts, NotEvaluated, context_of, evaluate
from throughline.packs.model import Pack
from throughline.packs.part import Known


class Adjusted(NamedTuple):
    """What is not paid of the charge, and why: CAS group and code."""

    id: str
    group: str
    carc: str
    cents: int


@dataclass(frozen=True, slots=True)
class Price:
    """charge_cents = pays_cents + every adjustment. ``steps`` is how it came about, for who asks."""

    charge_cents: int
    pays_cents: int
    adjusted: tuple[Adjusted, ...]
    steps: tuple[tuple[str, Known], ...]


class Unpriced(NamedTuple):
    """Nothing is paid by default: the step that could not be taken, or ``balance`` where the parts miss the whole."""

    step: str


def price(pack: Pack, facts: Facts, day: date) -> Price | Unpriced:
    """The price under the tables and parameters of a day. Zero is a price; a missing amount is none."""
    known = dict(facts)
    context = context_of(pack, known, day)
    steps: list[tuple[str, Known]] = []
    for step in pack.prices.step:
        try:
            said = evaluate(step.expression, context)
        except NotEvaluated:
            return Unpriced(step.id)
        if isinstance(said, float) or not isinstance(said, bool | int | str):
            return Unpriced(step.id)
        known[step.id] = said
        steps.append((step.id, said))
    return _whole(pack, context, tuple(steps))


def charged_cents(pack: Pack, facts: Facts, day: date) -> int | None:
    """What the form charges, also where it has no price; None where that is not known."""
    known = dict(facts)
    context = context_of(pack, known, day)
    for step in pack.prices.step:
        try:
            known[step.id] = evaluate(step.expression, context)
        except NotEvaluated:
            continue
    return _cents(pack.prices.charge, context)


def _whole(pack: Pack, context: cel.Context, steps: tuple[tuple[str, Known], ...]) -> Price | Unpriced:
    charge = _cents(pack.prices.charge, context)
    pays = _cents(pack.prices.pays, context)
    if charge is None or pays is None:
        return Unpriced("charge" if charge is None else "pays")
    adjusted = []
    for one in pack.prices.adjustment:
        cents = _cents(one.expression, context)
        if cents is None:
            return Unpriced(one.id)
        if cents:
            adjusted.append(Adjusted(one.id, one.group, one.carc, cents))
    if charge != pays + sum([one.cents for one in adjusted]):
        return Unpriced("balance")
    return Price(charge, pays, tuple(adjusted), steps)


def _cents(expression: str, context: cel.Context) -> int | None:
    try:
        said = evaluate(expression, context)
    except NotEvaluated:
        return None
    is_cents = isinstance(said, int) and not isinstance(said, bool) and 0 <= said <= CENTS_MAX
    return said if is_cents else None
