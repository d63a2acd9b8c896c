"""What the files of a pack may say. Every part refuses a name it does not know; what the parts say of each other is
``lint``'s. Expressions are CEL over flat facts (``facts.py``)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from throughline.reasons import Reason, Severity

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Title = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,59}$")]
Expression = Annotated[str, Field(min_length=1, max_length=2000)]
Sentence = Annotated[str, Field(min_length=1, max_length=400)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
Known = bool | int | str
OfExample = Known | tuple[dict[str, Known], ...]
FieldType = Literal[
    "code", "text", "choice", "boolean", "integer", "cents", "minute", "date", "month", "table"
]
FilledBy = Literal["agency", "master", "payee", "recipient", "operations"]
"""``recipient``: for whom the service is, or who speaks for them, as a parent."""


class Part(BaseModel):
    """A part of a pack."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class Payment(Part):
    """How what the pack prices leaves: the kind of bank entry, and what it is called there (at most 10 characters)."""

    rail: Literal["ccd", "ppd"]
    description: Annotated[str, Field(pattern=r"^[A-Z0-9 ]{1,10}$")]


class RemittanceForm(Part):
    """What explains a payment. ``plain`` is an advice that names a person by initials and the fields of ``shows``."""

    form: Literal["835", "plain"]
    initials_of: tuple[Name, ...] = ()
    shows: tuple[Name, ...] = ()


class Duplicates(Part):
    """When two requests bill the same: one subject, one period, and time that overlaps (``occupied.py``)."""

    subject: Name
    period: Name
    table: Name
    on: Name
    start: Name
    end: Name


class Age(Part):
    """Whole years from a birth date, which no rule may read itself, to the last day of ``on`` (a date or a month)."""

    id: Name
    born: Name
    on: Name


class Given(Part):
    """A fact that neither form nor parameters hold: whoever assesses hands it in. Without it its readers fail."""

    id: Name
    type: Literal["boolean", "integer", "code"]
    meaning: Sentence


class Header(Part):
    """pack.toml: what the pack is and when it is in force."""

    id: Title
    version: Annotated[int, Field(ge=1)]
    programme: Title
    effective_from: date
    effective_to: date | None = None
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    agency: Name
    """The field whose value picks among a parameter's agencies."""
    dated_by: Name
    """The date or month whose (first) day picks what is in force."""
    payment: Payment
    remittance: RemittanceForm
    duplicates: Duplicates
    texts: tuple[Name, ...] = ()
    """Longer texts that every language must have, such as what is signed."""
    age: tuple[Age, ...] = ()
    given: tuple[Given, ...] = ()


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


class Fact(Part):
    """A name for what an expression says, in the order of the file."""

    id: Name
    expression: Expression


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


class Dated(Part):
    """Something in force between two days, for one agency or, ``*``, for all that have none of their own."""

    agency: Annotated[str, Field(min_length=1, max_length=40)] = "*"
    effective_from: date
    effective_to: date | None = None
    source: Sentence

    def in_force_on(self, day: date) -> bool:
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)


class ParameterValue(Dated):
    """A parameter's value."""

    value: Known


class Parameter(Part):
    """A number or word that differs by agency and date. It is a fact under its id."""

    id: Name
    type: Literal["boolean", "integer", "code"]
    value: Annotated[tuple[ParameterValue, ...], Field(min_length=1)]


class Row(Part):
    """A row of a table of amounts."""

    key: tuple[Known, ...]
    effective_from: date
    effective_to: date | None = None
    cents: Annotated[int, Field(ge=0)]


class Table(Part):
    """Amounts by key and date. ``lookup("id", [...])`` of the first row in force with the whole key, else null."""

    id: Name
    keys: tuple[Name, ...]
    row: tuple[Row, ...]


class Adjustment(Part):
    """A part of the charge that is not paid: CAS group and code, and how many cents."""

    id: Name
    group: Literal["CO", "OA", "PI", "PR"]
    carc: Annotated[str, Field(pattern=r"^[0-9A-Z]{1,3}$")]
    expression: Expression


class Prices(Part):
    """How a request is priced: steps in order, then charge = pays + every adjustment, or there is no price."""

    table: tuple[Table, ...] = ()
    step: tuple[Fact, ...] = ()
    charge: Expression
    pays: Expression
    adjustment: tuple[Adjustment, ...] = ()


class FieldWords(Part):
    """What people read at a field."""

    label: Sentence
    help: Sentence | None = None
    options: dict[str, Sentence] = {}
    columns: dict[str, Sentence] = {}


class RuleWords(Part):
    """A rule's two sentences in another language than the rule's own (the first of the pack's)."""

    message: Sentence
    fix: Sentence


class Wording(Part):
    """wording/<language>.toml: all that people read."""

    title: Sentence
    texts: dict[str, Annotated[str, Field(max_length=2000)]] = {}
    steps: dict[str, Sentence] = {}
    fields: dict[str, FieldWords] = {}
    attachments: dict[str, Sentence] = {}
    reasons: dict[str, Sentence] = {}
    rules: dict[str, RuleWords] = {}
    amounts: dict[str, Sentence] = {}
    remittance: dict[str, Sentence] = {}


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
    """A whole pack, as read from its directory, and the hash of what it decides."""

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

    def content(self) -> dict[str, Any]:
        """What the hash covers: all but the examples."""
        said = self.model_dump(mode="json", exclude={"examples"})
        for rule in said["rules"]:
            del rule["passing"], rule["failing"]
        return said
