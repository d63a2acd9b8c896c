"""`review`: what waits for a person, who looks at it, and the five decisions that a person can give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from rich.table import Table

from throughline.decisions import (
    ApprovalRevoked,
    DisputeDecided,
    FirstApprovalGiven,
    ReviewAssigned,
    ReviewOpened,
    SubmissionApproved,
    SubmissionDenied,
    SubmissionExcepted,
)
from throughline.edits import EDITABLE
from throughline.exclusions import NameCleared
from throughline.flow import REVIEWS
from throughline.lifecycle import State, Substatus
from throughline.message import is_blank
from throughline.money import for_people
from throughline.reasons import Reason
from throughline.reviews import DENIAL_REASONS, AssignReview, DecideReview
from throughline_cli.commanding import command, say_unheard
from throughline_cli.demo.reviewing import Question, latest_questions
from throughline_cli.demo.sent import SentLog
from throughline_cli.demo.story import Story, VersionKey, tell
from throughline_cli.dispute import disputed, open_disputes
from throughline_cli.errors import Problem
from throughline_cli.line import Line
from throughline_cli.parked import everything_said
from throughline_cli.show import console, say
from throughline_cli.signing import UNNAMED
from throughline_cli.witness import Record

Decision = Literal["approve", "deny", "return_for_edits", "release", "recall", "uphold", "change"]
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
            if _needs_second(story, key):
                why += " (needs a second approver)"
            table.add_row(str(key[0]), why if key[1] == 1 else f"version {key[1]}, {why}", charge, proposed)
    for request, version in disputed(everything_said(line)):
        table.add_row(str(request), f"version {version}: disputed", "", "")
    console.print(table if table.row_count else "Nothing waits for a person.")


def _needs_second(story: Story, key: VersionKey) -> bool:
    """The latest that was said of it is the first of two approvals."""
    steps = story.states[key].steps
    return bool(steps) and isinstance(steps[-1].told.event, FirstApprovalGiven)


def _amounts(story: Story, key: VersionKey) -> tuple[str, str]:
    opened = story.last.get((key, ReviewOpened))
    received = story.received.get(key)
    charge = for_people(received.request.total_cents) if received else ""
    proposed = opened.proposed_cents if opened else None
    return charge, "no price" if proposed is None and opened else for_people(proposed or 0) if opened else ""


def decide_all(
    line: Line,
    requests: Sequence[UUID],
    decision: Decision,
    note: str,
    *,
    fields: Sequence[str] = (),
    reason: str | None = None,
    clear_name: bool = False,
) -> None:
    """Decide several alike, each by a command of its own; what cannot be decided so keeps no other from it. Raises
    Problem after the last where one could not."""
    failed: list[Problem] = []
    for request in requests:
        try:
            decide(line, request, decision, note, fields=fields, reason=reason, clear_name=clear_name)
        except Problem as problem:
            if len(requests) == 1:
                raise
            failed.append(problem)
            say(str(problem))
    if failed:
        raise Problem(
            f"{len(failed)} of {len(requests)} were not decided.", "Each says why, above; the others were."
        )


def decide(
    line: Line,
    request: UUID,
    decision: Decision,
    note: str,
    *,
    fields: Sequence[str] = (),
    checks: Sequence[str] = (),
    reason: str | None = None,
    clear_name: bool = False,
) -> None:
    """Say the decision on the latest version, naming the event that it answers. Raises Problem where none asks.

    ``fields``: of a return, what alone may be changed. ``checks``: of a release, what is overridden; none named means
    all that stopped it. ``reason``: of a denial. ``clear_name``: of an approval or release, a listed name is
    somebody else's.
    """
    if is_blank(note):
        raise Problem("The note says nothing.", "Say why with --note; everybody who looks later reads it.")
    if reason is not None and reason not in DENIAL_REASONS:
        raise Problem(f"Nothing is denied for {reason}.", f"One of {', '.join(DENIAL_REASONS)}.")
    unknown = sorted(set(fields) - EDITABLE)
    if unknown:
        raise Problem(
            f"{', '.join(unknown)} is no field that can be returned.",
            f"One of {', '.join(sorted(EDITABLE))}.",
        )
    asked = _asked(everything_said(line), request, decision)
    if not asked:
        raise Problem(f"Nothing about {request} waits for this decision.", "See 'throughline review list'.")
    version = max(asked)
    proposed = asked[version].proposed_cents
    if decision == "approve" and proposed is None:
        raise Problem(
            "There is no price at which this could be approved.",
            "Deny it or return it; once its fee schedule has the code, the provider sends it again.",
        )
    overrides = _overrides(asked[version], checks) if decision == "release" else None
    if overrides:
        say(f"This overrides: {', '.join(overrides)}.")
    said = DecideReview(
        request_id=request,
        version=version,
        answers=asked[version].id,
        decision=decision,
        amount_cents=proposed if decision == "approve" else None,
        reason=next((one for one in DENIAL_REASONS if one == reason), None),
        fields=tuple(fields) or None,  # type: ignore[arg-type]  # each is one of EDITABLE
        overrides=overrides,
        clear_name=clear_name or None,
        note=note,
        actor=UNNAMED,
    )
    told = command(line, REVIEWS.name, said, str(request))
    name = f"version {version} of {request}"
    for event in told:
        say(
            f"{_WHAT_CAME[type(event)]} {name}."
            if type(event) in _WHAT_CAME
            else f"{event.type_name()}: {name}."
        )
    if not told:
        say_unheard("validation")


def _asked(records: list[Record], request: UUID, decision: Decision) -> dict[int, Question]:
    """By version, what waits for such a decision."""
    states = tell(records, SentLog()).states
    if decision == "recall":
        return {
            record.message.version: Question(record.id, None)
            for record in records
            if isinstance(record.message, SubmissionApproved)
            and record.message.request_id == request
            and record.id
            if states[request, record.message.version].state is State.APPROVED
        }
    if decision in ("uphold", "change"):
        return open_disputes(records, request)
    return {
        version: question
        for (of, version), question in latest_questions(records).items()
        if of == request and (states[of, version].state, states[of, version].substatus) in OPEN
    }


def _overrides(asked: Question, checks: Sequence[str]) -> tuple[Reason, ...]:
    """Raises Problem where another check is named than those that stopped it."""
    named = tuple(checks) or asked.checks
    if set(named) != set(asked.checks):
        raise Problem(
            f"It was stopped by {', '.join(asked.checks) or 'nothing'}, and that is what a release overrides.",
            "Name these with --check, or none.",
        )
    return asked.checks


def assign(line: Line, request: UUID, to: UUID | None, *, back: bool) -> None:
    """Take what waits, hand it ``to`` another reviewer, or give it ``back``. Raises Problem where nothing waits."""
    records = everything_said(line)
    states = tell(records, SentLog()).states
    waiting = {
        version: question.id
        for (of, version), question in latest_questions(records).items()
        if of == request and (states[of, version].state, states[of, version].substatus) in OPEN
    }
    if not waiting:
        raise Problem(f"Nothing about {request} waits for a reviewer.", "See 'throughline review list'.")
    version = max(waiting)
    said = AssignReview(
        request_id=request,
        version=version,
        answers=waiting[version],
        assignee=None if back else to or line.signers.who_may(AssignReview).person_id,
        held_by=_held_by(records, waiting[version]),
        actor=UNNAMED,
    )
    if not command(line, REVIEWS.name, said, str(request)):
        say_unheard("validation")
        return
    what = "is nobody's again" if back else "was handed over" if to else "is yours to look at"
    say(f"Version {version} of {request} {what}; anybody may still decide it.")


def _held_by(records: list[Record], question: UUID) -> UUID | None:
    """Who looks at it now, as validation said last."""
    said = [
        (record.partition, record.offset, record.message.assignee)
        for record in records
        if isinstance(record.message, ReviewAssigned) and record.message.answers == question
    ]
    return max(said, key=lambda one: one[:2])[2] if said else None


_WHAT_CAME: dict[type, str] = {
    FirstApprovalGiven: "Approved by one of two; another person must approve too:",
    DisputeDecided: "The dispute is decided about",
    SubmissionApproved: "Approved",
    SubmissionDenied: "Denied",
    SubmissionExcepted: "Returned to the partner:",
    ReviewOpened: "Released into review:",
    NameCleared: "The listed name is somebody else's, and is not asked about again:",
    ApprovalRevoked: "Payout was asked to stop",
}
