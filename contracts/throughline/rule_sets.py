"""Rules as they are published: catalogue files from a service day on. Two operators ask, validation answers.

The files are the TOML of validation's catalogue. What is signed is the record's bytes, the files among them; their hash
is what people compare before they sign. The version must rise; the set with the latest first day at or before a
request's first service day decides it, of several with one first day the highest version.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from typing import Annotated
from uuid import UUID

from pydantic import Field, field_validator

from throughline.message import Command, Event, Note, Record, Sha256, Text
from throughline.reference import EntityVersion

KEY = "rules"
"""Of every record about them: there is one catalogue."""
FILES_MAX = 50
CHARACTERS_MAX = 400_000
"""Of all files together: with the worst escaping they fit into one record."""


class RuleFile(Record):
    """One file of the catalogue."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}\.toml$")]
    text: Annotated[str, Field(min_length=1, max_length=CHARACTERS_MAX)]


class PublishRuleSet(Command):
    """Let these files decide what comes in from now on, for first service days from ``effective_from`` on.

    Two operators sign it, in whichever order. What came in before stays decided by the rules of its time.
    """

    version: EntityVersion
    effective_from: date
    files: Annotated[tuple[RuleFile, ...], Field(min_length=1, max_length=FILES_MAX)]
    """In order of their names, each name once."""
    sha256: Sha256
    """Of the files, as ``files_sha256`` has it."""
    note: Note
    """What changes, and why."""
    actor: Text
    second_actor: Text

    @field_validator("files")
    @classmethod
    def _canonical(cls, files: tuple[RuleFile, ...]) -> tuple[RuleFile, ...]:
        names = [one.name for one in files]
        if names != sorted(set(names)):
            raise ValueError("files stand in order of their names, each once")
        if sum(len(one.text) for one in files) > CHARACTERS_MAX:
            raise ValueError("the files are too large together")
        return files


class RuleSetPublished(Event):
    """Validation believed both signatures and the files pass its checks: they decide from now on."""

    version: EntityVersion
    effective_from: date
    sha256: Sha256
    rule_count: Annotated[int, Field(ge=1)]
    published_by: UUID
    second_person: UUID
    note: Note


def files_sha256(files: Iterable[RuleFile]) -> str:
    """SHA-256 of the files as canonical JSON: pairs of name and text in order of the names, no spaces, UTF-8."""
    pairs = sorted([one.name, one.text] for one in files)
    return sha256(json.dumps(pairs, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
