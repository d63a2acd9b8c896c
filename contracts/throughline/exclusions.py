"""Lists of who may not be paid, such as the OIG's List of Excluded Individuals/Entities (LEIE), as they were published.

Names travel as hashes of what two spellings of one name have in common: a list is compared with, not read.
"""

from __future__ import annotations

import unicodedata
from datetime import date
from hashlib import sha256
from typing import Annotated
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from throughline.identifiers import Npi
from throughline.message import Code, Event, Note, Record, Sha256, Text
from throughline.reference import EntityVersion

NameHash = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]

ENTRIES_MAX = 2000
"""Of one part: some 400 KB, well below what a record may hold."""

PASSED_OVER = frozenset(
    {
        *("INC", "INCORPORATED", "LLC", "LLP", "LTD", "LIMITED", "CORP", "CORPORATION", "CO", "COMPANY"),
        *("PC", "PA", "PLLC", "PLC", "LP", "THE", "AND", "OF"),
        *("MD", "DO", "DDS", "DMD", "RN", "LPN", "NP", "PHD", "PHARMD", "DC", "DPM", "OD"),
        *("JR", "SR", "II", "III", "IV", "MR", "MRS", "MS", "DR"),
    }
)
"""Words that one spelling of a name has and another leaves out."""


class Exclusion(Record):
    """One who is excluded, by number, by name, or both."""

    npi: Npi | None = None
    names: Annotated[tuple[NameHash, ...], Field(max_length=8)] = ()
    business: bool = False
    """Not a person. A person has one NPI; a business may have several, and is asked for by name all the same."""
    excluded_on: date | None = None
    """Services from this day on are not paid. None: on any day."""
    reinstated_on: date | None = None
    """Services from this day on are paid again."""
    waived: bool = False
    """A state was granted a waiver: whether it covers a service, a person decides."""

    @field_validator("npi")
    @classmethod
    def _zeros_are_no_number(cls, npi: str | None) -> str | None:
        """Lists write zeros where they know none. As a number they would make everybody of that name somebody else."""
        return npi if npi is None or npi.strip("0") else None

    @model_validator(mode="after")
    def _is_somebody(self) -> Exclusion:
        if self.npi is None and not self.names:
            raise ValueError("an exclusion needs a number or a name")
        return self


class ExclusionListRecorded(Event):
    """One part of a list as published on a day; in force once all its parts came. Its version must rise, as a whole.
    With fewer than 90 % of the entries in force, and no part that says why, it is refused (``CommandRefused``)."""

    list_id: Code
    version: EntityVersion
    dated_on: date
    sha256: Sha256
    """Of the file it was read from."""
    part: Annotated[int, Field(ge=1)]
    parts: Annotated[int, Field(ge=1, le=10_000)]
    entries: Annotated[tuple[Exclusion, ...], Field(max_length=ENTRIES_MAX)]
    shrinks_because: Text | None = None
    """Why it may have far fewer entries than the one before, where somebody had to say so."""

    @model_validator(mode="after")
    def _is_one_of_its_parts(self) -> ExclusionListRecorded:
        if self.part > self.parts:
            raise ValueError("the part's number is above the count of parts")
        return self


LEAST_SHARE_PERCENT = 90
"""Of the entries in force: a month takes far fewer off a list."""


def is_cut_off(entries: int, in_force: int) -> bool:
    """Whether a list has so few entries beside the one in force that part of its file may be lost.

    >>> is_cut_off(89, 100), is_cut_off(90, 100)
    (True, False)
    """
    return entries * 100 < in_force * LEAST_SHARE_PERCENT


class NameCleared(Event):
    """A reviewer found that a provider who has the name of somebody on a list is somebody else. It is not asked about
    again, by later versions of the list neither, until the name or the entry is another one."""

    request_id: UUID
    version: Annotated[int, Field(ge=1)]
    """The request, and its version, that the reviewer looked at."""
    list_id: Code
    payee_id: UUID
    """Who bills, or gave the service."""
    entries: Annotated[tuple[NameHash, ...], Field(min_length=1, max_length=1000)]
    """The entries of the list that have the name, each by a hash of its number and days."""
    cleared_by: UUID
    note: Note


class ClearanceTakenBack(Event):
    """A reviewer found that a name was cleared wrongly: whoever it cleared is asked about, and screened, again."""

    request_id: UUID
    version: Annotated[int, Field(ge=1)]
    answers: UUID
    """The ``NameCleared`` that no longer holds."""
    list_id: Code
    payee_id: UUID
    taken_back_by: UUID
    note: Note


def name_hashes(*spellings: str) -> tuple[NameHash, ...]:
    """Each spelling twice, with and without single letters, as what is compared: words in any order, accents, case,
    titles and forms of companies aside. Nothing where no word is left.

    >>> name_hashes("Doe, Jané Q. MD") == name_hashes("JANE Q DOE")
    True
    """
    found: dict[str, None] = {}
    for spelling in spellings:
        words = _words(spelling)
        for kept in (words, [one for one in words if len(one) > 1]):
            if kept:
                found[sha256(" ".join(sorted(kept)).encode()).hexdigest()[:32]] = None
    return tuple(found)


def _words(name: str) -> list[str]:
    plain = (
        unicodedata.normalize("NFKD", name).upper().replace("'", "").replace("\u2019", "").replace(".", "")
    )
    spaced = "".join([one if one.isalnum() else " " for one in plain if not unicodedata.combining(one)])
    words = spaced.split()
    return [one for one in words if one not in PASSED_OVER] or words
