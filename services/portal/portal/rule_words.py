"""Rules and what they came to, in plain words: keys of the catalogue, and the sentences of rules. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.shown import Shown
from portal.texts import ENGLISH, catalogue, text

RULES_PAGE = 50


@dataclass(frozen=True, slots=True)
class PlainRule:
    """One rule as people read it."""

    name: str
    version: int
    severity: str
    """Key of what follows where it is broken."""
    reason: str
    field: str
    message: str
    fix: str
    dates: str
    applies: str
    """The programme or payer to which alone it applies; empty: to all."""
    margin: str | None


def plain_rule(told: dict[str, Any], shown: Shown) -> PlainRule:
    first, last = told["effective_from"], told["effective_to"]
    return PlainRule(
        told["rule"],
        told["version"],
        f"rules.severity_{told['severity']}",
        cause(told["reason"], shown.language),
        field_words(told["field"], shown.language),
        without_values(told["message"]),
        without_values(told["fix"]),
        shown.day_of(first) + " –" + ("" if last is None else f" {shown.day_of(last)}"),
        " ".join(one for one in (told["programme"], told["payer"]) if one),
        told["margin"],
    )


_NAMED = re.compile(r"\{([a-z_]+)\}")
UNSAID = "…"


def without_values(sentence: str) -> str:
    """Of no request: what a fact would say is left open."""
    return _NAMED.sub(UNSAID, sentence)


def names_in(sentence: str) -> list[str]:
    """The facts that a sentence names."""
    return _NAMED.findall(sentence)


def with_values(sentence: str, read: Mapping[str, str]) -> str:
    return _NAMED.sub(lambda found: read.get(found[1], UNSAID), sentence)


def field_words(field: str | None, language: str) -> str:
    """The name of the field to look at, without a line's number; the path itself where it has no name."""
    if not field:
        return ""
    parts = [one for one in field.replace("[", ".").replace("]", "").split(".") if one not in ("", "#")]
    named = [one for one in parts if not one.isdigit()]
    line = next((int(one) + 1 for one in parts if one.isdigit()), None)
    key = f"fields.{named[-1]}" if named else ""
    words = text(language, key, {}) if key in catalogue(ENGLISH) else field
    return words if line is None else f"{text(language, 'fields.line', {})} {line}: {words}"


def cause(reason: str, language: str) -> str:
    """The short name of a reason; the code itself where a newer release made it."""
    key = f"causes.{reason}"
    return text(language, key, {}) if key in catalogue(ENGLISH) else reason


OUTCOMES = ("approve", "deny", "except", "review")


def verdict_keys(verdict: str | None) -> tuple[str, tuple[str, ...]]:
    """The key of an outcome as validation stores it, and its reasons."""
    if not verdict:
        return "why.outcome_none", ()
    outcome, *reasons = verdict.split()
    return f"why.outcome_{outcome if outcome in OUTCOMES else 'none'}", tuple(reasons)
