"""`parked list`, `show` and `replay`: records that could not be applied, whose bytes their service kept."""

from __future__ import annotations

import re
import time

from rich.table import Table

from throughline.answers import Coordinates
from throughline.flow import REPAIRS
from throughline.parked import RecordParked
from throughline.repairs import RedriveRecord
from throughline_cli.errors import Problem
from throughline_cli.line import Line
from throughline_cli.show import console, moment
from throughline_cli.speaking import Speaker
from throughline_cli.witness import Record, Witness

_AT = re.compile(r"(?P<topic>[a-z][a-z0-9.-]*)/(?P<partition>\d+)@(?P<offset>\d+)")


def coordinates_of(text: str) -> Coordinates:
    """``intake.alpha/2@17``. Raises Problem."""
    match = _AT.fullmatch(text)
    if match is None:
        raise Problem(
            f"'{text}' does not name a record.", "Write topic/partition@offset, as 'parked list' shows it."
        )
    return Coordinates(topic=match["topic"], partition=int(match["partition"]), offset=int(match["offset"]))


def everything_said(line: Line) -> list[Record]:
    """Every record of every topic, as of now."""
    with Witness(line.bootstrap) as witness:
        while not witness.is_at_end():
            time.sleep(0.05)
        return witness.records()


def parked_records(line: Line) -> list[tuple[Record, RecordParked]]:
    return [(one, one.message) for one in everything_said(line) if isinstance(one.message, RecordParked)]


def show_list(line: Line, service: str | None) -> None:
    found = [(record, parked) for record, parked in parked_records(line) if service in (None, parked.service)]
    if not found:
        console.print("Nothing is parked.")
        return
    table = Table()
    for column in ("record", "service", "why", "bytes", "parked at (UTC)"):
        table.add_column(column, justify="right" if column == "bytes" else "left")
    for record, parked in found:
        at = parked.coordinates
        where = f"{at.topic}/{at.partition}@{at.offset}"
        table.add_row(where, parked.service, str(parked.reason), f"{parked.value_bytes:,}", moment(record.at))
    console.print(table)


def show_one(line: Line, text: str) -> None:
    wanted = coordinates_of(text)
    found = [parked for _, parked in parked_records(line) if parked.coordinates == wanted]
    if not found:
        raise Problem(f"{text} is not parked.", "See 'throughline parked list'.")
    for parked in found:
        console.print(f"{text} was parked by {parked.service}: {parked.reason.sentence} ({parked.reason})")
        if parked.field:
            console.print(f"  field: {parked.field}")
        console.print(f"  {parked.value_bytes:,} bytes, SHA-256 {parked.value_sha256}")


def replay(line: Line, text: str, service: str | None, actor: str) -> None:
    """Ask the service that parked a record to put it through the same door again."""
    wanted = coordinates_of(text)
    services = {parked.service for _, parked in parked_records(line) if parked.coordinates == wanted}
    if service is not None:
        services &= {service}
    if not services:
        raise Problem(
            f"{text} is not parked{f' by {service}' if service else ''}.", "See 'throughline parked list'."
        )
    with Speaker(line.bootstrap) as speaker:
        for one in sorted(services):
            speaker.say(REPAIRS.name, RedriveRecord(service=one, coordinates=wanted, actor=actor), text)
            console.print(f"{one} was asked to put {text} through again, and what is parked behind it.")
