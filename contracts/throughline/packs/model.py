"""The form, its documents and rules, its examples, and the whole pack. What parts say of each other is for ``lint``."""

from __future__ import annotations

import json
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import Field

from throughline.packs.header import Header
from throughline.packs.part import Expression, Fact, Known, Name, Part, Sentence, Title
from throughline.packs.prices import Parameter, Prices
from throughline.packs.wording import Wording
from throughline.reasons import Reason, Severity

OfExample = Known | tuple[dict[str, Known], ...]
FieldType = Literal[
    "code", "text", "choice", "boolean", "integer", "cents", "minute", "date", "month", "table"
]
FilledBy = Literal["agency", "master", "payee", "recipient", "operations"]
"""``recipient``: for whom the service is, or who speaks for them, as a parent."""


class Column(Part):
    """A column of a table, or what a field and a column share."""

    id: Name
    type: FieldType
    required: bool | Expression = False
    """True, false, or when; of a column over its row alone."""
    sensitive: bool = False
    """Names or tells of a person: it travels as ``Sensitive``, and no expression may read it."""
    options: tuple[Name, ...] = ()
    at_least: int | None = None
    at_most: int | None = None
    """Bounds of a number, of the characters of a text, of the rows of a table."""


class FormField(Column):
    """A field of the form, in the order of the file. What agency or master data fill, nobody who fills in may alter."""

    step: Name
    filled_by: FilledBy
    shown_when: Expression | None = None
    column: tuple[Column, ...] = ()

    @property
    def is_printed(self) -> bool:
        """Whether agency or master data say it, and nobody who fills in the form may alter it."""
        return self.filled_by in ("agency", "master")


class Step(Part):
    """A page of the form."""

    id: Name


class RequiredAttachment(Part):
    """A document that must stand with the request where ``when`` is true."""

    type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
    when: Expression = "true"


class PackReason(Part):
    """A reason of the programme, and the one of the contracts' closed list that it is told as on the wire."""

    id: Name
    reason: Reason


class PackRule(Part):
    """A rule in one version, in the format of validation's catalogue; ``reason`` may be the pack's own.

    ``passing`` and ``failing`` are facts that differ from the pack's base example, a table's rows included.
    """

    id: Title
    version: Annotated[int, Field(ge=1)]
    effective_from: date
    effective_to: date | None = None
    severity: Severity
    programme: Title
    scope: Literal["request"] = "request"
    field: Annotated[str, Field(max_length=100)]
    when: Expression = "true"
    expression: Expression
    margin: Expression | None = None
    reason: Name
    message: Sentence
    fix: Sentence
    carc: Annotated[str, Field(pattern=r"^[0-9A-Z]{1,3}$")] | None = None
    passing: Annotated[tuple[dict[str, OfExample], ...], Field(min_length=1)]
    failing: Annotated[tuple[dict[str, OfExample], ...], Field(min_length=1)]

    def source(self) -> str:
        """The whole rule as one expression."""
        return self.expression if self.when == "true" else f"({self.when}) ? ({self.expression}) : true"


class Expected(Part):
    """What an example ends in."""

    findings: tuple[str, ...] = ()
    """Ids of rules, or the checks' own names, in the order they are found."""
    missing_attachments: tuple[str, ...] = ()
    charge_cents: int | None = None
    pays_cents: int | None = None
    """Neither: there is no price."""
    adjusted: dict[str, int] = {}


class Example(Part):
    """examples/<name>.toml: a form of invented people and what it ends in; or what differs from another example."""

    base: str | None = None
    without: tuple[str, ...] = ()
    values: dict[str, Known] = {}
    rows: dict[str, tuple[dict[str, Known], ...]] = {}
    authorised: dict[str, Known] = {}
    """What the agency authorised, where it differs from what the form says."""
    given: dict[str, Known] = {}
    attachments: tuple[str, ...] | None = None
    expect: Expected


class Pack(Part):
    """A whole pack, as read from its directory, and its hashes."""

    header: Header
    steps: tuple[Step, ...]
    fields: tuple[FormField, ...]
    facts: tuple[Fact, ...]
    attachments: tuple[RequiredAttachment, ...]
    reasons: tuple[PackReason, ...]
    rules: tuple[PackRule, ...]
    parameters: tuple[Parameter, ...]
    prices: Prices
    wording: dict[str, Wording]
    examples: dict[str, Example]

    @cached_property
    def sha256(self) -> str:
        """Of all that the pack says: its layout, comments and examples do not count."""
        return _sha256_of(self._content())

    @cached_property
    def decides_sha256(self) -> str:
        """Of what a decision goes by: neither its words nor which step asks for a field count."""
        content = self._content()
        del content["wording"], content["steps"]
        return _sha256_of(content)

    def _content(self) -> dict[str, Any]:
        said = self.model_dump(mode="json", exclude={"examples"})
        for rule in said["rules"]:
            del rule["passing"], rule["failing"]
        return said


def _sha256_of(content: dict[str, Any]) -> str:
    """As canonical JSON: sorted keys, no spaces."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()
