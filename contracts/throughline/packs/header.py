"""pack.toml: what the pack is, how it is paid and explained, what makes two requests the same."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from throughline.packs.part import Language, Name, Part, Sentence, Title


class Payment(Part):
    """How what the pack prices leaves: the kind of bank entry, and what it is called there (at most 10 characters)."""

    rail: Literal["ccd", "ppd"]
    description: Annotated[str, Field(pattern=r"^[A-Z0-9 ]{1,10}$")]


class RemittanceForm(Part):
    """What explains a payment. ``plain`` is an advice that names a person by initials and the fields of ``shows``."""

    form: Literal["835", "plain"]
    initials_of: tuple[Name, ...] = ()
    shows: tuple[Name, ...] = ()


class Billed(Part):
    """What the request says that the form stands in: the code of its line, and by which fields whom it is for."""

    code: Annotated[str, Field(pattern=r"^[A-Z0-9]{4,8}$")]
    last_name: Name
    first_name: Name | None = None
    birth_date: Name | None = None


Percent = Annotated[int, Field(ge=0, le=100)]


class Likeness(Part):
    """From which score on two requests that resemble one another are stopped, asked about or noted; how long ago the
    earlier one came in at most, and how far amounts may lie apart. Where the rules of validation name the programme,
    they count."""

    near: Percent
    suspect: Percent
    near_miss: Percent
    window_days: Annotated[int, Field(ge=1, le=3660)] = 365
    amount_tolerance_percent: Percent = 2
    amount_tolerance_cents: Annotated[int, Field(ge=0)] = 100


class SharedTime(Part):
    """From how many minutes in common on two forms of one subject bill the same, in force from a first service day.

    ``likeness`` is how everything else of two requests is weighed; without it as validation does for the programme.
    """

    version: Annotated[int, Field(ge=1)]
    effective_from: date
    effective_to: date | None = None
    minutes: Annotated[int, Field(ge=1, le=1440)]
    likeness: Likeness | None = None


class Duplicates(Part):
    """When two requests bill the same: one subject, one period, and time that overlaps (``occupied.py``)."""

    subject: Name
    period: Name
    table: Name
    on: Name
    start: Name
    end: Name
    shared_time: tuple[SharedTime, ...] = ()

    def in_force_on(self, day: date) -> SharedTime | None:
        """By what forms of a first service day are compared; None where the pack says nothing for that day."""
        for one in self.shared_time:
            if one.effective_from <= day and (one.effective_to is None or day <= one.effective_to):
                return one
        return None


class Age(Part):
    """Whole years from a birth date, which no rule may read itself, to the last day of ``on`` (a date or a month)."""

    id: Name
    born: Name
    on: Name


class Past(Part):
    """Different days that a fact of other forms lists (as ordinals), of one payee or one subject, in the same year.

    Counted are forms of the programme that are approved, paid or still looked at, and of their days those that this
    form does not tell itself: also later months, where they came first, and other forms of the same month.
    """

    fact: Name
    of: Literal["payee", "subject"]
    year_begins: Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$")] = "01-01"


class Given(Part):
    """A fact that neither form nor parameters hold: whoever assesses hands it in. Without it its readers fail.

    With ``past`` validation counts it from forms that came before; any other is known to it by name, or to nobody.
    """

    id: Name
    type: Literal["boolean", "integer", "code"]
    meaning: Sentence
    past: Past | None = None


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
    request: Billed
    duplicates: Duplicates
    holidays: Annotated[str, Field(pattern=r"^([A-Z]{2}(-[A-Z0-9]{1,3})?|none)$")] = "US"
    """Whose public holidays are no business days: a country or a part of it (ISO 3166-1, 3166-2)."""
    texts: tuple[Name, ...] = ()
    """Longer texts that every language must have, such as what is signed."""
    age: tuple[Age, ...] = ()
    given: tuple[Given, ...] = ()
