"""A pack's examples, run: whole forms with what they end in, and each rule's passing and failing facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cel

from throughline.packs.assess import CHECKS, Assessment, assess
from throughline.packs.expressions import NotEvaluated, context_of, evaluate
from throughline.packs.facts import facts_of, service_day
from throughline.packs.form import Form
from throughline.packs.model import Example, Pack, PackRule
from throughline.packs.price import Price

BASE = "base"
CHAIN_MAX = 5


@dataclass(frozen=True, slots=True)
class Case:
    """An example made whole: the form, what the agency authorised, and what is given beside them."""

    form: Form
    authorised: Form
    given: dict[str, bool | int | str]

    def assessed(self, pack: Pack) -> Assessment:
        return assess(pack, self.form, self.authorised, self.given)


def case_of(pack: Pack, name: str) -> Case:
    """The case that an example makes. Raises KeyError where it or its base is missing, ValueError where they go on."""
    chain: list[Example] = []
    wanted: str | None = name
    while wanted is not None:
        if len(chain) == CHAIN_MAX:
            raise ValueError(f"the bases of {name} go on")
        chain.append(pack.examples[wanted])
        wanted = chain[-1].base
    values: dict[str, bool | int | str] = {}
    rows: dict[str, tuple[dict[str, bool | int | str], ...]] = {}
    given: dict[str, bool | int | str] = {}
    altered: dict[str, bool | int | str] = {}
    attachments: tuple[str, ...] = ()
    for one in reversed(chain):
        values.update(one.values)
        rows.update(one.rows)
        given.update(one.given)
        altered.update(one.authorised)
        attachments = attachments if one.attachments is None else one.attachments
        for left_out in one.without:
            for part in (values, rows, given):
                part.pop(left_out, None)
    printed = {one.id for one in pack.fields if one.is_printed}
    authorised = Form(
        {**{key: value for key, value in values.items() if key in printed}, **altered},
        {key: value for key, value in rows.items() if key in printed},
    )
    return Case(Form(values, rows, attachments), authorised, given)


def problems_of_examples(pack: Pack) -> Iterator[str]:
    """Where an example does not end in what it expects, or a rule decides its own examples otherwise."""
    if BASE not in pack.examples:
        yield f"examples/{BASE}.toml: missing; the rules' examples differ from it"
        return
    yield from _days_that_count(pack)
    for name in sorted(pack.examples):
        try:
            found = case_of(pack, name).assessed(pack)
        except (KeyError, ValueError) as error:
            yield f"examples/{name}.toml: its base is not there, or goes on ({type(error).__name__})"
            continue
        yield from [f"examples/{name}.toml: {said}" for said in _differences(pack.examples[name], found)]
    if not case_of(pack, BASE).assessed(pack).holds:
        yield f"examples/{BASE}.toml: it must hold: nothing found, nothing missing, and a price"
    for rule in pack.rules:
        yield from _rule(pack, rule)


def _days_that_count(pack: Pack) -> Iterator[str]:
    """What counts in later forms must be known of a form by itself: nothing else is handed in when it is counted."""
    asked = {one.past.fact for one in pack.header.given if one.past is not None}
    facts = facts_of(pack, case_of(pack, BASE).form, {}) if asked else {}
    for name in sorted(asked):
        said = facts.get(name)
        if not isinstance(said, list) or not all(isinstance(one, int) for one in said):
            yield f"facts.toml: {name} is no list of days of the form alone, and is counted by pack.toml"


def _differences(example: Example, found: Assessment) -> Iterator[str]:
    expect = example.expect
    rules = tuple(
        dict.fromkeys(
            f"{one.rule} {one.field}" if one.rule in _BUILT_IN else one.rule for one in found.findings
        )
    )
    pays = found.price.pays_cents if isinstance(found.price, Price) else None
    charge = found.price.charge_cents if isinstance(found.price, Price) else None
    adjusted = {one.id: one.cents for one in found.price.adjusted} if isinstance(found.price, Price) else {}
    step = "" if isinstance(found.price, Price) else f" (no price: {found.price.step})"
    for what, wanted, got in (
        ("findings", expect.findings, rules),
        ("missing_attachments", expect.missing_attachments, found.missing_attachments),
        ("charge_cents", expect.charge_cents, charge),
        ("pays_cents", expect.pays_cents, pays),
        ("adjusted", expect.adjusted, adjusted),
    ):
        if wanted != got:
            yield f"{what}: expected {wanted}, found {got}{step if 'cents' in what else ''}"


_BUILT_IN = tuple(CHECKS)


def _rule(pack: Pack, rule: PackRule) -> Iterator[str]:
    where = f"rules: {rule.id} version {rule.version}"
    case = case_of(pack, BASE)
    day = service_day(pack, case.form)
    if day is None:
        return
    facts = facts_of(pack, case.form, case.given)
    for wanted, examples in ((True, rule.passing), (False, rule.failing)):
        for position, example in enumerate(examples):
            differing = {key: list(one) if isinstance(one, tuple) else one for key, one in example.items()}
            holds = _holds(rule, context_of(pack, {**facts, **differing}, day))
            if holds is not wanted:
                word = "passing" if wanted else "failing"
                yield f"{where}: {word} example {position + 1} says {holds}"


def _holds(rule: PackRule, context: cel.Context) -> object:
    try:
        return evaluate(rule.source(), context)
    except NotEvaluated as error:
        return f"that it cannot be evaluated ({error})"
