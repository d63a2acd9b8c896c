"""parameters.toml and prices.toml: what differs by agency and date, and the steps from a form to its price."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from throughline.packs.part import Expression, Fact, Known, Name, Part, Sentence


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
