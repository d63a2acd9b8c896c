"""Gives the script's decisions: each names the latest event of its version that asks for one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from throughline.decisions import FirstApprovalGiven, ReviewOpened, SubmissionExcepted
from throughline.flow import REVIEWS
from throughline.reasons import Reason
from throughline.reviews import DecideReview
from throughline_cli.demo.place import Place
from throughline_cli.demo.reference import Line
from throughline_cli.errors import Problem
from throughline_cli.signing import UNNAMED
from throughline_cli.speaking import Speaker
from throughline_cli.witness import Record


@dataclass(frozen=True)
class Question:
    """What a decision on a version answers: the event's id, and what it said would be paid."""

    id: UUID
    proposed_cents: int | None
    checks: tuple[Reason, ...] = ()
    """Of an exception: what a release overrides."""


def latest_questions(records: Iterable[Record]) -> dict[tuple[UUID, int], Question]:
    """The event that a decision on a version must name."""
    found: dict[tuple[UUID, int], Question] = {}
    for record in sorted(records, key=lambda one: (one.topic, one.partition, one.offset)):
        asked = record.message
        if (
            isinstance(asked, ReviewOpened | FirstApprovalGiven | SubmissionExcepted)
            and record.id is not None
        ):
            cents = _proposed_cents(asked)
            checks = asked.checks if isinstance(asked, SubmissionExcepted) else ()
            found[asked.request_id, asked.version] = Question(record.id, cents, checks)
    return found


def _proposed_cents(asked: ReviewOpened | FirstApprovalGiven | SubmissionExcepted) -> int | None:
    match asked:
        case ReviewOpened():
            return asked.proposed_cents
        case FirstApprovalGiven():
            return asked.amount_cents
    return None


def decide(place: Place, script: list[Line], round_: int, records: Iterable[Record]) -> int:
    """Say the decisions of one round. Raises Problem where nothing was asked that the script would answer."""
    questions = latest_questions(records)
    said = 0
    with Speaker(place.bootstrap, place.signers) as speaker:
        for line in script:
            if line["round"] != round_:
                continue
            request_id, version = UUID(line["request_id"]), line["version"]
            question = questions.get((request_id, version))
            if question is None:
                raise Problem(f"Nobody asked for a decision on {request_id} version {version}.")
            command = DecideReview(
                request_id=request_id, version=version, answers=question.id, decision=line["decision"],
                note=line["note"],
                amount_cents=question.proposed_cents, actor=UNNAMED,
                overrides=question.checks if line["decision"] == "release" else None,
            )  # fmt: skip
            speaker.say(REVIEWS.name, command, str(request_id))
            said += 1
    return said
