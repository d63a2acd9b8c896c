"""`reference import`: a CSV file onto its topic, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.markup import escape
from rich.progress import track

from throughline.message import Message
from throughline_cli.demo.reference import publish
from throughline_cli.errors import Problem
from throughline_cli.line import Line
from throughline_cli.reference_csv.entities import LAYOUTS
from throughline_cli.reference_csv.leie import parts_of, read_list
from throughline_cli.reference_csv.sheet import Sheet, read_sheet
from throughline_cli.show import complaints, console, counted, say
from throughline_cli.speaking import Speaker

FAULTS_SHOWN = 20


def import_file(entity: str, path: Path, line: Line | None) -> None:
    """Publish what a file holds; without a line only read it. Raises Problem where anything in it is wrong."""
    layout = LAYOUTS[entity]
    sheet = read_sheet(path, layout.required, layout.others)
    messages = list(layout.read(sheet))
    _must_be_whole(sheet)
    _publish(entity, messages, line)
    _tell(f"{counted(len(sheet.rows), 'row')}, {len(messages):,} {entity}", line)


def import_exclusions(path: Path, list_id: str, dated_on: date, edition: int, line: Line | None) -> None:
    """Publish a list in its parts. Raises Problem where anything in it is wrong."""
    if dated_on > datetime.now(UTC).date() + timedelta(days=1):
        raise Problem(
            f"--dated-on {dated_on.isoformat()} is a day to come: no list of a day before would count any more."
        )
    sheet, entries = read_list(path)
    _must_be_whole(sheet)
    parts = list(parts_of(entries, path, list_id, dated_on, edition))
    _publish("exclusions", parts, line)
    by_number = sum(one.npi is not None for one in entries)
    told = f"{counted(len(entries), 'entry', 'entries')}, {by_number:,} with an NPI, in {counted(len(parts), 'part')}"
    _tell(f"{list_id} of {dated_on.isoformat()}: {told}; SHA-256 {parts[0].sha256}", line)


def _must_be_whole(sheet: Sheet) -> None:
    """Shows what is wrong, row by row; nothing of a file with faults is published."""
    if not sheet.faults:
        return
    faults = sorted(sheet.faults, key=lambda one: (one.row, one.column or ""))
    for one in faults[:FAULTS_SHOWN]:
        where = f"row {one.row}" if one.column is None else f"row {one.row}, column {one.column}"
        complaints.print(escape(f"{sheet.name}, {where}: {one.text}"), soft_wrap=True)
    more = f" The first {FAULTS_SHOWN} are shown." if len(faults) > FAULTS_SHOWN else ""
    raise Problem(f"{sheet.name} has {counted(len(faults), 'fault')}; nothing was published.{more}")


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
