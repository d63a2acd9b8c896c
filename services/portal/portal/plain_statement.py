"""What a plain remittance says of a request, as a page shows it: in the person's language, amounts as cents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portal.read_model.sealed_content import ContentKey
from throughline.programmes import PlainStatement, Words


@dataclass(frozen=True, slots=True)
class StatementShown:
    """``shown``: label and value; ``amounts``: why and how many cents, what was charged first and what is paid last."""

    heading: str
    shown: tuple[tuple[str, str], ...]
    amounts: tuple[tuple[str, int], ...]


def statement_of(item: dict[str, Any], key: ContentKey, language: str) -> StatementShown | None:
    """Of an item of a payment; None where an 835 explains it."""
    if item["statement"] is None:
        return None
    content = key.open(item["statement"], "versions.statement", item["request_id"], item["version"])
    said = PlainStatement.model_validate_json(content)

    def word(words: Words) -> str:
        return words.get(language) or next(iter(words.values()))

    less = (item["charge_cents"] or 0) - item["amount_cents"]
    parts = [(word(one.why), -one.amount_cents) for one in said.explained]
    if not parts and less:
        parts = [(word(said.adjusted), -less)]
    initials = "" if said.initials is None else said.initials.reveal()
    return StatementShown(
        word(said.heading),
        ((word(said.subject), initials), *[(word(one.label), one.value.reveal()) for one in said.shown]),
        ((word(said.charged), item["charge_cents"] or 0), *parts, (word(said.paid), item["amount_cents"])),
    )
