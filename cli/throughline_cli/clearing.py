"""`review unclear`: what a reviewer cleared of a name on an exclusion list is taken back."""

from __future__ import annotations

from uuid import UUID

from throughline.exclusions import ClearanceTakenBack, NameCleared
from throughline.flow import REVIEWS
from throughline.message import is_blank
from throughline.reviews import DecideReview
from throughline_cli.commanding import command, say_unheard
from throughline_cli.errors import Problem
from throughline_cli.line import Line
from throughline_cli.parked import everything_said
from throughline_cli.show import say
from throughline_cli.signing import UNNAMED
from throughline_cli.witness import Record


def take_back_clearances(line: Line, request: UUID, note: str) -> None:
    """Every one that was given with the request and still holds, each by a command of its own. Raises Problem where
    none does."""
    if is_blank(note):
        raise Problem("The note says nothing.", "Say why with --note; everybody who looks later reads it.")
    held = holding(everything_said(line), request)
    if not held:
        raise Problem(
            f"No name was cleared with {request} that still is.", "'throughline explain' shows which were."
        )
    for event_id, cleared in held.items():
        said = DecideReview(
            request_id=request,
            version=cleared.version,
            answers=event_id,
            decision="take_back_clearance",
            note=note,
            actor=UNNAMED,
        )
        told = command(line, REVIEWS.name, said, str(request))
        if not told:
            say_unheard("validation")
        for event in told:
            if isinstance(event, ClearanceTakenBack):
                say(
                    f"Payee {event.payee_id} is asked about again where {event.list_id} has the name. What is approved "
                    "is screened again at once."
                )


def holding(records: list[Record], request: UUID) -> dict[UUID, NameCleared]:
    """What was cleared with a request and not taken back, by the event that said so."""
    cleared: dict[UUID, NameCleared] = {}
    taken_back: set[UUID] = set()
    for record in records:
        told = record.message
        if isinstance(told, NameCleared) and told.request_id == request and record.id is not None:
            cleared[record.id] = told
        elif isinstance(told, ClearanceTakenBack):
            taken_back.add(told.answers)
    return {event_id: one for event_id, one in cleared.items() if event_id not in taken_back}
