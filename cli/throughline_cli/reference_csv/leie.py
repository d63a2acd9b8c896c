"""An exclusion list in the form of the OIG's LEIE (oig.hhs.gov/exclusions): its file, and the parts it travels in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path

from throughline.exclusions import ENTRIES_MAX, Exclusion, ExclusionListRecorded, name_hashes
from throughline_cli.reference_csv.sheet import Fault, Row, Sheet, read_sheet

COLUMNS = (
    *("LASTNAME", "FIRSTNAME", "MIDNAME", "BUSNAME", "GENERAL", "SPECIALTY", "UPIN", "NPI", "DOB"),
    *("ADDRESS", "CITY", "STATE", "ZIP", "EXCLTYPE", "EXCLDATE", "REINDATE", "WAIVERDATE", "WVRSTATE"),
)
NEEDED = ("LASTNAME", "FIRSTNAME", "BUSNAME", "NPI", "EXCLDATE", "REINDATE", "WAIVERDATE")
_NO_NPI = "0000000000"
_NO_DAY = "00000000"
_DAY = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")


def read_list(path: Path) -> tuple[Sheet, list[Exclusion]]:
    """Everybody on the list; who has neither number nor name is a fault, and so is a last row without a line break."""
    sheet = read_sheet(path, NEEDED, [one for one in COLUMNS if one not in NEEDED])
    if sheet.rows and not path.read_bytes().endswith((b"\n", b"\r")):
        cut = "has no line break at its end: the file may be cut off"
        sheet.faults.append(Fault(sheet.rows[-1].number, None, cut))
    made = [_exclusion(sheet, row) for row in sheet.rows]
    return sheet, [one for one in made if one is not None]


def parts_of(
    entries: list[Exclusion],
    path: Path,
    list_id: str,
    dated_on: date,
    edition: int,
    shrinks_because: str | None = None,
) -> Iterator[ExclusionListRecorded]:
    """The messages that bring the list. Its version is the day it was published, and an edition of that day."""
    digest = sha256(path.read_bytes()).hexdigest()
    version = int(f"{dated_on:%Y%m%d}") * 100 + edition
    cut = [tuple(entries[at : at + ENTRIES_MAX]) for at in range(0, len(entries), ENTRIES_MAX)] or [()]
    for number, part in enumerate(cut, start=1):
        yield ExclusionListRecorded(
            list_id=list_id,
            version=version,
            dated_on=dated_on,
            sha256=digest,
            part=number,
            parts=len(cut),
            entries=part,
            shrinks_because=shrinks_because,
        )


def _exclusion(sheet: Sheet, row: Row) -> Exclusion | None:
    npi, business = row.text("NPI"), row.text("BUSNAME")
    first, middle, last = row.text("FIRSTNAME"), row.text("MIDNAME"), row.text("LASTNAME")
    names: list[str] = [] if business is None else [business]
    if last is not None:
        names.append(f"{first or ''} {last}")
        names += [f"{first or ''} {middle} {last}"] if middle is not None else []
    waived = _day(row, "WAIVERDATE")
    return sheet.make(
        row,
        Exclusion,
        {
            "npi": None if npi in (None, _NO_NPI) else npi,
            "names": name_hashes(*names),
            "business": last is None,
            "excluded_on": _day(row, "EXCLDATE"),
            "reinstated_on": _day(row, "REINDATE"),
            "waived": waived is not None,
        },
        {
            "npi": "NPI",
            "names": "LASTNAME",
            "excluded_on": "EXCLDATE",
            "reinstated_on": "REINDATE",
        },
    )


def _day(row: Row, column: str) -> str | None:
    """``20240320``; zeros are no day."""
    text = row.text(column)
    if text in (None, _NO_DAY):
        return None
    match = _DAY.fullmatch(text or "")
    if match is None:
        row.fault(column, "is not a day written YYYYMMDD")
        return None
    return "-".join(match.groups())
