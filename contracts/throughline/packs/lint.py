"""All that is missing in a pack or contradicts itself, at once, each a sentence that names where.

What is checked of words stands in ``lint_words``, of examples in ``lint_examples``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import combinations
from pathlib import Path

from throughline.packs.expressions import (
    NAMES_OF_FUNCTIONS,
    functions_called,
    names_read,
    reads_a_float,
)
from throughline.packs.facts import names_of_facts
from throughline.packs.header import SharedTime
from throughline.packs.lint_examples import problems_of_examples
from throughline.packs.lint_words import problems_of_words
from throughline.packs.load import PackBreach, load_pack
from throughline.packs.model import Column, FormField, Pack, PackRule
from throughline.packs.part import Known
from throughline.packs.prices import ParameterValue, Row
from throughline.packs.public_holidays import is_known
from throughline.programmes import HEALTH_CLAIM_PAYMENT
from throughline.reasons import Reason

InForce = ParameterValue | Row | PackRule | SharedTime
KNOWN_TO_VALIDATION = ("received_day",)
"""What whoever assesses a form knows without counting."""
PERSONAL_TYPES = ("code", "text", "date")


def problems_of(folder: Path) -> list[str]:
    """What is wrong with a directory as a pack; of an empty list it may be published."""
    try:
        pack = load_pack(folder)
    except PackBreach as breach:
        return breach.problems
    found = [
        *_repeated(pack),
        *_fields(pack),
        *_header(pack),
        *_expressions(pack),
        *_dated(pack),
        *_reasons(pack),
        *problems_of_words(pack),
    ]
    # What contradicts itself above would only be told again, and less plainly, by every example.
    return found or list(problems_of_examples(pack))


def _repeated(pack: Pack) -> Iterator[str]:
    places: dict[str, Sequence[str]] = {
        "fields.toml: step": [one.id for one in pack.steps],
        "fields.toml: field": [one.id for one in pack.fields],
        "facts.toml: fact": [one.id for one in pack.facts],
        "attachments.toml: attachment": [one.type for one in pack.attachments],
        "reasons.toml: reason": [one.id for one in pack.reasons],
        "parameters.toml: parameter": [one.id for one in pack.parameters],
        "prices.toml: table": [one.id for one in pack.prices.table],
        "prices.toml: adjustment": [one.id for one in pack.prices.adjustment],
        "rules: rule and version": [f"{one.id} {one.version}" for one in pack.rules],
    }
    for place, ids in places.items():
        for name in sorted({one for one in ids if ids.count(one) > 1}):
            yield f"{place} {name} stands twice"
    names = names_of_facts(pack)[0]
    for fact in (*pack.facts, *pack.prices.step):
        if fact.id in names:
            yield f"{fact.id}: a derived fact may not take the name of a field, a parameter or another fact"
        names = names | {fact.id}


def _fields(pack: Pack) -> Iterator[str]:
    steps = {one.id for one in pack.steps}
    for step in sorted(steps - {one.step for one in pack.fields}):
        yield f"fields.toml: step {step} has no field"
    for one in pack.fields:
        where = f"fields.toml: field {one.id}"
        if one.step not in steps:
            yield f"{where}: there is no step {one.step}"
        if (one.type == "table") != bool(one.column):
            yield f"{where}: a table has columns, and nothing else has"
        yield from _column(where, one)
        for column in one.column:
            yield from _column(f"{where}: column {column.id}", column)
            if column.type == "table":
                yield f"{where}: column {column.id} is a table itself"


def _column(where: str, one: Column) -> Iterator[str]:
    if (one.type == "choice") != bool(one.options):
        yield f"{where}: a choice has options, and nothing else has"
    if one.sensitive and one.type not in PERSONAL_TYPES:
        yield f"{where}: only {', '.join(PERSONAL_TYPES)} can be sensitive"
    if one.at_least is not None and one.at_most is not None and one.at_least > one.at_most:
        yield f"{where}: at_least lies above at_most"


def _header(pack: Pack) -> Iterator[str]:
    header, by_id = pack.header, {one.id: one for one in pack.fields}
    wanted: list[tuple[str, str, tuple[str, ...]]] = [
        ("agency", header.agency, ("code", "choice")),
        ("dated_by", header.dated_by, ("date", "month")),
        ("duplicates.subject", header.duplicates.subject, ("code", "text")),
        ("duplicates.period", header.duplicates.period, ("date", "month")),
        ("duplicates.table", header.duplicates.table, ("table",)),
        *[("remittance.initials_of", name, ("text",)) for name in header.remittance.initials_of],
        *[("remittance.shows", name, ("code", "text")) for name in header.remittance.shows],
        *[
            ("request.last_name", name, ("text",))
            for name in (header.request.last_name, header.request.first_name)
            if name
        ],
        *[("request.birth_date", name, ("date",)) for name in (header.request.birth_date,) if name],
        *[("age.born", one.born, ("date",)) for one in header.age],
        *[("age.on", one.on, ("date", "month")) for one in header.age],
    ]
    for what, name, types in wanted:
        if name not in by_id or by_id[name].type not in types:
            yield f"pack.toml: {what} names {name}, which is no field of type {' or '.join(types)}"
    if header.agency in by_id and by_id[header.agency].sensitive:
        yield "pack.toml: agency names a sensitive field"
    if header.remittance.form == "plain" and not (header.remittance.initials_of or header.remittance.shows):
        yield "pack.toml: a plain remittance says whom it is for: initials_of and shows are empty"
    if header.payment.description == HEALTH_CLAIM_PAYMENT and header.remittance.form == "plain":
        yield "pack.toml: HCCLAIMPMT says that an 835 explains the payment, and the remittance is plain"
    if header.payment.description == HEALTH_CLAIM_PAYMENT and header.payment.rail == "ppd":
        yield "pack.toml: HCCLAIMPMT is of CCD entries alone"
    facts = {one.id for one in pack.facts}
    for given in header.given:
        if given.past is None and given.id not in KNOWN_TO_VALIDATION:
            yield f"pack.toml: given {given.id} is handed in by nobody: it says no past that is counted"
        if given.past is not None and given.past.fact not in facts:
            yield f"pack.toml: given {given.id} counts {given.past.fact}, which is no fact of facts.toml"
        if given.past is not None and given.type != "integer":
            yield f"pack.toml: given {given.id} counts days, and is no integer"
    if not is_known(header.holidays):
        yield f"pack.toml: no calendar of public holidays is kept for {header.holidays}"
    yield from _duplicates(pack, by_id)


def _duplicates(pack: Pack, by_id: dict[str, FormField]) -> Iterator[str]:
    said = pack.header.duplicates
    table = by_id.get(said.table)
    columns = {one.id: one.type for one in table.column} if table is not None else {}
    for what, name, wanted in (
        ("on", said.on, "date"),
        ("start", said.start, "minute"),
        ("end", said.end, "minute"),
    ):
        if columns.get(name) != wanted:
            yield f"pack.toml: duplicates.{what} names {name}, which is no {wanted} of table {said.table}"
    start = pack.header.effective_from
    if said.in_force_on(start) is None:
        yield f"pack.toml: duplicates.shared_time says nothing for {start}, where the pack begins"
    for first, second in combinations(said.shared_time, 2):
        if _overlap(first, second):
            yield "pack.toml: two of duplicates.shared_time are in force on the same day"
        if first.version == second.version:
            yield f"pack.toml: duplicates.shared_time version {first.version} stands twice"
    for one in said.shared_time:
        like = one.likeness
        if like is not None and not like.near_miss <= like.suspect <= like.near:
            yield f"pack.toml: duplicates.shared_time version {one.version}: near_miss, suspect and near do not rise"


def _expressions(pack: Pack) -> Iterator[str]:
    stages = names_of_facts(pack)
    of_form = stages[-1]
    for fact, known in zip(pack.facts, stages, strict=False):
        yield from _expression(pack, f"facts.toml: fact {fact.id}", fact.expression, known)
    for attachment in pack.attachments:
        yield from _expression(pack, f"attachments.toml: {attachment.type}", attachment.when, of_form)
    for one in pack.fields:
        where = f"fields.toml: field {one.id}"
        for expression in (one.required, one.shown_when):
            if isinstance(expression, str):
                yield from _expression(pack, where, expression, of_form)
        row = {f"{column.id}_given" for column in one.column} | {
            name
            for column in one.column
            if not column.sensitive
            for name in (column.id, f"{column.id}_weekday")
        }
        for column in one.column:
            if isinstance(column.required, str):
                yield from _expression(pack, f"{where}: column {column.id}", column.required, row)
    for rule in pack.rules:
        for expression in (rule.when, rule.expression, rule.margin or "true"):
            yield from _expression(pack, f"rules: {rule.id} version {rule.version}", expression, of_form)
    yield from _prices(pack, of_form)


def _prices(pack: Pack, known: set[str]) -> Iterator[str]:
    for step in pack.prices.step:
        yield from _expression(pack, f"prices.toml: step {step.id}", step.expression, known)
        known = known | {step.id}
    for what, expression in (("charge", pack.prices.charge), ("pays", pack.prices.pays)):
        yield from _expression(pack, f"prices.toml: {what}", expression, known)
    for one in pack.prices.adjustment:
        yield from _expression(pack, f"prices.toml: adjustment {one.id}", one.expression, known)


def _expression(pack: Pack, where: str, expression: str, known: set[str]) -> Iterator[str]:
    try:
        read, called = names_read(expression), functions_called(expression)
    except ValueError:
        yield f"{where}: not CEL: {expression}"
        return
    personal = {one.id for one in pack.fields if one.sensitive}
    for name in sorted(read - known):
        if name in personal:
            yield f"{where}: reads {name}, which is sensitive: only {name}_given may be read"
        else:
            yield f"{where}: reads {name}, which is not there (yet)"
    for name in sorted(called - NAMES_OF_FUNCTIONS):
        yield f"{where}: calls {name}, which is no function of packs"
    if reads_a_float(expression):
        yield f"{where}: has a number with a fraction; count in cents, minutes or basis points"


def _dated(pack: Pack) -> Iterator[str]:
    start = pack.header.effective_from
    for one in pack.parameters:
        where = f"parameters.toml: {one.id}"
        if not all(_has_type(entry.value, one.type) for entry in one.value):
            yield f"{where}: a value is not of type {one.type}"
        if not any(entry.agency == "*" and entry.in_force_on(start) for entry in one.value):
            yield f"{where}: no value for every agency (*) on {start}, where the pack begins"
        for first, second in combinations(one.value, 2):
            if first.agency == second.agency and _overlap(first, second):
                yield f"{where}: two values of {first.agency} are in force on the same day"
    for table in pack.prices.table:
        where = f"prices.toml: table {table.id}"
        for row in table.row:
            if len(row.key) != len(table.keys):
                yield f"{where}: a row's key has {len(row.key)} parts instead of {len(table.keys)}"
        for earlier, later in combinations(table.row, 2):
            if earlier.key == later.key and _overlap(earlier, later):
                yield f"{where}: {' '.join(map(str, earlier.key))} has two amounts on the same day"
    for a, b in combinations(pack.rules, 2):
        if a.id == b.id and _overlap(a, b):
            yield f"rules: two versions of {a.id} are in force on the same day"


def _overlap(one: InForce, other: InForce) -> bool:
    first, second = sorted([_days(one), _days(other)])
    return second[0] <= first[1]


def _days(one: InForce) -> tuple[date, date]:
    return one.effective_from, one.effective_to or date.max


def _has_type(value: Known, wanted: str) -> bool:
    if wanted == "boolean":
        return isinstance(value, bool)
    return (
        isinstance(value, int) and not isinstance(value, bool)
        if wanted == "integer"
        else isinstance(value, str)
    )


def _reasons(pack: Pack) -> Iterator[str]:
    own, closed = {one.id for one in pack.reasons}, {str(one.value) for one in Reason}
    for name in sorted(own & closed):
        yield f"reasons.toml: {name} is a reason of the contracts already"
    for name in sorted(own - {one.reason for one in pack.rules}):
        yield f"reasons.toml: no rule has the reason {name}"
    paths = {one.id for one in pack.fields} | {"attachments"}
    for rule in pack.rules:
        where = f"rules: {rule.id} version {rule.version}"
        if rule.reason not in own | closed:
            yield f"{where}: there is no reason {rule.reason}"
        if rule.programme != pack.header.programme:
            yield f"{where}: it is of programme {rule.programme}, the pack of {pack.header.programme}"
        if rule.field.split("[")[0].split(".")[0] not in paths:
            yield f"{where}: there is no field {rule.field}"
