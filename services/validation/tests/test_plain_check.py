"""The plain rules, asked as one Python expression, say that all hold only where CEL says so too."""

from __future__ import annotations

from random import Random
from typing import Any

import cel
import pytest

from validation.rules.examples import FACT_TYPES, HOLDING_CLAIM, HOLDING_LINE
from validation.rules.facts import Facts
from validation.rules.plain_check import NotPlain, plain_check, plain_condition
from validation.rules.rule_set import load_catalogue

HOLDING: Facts = {**HOLDING_CLAIM, **HOLDING_LINE}


def by_cel(when: str, expression: str, facts: Facts) -> object:
    context = cel.Context()
    context.set_variable_resolver(facts.get)
    try:
        return cel.compile(f"({when}) ? ({expression}) : true").execute(context)
    except (TypeError, ValueError, RuntimeError):
        return "an error"


def drawn(random: Random) -> Facts:
    """The facts of a request in which all holds, a few of them changed: to the edge, to anything, to another type."""
    facts = dict(HOLDING)
    for name in random.sample(sorted(facts), random.randrange(6)):
        same_kind = [value for value in HOLDING.values() if type(value) is type(facts[name])]
        near = facts[name] + random.choice((-1, 1)) if type(facts[name]) is int else not facts[name]
        facts[name] = random.choice((near, random.choice(same_kind), random.choice((None, 1, True, "x", ""))))
    if not random.randrange(20):
        del facts[random.choice(sorted(facts))]
    return facts


def test_it_holds_every_rule_of_the_catalogue_and_agrees_with_cel() -> None:
    random, held = Random(7), 0
    for rule_set in load_catalogue().sets:
        for scope in (rule_set.claim, rule_set.line):
            assert scope.others is None
            for _ in range(1_500):
                facts = drawn(random)
                if scope.plain.holds(facts):
                    held += 1
                    assert all(
                        by_cel(one.rule.applies_when(), one.rule.expression, facts) is True
                        for one in scope.rules
                    )
                elif all(type(facts.get(name)) is kind for name, kind in FACT_TYPES.items()):
                    assert scope.whole.names <= facts.keys()
                    context = cel.Context()
                    context.set_variable_resolver(facts.get)
                    assert scope.whole.program.execute(context) is False
    assert held > 500


@pytest.mark.parametrize(
    "expression",
    [
        "!signed == tin_valid",
        "signed || tin_valid && form_sent",
        "(signed || tin_valid) && !form_sent",
        "total_cents - charges_cents - 1 < 0",
        "total_cents - (charges_cents - 1) <= 1",
        "total_cents + 1 == charges_cents",
        "missing_attachments == \"\" && payer != 'other'",
        "true != signed",
        "  total_cents\n  > 0  ",
    ],
)
def test_what_both_languages_spell_alike_means_the_same(expression: str) -> None:
    check = plain_check([plain_condition("true", expression, FACT_TYPES)], FACT_TYPES)
    random = Random(expression)
    for _ in range(100):
        facts = {
            **HOLDING,
            **{name: random.random() < 0.5 for name in ("signed", "tin_valid", "form_sent")},
            **{name: random.randrange(3) for name in ("total_cents", "charges_cents")},
            **{name: random.choice(("", "other")) for name in ("missing_attachments", "payer")},
        }
        assert check.holds(facts) is by_cel("true", expression, facts)


@pytest.mark.parametrize(
    "expression",
    [
        "no_such_fact > 0",
        "!(signed || form_sent)",
        "!!signed",
        "total_cents",
        "total_cents && signed",
        "total_cents == signed",
        "total_cents == '1'",
        "signed < tin_valid",
        "payer < 'b'",
        "payer + 'x' == 'y'",
        "0 < total_cents < 10",
        "total_cents == charges_cents == signed",
        "-total_cents < 0",
        "total_cents * 2 > 1",
        "total_cents / 2 > 1",
        "total_cents == 1u",
        "total_cents == 1.0",
        "total_cents == 0x10",
        "total_cents > 9223372036854775807",
        "signed ? tin_valid : form_sent",
        "payer in ['acme']",
        "payer.startsWith('a')",
        "size(payer) > 1",
        r"payer == 'a\'b'",
        "payer == r'a'",
        "payer == 'a' 'b'",
        "has(payer.x)",
        "null == null",
        "signed // and so on",
        "not(signed)",
        "signed and tin_valid",
        "__import__('os')",
        "(signed",
        "",
    ],
)
def test_everything_else_is_left_to_cel(expression: str) -> None:
    with pytest.raises(NotPlain):
        plain_condition("true", expression, FACT_TYPES)


@pytest.mark.parametrize("value", [None, 1, "true", 0.5])
def test_a_fact_of_another_type_or_none_is_never_plain(value: Any) -> None:
    check = plain_check([plain_condition("signed", "tin_valid", FACT_TYPES)], FACT_TYPES)
    assert check.holds({"signed": False, "tin_valid": False})
    assert not check.holds({"signed": value, "tin_valid": True})
    assert not check.holds({"signed": False})
