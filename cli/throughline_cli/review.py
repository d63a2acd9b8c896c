"""`review`: what waits for a person, and the five decisions that a person can give."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from rich.table import Table

from throughline.decisions import ReviewOpened, SubmissionApproved
from throughline.flow import REVIEWS
from throughline.lifecycle import State, Substatus
from throughline.money import for_people
from throughline.reviews import DecideReview
from throughline_cli.demo.reviewing import latest_questions
from throughline_cli.demo.sent import SentLog
from throughline_cli.demo.story import Story, VersionKey, tell
from throughline_cli.errors import Problem
from throughline_cli.line import Line
from throughline_cli.parked import everything_said
from throughline_cli.show import console
from throughline_cli.speaking import Speaker

Decision = Literal["approve", "deny", "return_for_edits", "release", "recall"]
OPEN = {(State.IN_REVIEW, Substatus.NONE), (State.EXCEPTION, Substatus.NONE)}


def show_open(line: Line, exceptions: bool) -> None:
    """Reviews, and with ``exceptions`` also what a rule stopped."""
    story = tell(everything_said(line), SentLog())
    table = Table()
    table.add_column("request", no_wrap=True)
    table.add_column("why", overflow="fold")
    table.add_column("charge", justify="right", no_wrap=True)
    table.add_column("would pay", justify="right", no_wrap=True)
    for key, state in sorted(story.states.items()):
        if (state.state, state.substatus) in OPEN and (exceptions or state.state is State.IN_REVIEW):
            charge, proposed = _amounts(story, key)
            why = f"{state.label}: {', '.join(story.reasons(key))}"
            table.add_row(str(key[0]), why if key[1] == 1 else f"version {key[1]}, {why}", charge, proposed)
    console.print(table if table.row_count else "Nothing waits for a person.")


def _amounts(story: Story, key: VersionKey) -> tuple[str, str]:
    opened = story.last.get((key, ReviewOpened))
    received = story.received.get(key)
    charge = for_people(received.request.total_cents) if received else ""
    proposed = opened.proposed_cents if opened else None
    return charge, "no price" if proposed is None and opened else for_people(proposed or 0) if opened else ""


def decide(line: Line, request: UUID, decision: Decision, note: str, actor: str) -> None:
    """Say the decision on the latest version, naming the event that it answers. Raises Problem where none asks."""
    records = everything_said(line)
    asked = {version: event for (of, version), event in latest_questions(records).items() if of == request}
    if decision == "recall":
        states = tell(records, SentLog()).states
        asked = {
            record.message.version: record.id
            for record in records
            if isinstance(record.message, SubmissionApproved)
            and record.message.request_id == request
            and record.id
            if states[request, record.message.version].state is State.APPROVED
        }
    if not asked:
        raise Problem(f"Nothing about {request} waits for this decision.", "See 'throughline review list'.")
    version = max(asked)
    command = DecideReview(
        request_id=request, version=version, answers=asked[version], decision=decision, note=note, actor=actor
    )
    with Speaker(line.bootstrap) as speaker:
        speaker.say(REVIEWS.name, command, str(request))
    console.print(
        f"Said: {decision.replace('_', ' ')} version {version} of {request}. 'throughline status' shows it."
    )
