"""`parked list`, `show`, `replay` and `discard`: records that could not be applied, whose bytes their service kept."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from rich.markup import escape
from rich.table import Table

from throughline.answers import Coordinates
from throughline.flow import REPAIRS, SERVICES
from throughline.message import Message
from throughline.parked import RecordDiscarded, RecordParked, RecordRedriven
from throughline.repairs import DiscardRecord, RedriveRecord
from throughline_cli.commanding import command, say_unheard
from throughline_cli.errors import Problem
from throughline_cli.line import Line
from throughline_cli.show import console, moment, say
from throughline_cli.signing import UNNAMED
from throughline_cli.witness import Record, Witness

_AT = re.compile(r"(?P<topic>[a-z][a-z0-9.-]*)/(?P<partition>\d+)@(?P<offset>\d+)")

REDRIVE_PATIENCE_S = 5.0
"""A record that fails again is tried three times before it is parked again."""


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


@dataclass
class Parked:
    """A record that a service set aside, and what became of it."""

    message: RecordParked
    at: datetime
    became: RecordRedriven | RecordDiscarded | None = None

    @property
    def name(self) -> str:
        at = self.message.coordinates
        return f"{at.topic}/{at.partition}@{at.offset}"


def parked_records(line: Line) -> list[Parked]:
    """Every record that was ever parked, the latest of what its service said of it."""
    found: dict[tuple[str, Coordinates], Parked] = {}
    for record in sorted(everything_said(line), key=lambda one: (one.topic, one.partition, one.offset)):
        told = record.message
        if isinstance(told, RecordParked):
            found[told.service, told.coordinates] = Parked(told, record.at)
        elif isinstance(told, RecordRedriven | RecordDiscarded):
            before = found.get((told.service, told.coordinates))
            if before is not None:
                before.became = told
    return list(found.values())


def show_list(line: Line, service: str | None) -> None:
    """What is parked now. Raises Problem for a service that is none."""
    if service is not None:
        _require_service(service)
    found = [
        one for one in parked_records(line) if one.became is None and service in (None, one.message.service)
    ]
    if not found:
        say("Nothing is parked.")
        return
    table = Table()
    for column in ("record", "service", "why", "bytes", "parked at (UTC)"):
        table.add_column(column, justify="right" if column == "bytes" else "left", overflow="fold")
    for one in found:
        parked = one.message
        table.add_row(one.name, parked.service, str(parked.reason), f"{parked.value_bytes:,}", moment(one.at))
    console.print(table)


def show_one(line: Line, text: str) -> None:
    wanted = coordinates_of(text)
    found = [one for one in parked_records(line) if one.message.coordinates == wanted]
    if not found:
        raise _not_parked(text)
    for one in found:
        parked = one.message
        say(f"{text} was parked by {parked.service}: {parked.reason.sentence} ({parked.reason})")
        if parked.field:
            say(f"  field: {escape(parked.field)}")
        say(f"  {parked.value_bytes:,} bytes, SHA-256 {parked.value_sha256}")
        if isinstance(one.became, RecordRedriven):
            say(f"  It was applied after all; asked for by {escape(one.became.actor)}.")
        elif isinstance(one.became, RecordDiscarded):
            say(f"  It was given up by {escape(one.became.actor)} and {escape(one.became.second_actor)}.")
        else:
            say(
                f"  It is still parked; 'throughline parked replay {text}' puts it through the same door again."
            )


def replay(line: Line, text: str, service: str | None) -> None:
    """Ask the service that parked a record to put it through the same door again, and tell what came of it."""
    wanted = coordinates_of(text)
    for one in _who_parked(line, text, service):
        redrive = RedriveRecord(service=one, coordinates=wanted, actor=UNNAMED)
        told = command(
            line, REPAIRS.name, redrive, text, or_else=_is_about(one, wanted), patience_s=REDRIVE_PATIENCE_S
        )
        if any(isinstance(event, RecordRedriven) for event in told):
            say(f"{one} applied {text}, and what was parked behind it.")
        elif told:
            raise Problem(f"{one} parked {text} again.", f"'throughline parked show {text}' says why.")
        else:
            say(f"{one} was asked to put {text} through again; 'throughline parked list' shows what is left.")


def discard(line: Line, text: str, service: str | None, note: str) -> None:
    """Give a parked record up; what stands behind it goes on. Two operators sign it."""
    wanted = coordinates_of(text)
    for one in _who_parked(line, text, service):
        order = DiscardRecord(service=one, coordinates=wanted, actor=UNNAMED, second_actor=UNNAMED, note=note)
        told = command(line, REPAIRS.name, order, text, or_else=_is_about(one, wanted))
        if any(isinstance(event, RecordDiscarded) for event in told):
            say(f"{one} gave {text} up; its bytes stay in its database, and what stood behind it goes on.")
        else:
            say_unheard(one)


def _who_parked(line: Line, text: str, service: str | None) -> list[str]:
    """The services that hold a record now, or the named one of them. Raises Problem where none does."""
    if service is not None:
        _require_service(service)
    wanted = coordinates_of(text)
    services = {
        one.message.service
        for one in parked_records(line)
        if one.message.coordinates == wanted and one.became is None and service in (None, one.message.service)
    }
    if not services:
        raise _not_parked(text, service)
    return sorted(services)


def _is_about(service: str, at: Coordinates) -> Callable[[Message], bool]:
    """What becomes of a record is said by whichever replica does it, not by who heard the command."""

    def answers(event: Message) -> bool:
        return (
            isinstance(event, RecordRedriven | RecordDiscarded | RecordParked)
            and event.service == service
            and event.coordinates == at
        )

    return answers


def _require_service(service: str) -> None:
    if service not in SERVICES:
        raise Problem(f"There is no service '{service}'.", f"It is one of {', '.join(SERVICES)}.")


def _not_parked(text: str, service: str | None = None) -> Problem:
    by = f" by {service}" if service else ""
    return Problem(f"{text} is not parked{by}.", "See 'throughline parked list'.")
