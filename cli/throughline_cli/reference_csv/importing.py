"""`reference import`: a CSV file onto its topic, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.markup import escape
from rich.progress import track

from throughline.message import Message
from throughline_cli.demo.reference import publish
from throughline_cli.errors import Problem
from throughline_cli.line import Line
from throughline_cli.reference_csv.contract_terms import must_name, read_terms
from throughline_cli.reference_csv.entities import LAYOUTS, contracts_of
from throughline_cli.reference_csv.leie import parts_of, read_list
from throughline_cli.reference_csv.sheet import Sheet, read_sheet
from throughline_cli.reference_csv.whole_list import must_be_whole_list
from throughline_cli.show import complaints, console, counted, say
from throughline_cli.speaking import Speaker

FAULTS_SHOWN = 20


def import_file(entity: str, path: Path, line: Line | None) -> None:
    """Publish what a file holds; without a line only read it. Raises Problem where anything in it is wrong."""
    layout = LAYOUTS[entity]
    sheet = read_sheet(path, layout.required, layout.others)
    messages = list(layout.read(sheet))
    _must_be_sound(sheet)
    _publish(entity, messages, line)
    _tell(f"{counted(len(sheet.rows), 'row')}, {len(messages):,} {entity}", line)


def import_contracts(path: Path, files: Mapping[str, Path], line: Line | None) -> None:
    """Publish contracts with what other files tell of their modifiers and unit limits."""
    layout = LAYOUTS["contracts"]
    sheet = read_sheet(path, layout.required, layout.others)
    beside, terms = read_terms(files)
    must_name(beside, {row.text("contract_id") for row in sheet.rows}, path.name)
    messages = list(contracts_of(sheet, terms))
    _must_be_sound(sheet, *beside)
    _publish("contracts", messages, line)
    rows = sum(len(one.rows) for one in (sheet, *beside))
    _tell(f"{counted(rows, 'row')}, {len(messages):,} contracts", line)


def import_exclusions(
    path: Path,
    list_id: str,
    dated_on: date,
    edition: int,
    line: Line | None,
    *,
    expect_rows: int | None = None,
    accept_shrink: str | None = None,
) -> None:
    """Publish a list in its parts. Raises Problem where anything in it is wrong, or it may be cut off."""
    if dated_on > datetime.now(UTC).date() + timedelta(days=1):
        raise Problem(
            f"--dated-on {dated_on.isoformat()} is a day to come: no list of a day before would count any more."
        )
    sheet, entries = read_list(path)
    _must_be_sound(sheet)
    must_be_whole_list(
        *(list_id, dated_on, len(sheet.rows), line), expected=expect_rows, shrinks=accept_shrink is not None
    )
    as_told = None if expect_rows is None else f"The publisher's file has {expect_rows} rows."
    parts = list(parts_of(entries, path, list_id, dated_on, edition, accept_shrink or as_told))
    _publish("exclusions", parts, line)
    by_number = sum(one.npi is not None for one in entries)
    told = f"{counted(len(entries), 'entry', 'entries')}, {by_number:,} with an NPI, in {counted(len(parts), 'part')}"
    _tell(f"{list_id} of {dated_on.isoformat()}: {told}; SHA-256 {parts[0].sha256}", line)


def _must_be_sound(*sheets: Sheet) -> None:
    """Shows what is wrong, file by file and row by row; nothing of files with faults is published."""
    found = [(sheet.name, one) for sheet in sheets for one in sheet.faults]
    if not found:
        return
    found.sort(key=lambda one: (one[0] != sheets[0].name, one[0], one[1].row, one[1].column or ""))
    for name, one in found[:FAULTS_SHOWN]:
        where = f"row {one.row}" if one.column is None else f"row {one.row}, column {one.column}"
        complaints.print(escape(f"{name}, {where}: {one.text}"), soft_wrap=True)
    more = f" The first {FAULTS_SHOWN} are shown." if len(found) > FAULTS_SHOWN else ""
    names = " and ".join(dict.fromkeys(name for name, _ in found))
    has = "has" if " and " not in names else "have"
    raise Problem(f"{names} {has} {counted(len(found), 'fault')}; nothing was published.{more}")


def _publish(entity: str, messages: Sequence[Message], line: Line | None) -> None:
    if line is None:
        return
    with Speaker(line.bootstrap) as speaker:
        shown = track(
            messages, description=entity, console=console, transient=True, disable=not console.is_terminal
        )
        publish(speaker, entity, shown)


def _tell(what: str, line: Line | None) -> None:
    say(escape(f"{what}: {'published' if line is not None else 'nothing is wrong; nothing was published'}."))
