"""What time two forms of one programme bill in common, and by which dated rule of their pack. Pure."""

from __future__ import annotations

from typing import NamedTuple

from throughline.packs.directory import Packs
from throughline.packs.header import SharedTime
from throughline.packs.model import Pack
from throughline.packs.occupied import occupied, shared_minutes
from throughline.packs.travel import form_of
from throughline.requests import PaymentRequest
from validation.near_duplicates.rules import DuplicateRules, Thresholds

BEFORE_PACKS_SAID = 1
"""The version told of a pack that says nothing for the day: any minute in common counts."""


class Times(NamedTuple):
    """How two forms compare in the time they bill."""

    minutes: int
    """In common; visits that only touch have none."""
    is_shared: bool
    """Whether that is enough to be the same care twice; if not, they are two services."""
    version: int
    """Of the pack's rule that says so."""


def compared(one: PaymentRequest, other: PaymentRequest, packs: Packs) -> Times | None:
    """By the rule of the first one's pack and first service day; None where either bills no time that is known."""
    pack, theirs = _pack(one, packs), _pack(other, packs)
    if pack is None or theirs is None or one.form is None or other.form is None:
        return None
    if one.programme != other.programme:
        return None
    ours, others = occupied(pack, form_of(one.form)), occupied(theirs, form_of(other.form))
    if not ours or not others:
        return None
    rule = rule_of(one, packs)
    minutes = shared_minutes(ours, others)
    least, version = (1, BEFORE_PACKS_SAID) if rule is None else (rule.minutes, rule.version)
    return Times(minutes, minutes >= least, version)


def thresholds_of(request: PaymentRequest, rules: DuplicateRules, packs: Packs) -> Thresholds:
    """Those that the rules have for its programme, else those of its form's pack, else the strictest of the rules."""
    common = rules.thresholds_of(request.programme)
    rule = None if request.programme in rules.programmes else rule_of(request, packs)
    if rule is None or rule.likeness is None:
        return common
    return common.model_copy(update=rule.likeness.model_dump())


def rule_of(request: PaymentRequest, packs: Packs) -> SharedTime | None:
    """The rule in force on the first service day."""
    pack = _pack(request, packs)
    day = min([line.from_date for line in request.lines])
    return None if pack is None else pack.header.duplicates.in_force_on(day)


def _pack(request: PaymentRequest, packs: Packs) -> Pack | None:
    form = request.form
    return None if form is None else packs.get((form.pack, form.pack_version))
