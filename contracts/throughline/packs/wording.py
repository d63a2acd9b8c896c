"""wording/<language>.toml: all that people read."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from throughline.packs.part import Part, Sentence


class FieldWords(Part):
    """What people read at a field."""

    label: Sentence
    help: Sentence | None = None
    options: dict[str, Sentence] = {}
    """Of the field, and of a table's columns."""
    columns: dict[str, Sentence] = {}


class RuleWords(Part):
    """A rule's two sentences in another language than the rule's own (the first of the pack's)."""

    message: Sentence
    fix: Sentence


CHECKS_TOLD = ("required", "type", "rows", "number", "whole_number", "time", "unknown")
"""What every form may find wrong with any field while it is filled in: in English these are told by the form itself."""


class Wording(Part):
    """wording/<language>.toml: all that people read."""

    title: Sentence
    texts: dict[str, Annotated[str, Field(max_length=2000)]] = {}
    steps: dict[str, Sentence] = {}
    fields: dict[str, FieldWords] = {}
    attachments: dict[str, Sentence] = {}
    reasons: dict[str, Sentence] = {}
    rules: dict[str, RuleWords] = {}
    checks: dict[str, RuleWords] = {}
    """Of a further language: ``CHECKS_TOLD``."""
    amounts: dict[str, Sentence] = {}
    remittance: dict[str, Sentence] = {}
