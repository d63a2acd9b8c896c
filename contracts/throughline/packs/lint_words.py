"""Whether a pack says everything that people read, in each of its languages, and nothing that nobody reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from throughline.packs.facts import names_of_facts
from throughline.packs.model import Pack
from throughline.packs.wording import CHECKS_TOLD, RuleWords, Wording

_NAMED = re.compile(r"\{([a-z][a-z0-9_]*)\}")
AMOUNTS = ("charge", "pays")
"""What every price has, beside the pack's adjustments."""
ENGLISH = "en"
"""In which the form itself tells what it checks."""
REMITTANCE = ("heading", "paid_on", "trace", "total", "subject", "paid", "adjusted")


def problems_of_words(pack: Pack) -> Iterator[str]:
    """Each word that is missing or stands for nothing, by language."""
    own = {one.id: RuleWords(message=one.message, fix=one.fix) for one in pack.rules}
    yield from _named(pack, "rules: rule", own)
    for language in sorted(set(pack.wording) - set(pack.header.languages)):
        yield f"wording/{language}.toml: pack.toml does not name the language {language}"
    for language in pack.header.languages:
        if language not in pack.wording:
            yield f"wording/{language}.toml: missing"
            continue
        wording = pack.wording[language]
        where = f"wording/{language}.toml"
        for part, wanted, there in _parts(pack, wording):
            yield from _compared(f"{where}: {part}", wanted, there)
        for one in pack.fields:
            words = wording.fields.get(one.id)
            if words is not None:
                options = {*one.options, *[name for column in one.column for name in column.options]}
                yield from _compared(f"{where}: option of {one.id}", options, words.options)
                yield from _compared(
                    f"{where}: column of {one.id}", {c.id for c in one.column}, words.columns
                )
        yield from _named(pack, f"{where}: rule", wording.rules)
        checks = set() if language == ENGLISH else set(CHECKS_TOLD)
        yield from _compared(f"{where}: check", checks, wording.checks)
        spoken = {one.id for one in pack.rules} if language != pack.header.languages[0] else set()
        yield from _compared(f"{where}: rule", spoken, wording.rules)


def _parts(pack: Pack, wording: Wording) -> Iterator[tuple[str, set[str], Mapping[str, object]]]:
    yield "text", set(pack.header.texts), wording.texts
    yield "step", {one.id for one in pack.steps}, wording.steps
    yield "field", {one.id for one in pack.fields}, wording.fields
    yield "attachment", {one.type for one in pack.attachments}, wording.attachments
    yield "reason", {one.id for one in pack.reasons}, wording.reasons
    yield "amount", {*AMOUNTS, *[one.id for one in pack.prices.adjustment]}, wording.amounts
    yield "remittance", set(REMITTANCE), wording.remittance


def names_in(sentence: str) -> set[str]:
    """The facts that a sentence names in braces."""
    return set(_NAMED.findall(sentence))


def _named(pack: Pack, where: str, rules: Mapping[str, RuleWords]) -> Iterator[str]:
    """A sentence in another language may name what the rule's own names, or another fact; nothing that is not there."""
    known = names_of_facts(pack)[-1]
    for rule, words in sorted(rules.items()):
        for name in sorted((names_in(words.message) | names_in(words.fix)) - known):
            yield f"{where} {rule} names {{{name}}}, which no fact has"


def _compared(where: str, wanted: set[str], there: Mapping[str, object]) -> Iterator[str]:
    for name in sorted(wanted - set(there)):
        yield f"{where} {name} has no words"
    for name in sorted(set(there) - wanted):
        yield f"{where} {name} is not in the pack"
