"""Gives the script's decisions: each names the latest ReviewOpened or SubmissionExcepted of its version."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from throughline.decisions import ReviewOpened, SubmissionExcepted
from throughline.flow import REVIEWS
from throughline.reviews import DecideReview
from throughline_cli.demo.reference import Line
from throughline_cli.errors import Problem
from throughline_cli.speaking import Speaker
from throughline_cli.witness import Record


def latest_questions(records: Iterable[Record]) -> dict[tuple[UUID, int], UUID]:
    """The id of the event that a decision on a version must name."""
    found: dict[tuple[UUID, int], UUID] = {}
    for record in sorted(records, key=lambda one: (one.topic, one.partition, one.offset)):
        if isinstance(record.message, ReviewOpened | SubmissionExcepted) and record.id is not None:
            found[record.message.request_id, record.message.version] = record.id
    return found


def decide(bootstrap: str, script: list[Line], round_: int, records: Iterable[Record]) -> int:
    """Say the decisions of one round. Raises Problem where nothing was asked that the script would answer."""
    questions = latest_questions(records)
    said = 0
    with Speaker(bootstrap) as speaker:
        for line in script:
            if line["round"] != round_:
                continue
            request_id, version = UUID(line["request_id"]), line["version"]
            question = questions.get((request_id, version))
            if question is None:
                raise Problem(f"Nobody asked for a decision on {request_id} version {version}.")
            command = DecideReview(
                request_id=request_id, version=version, answers=question, decision=line["decision"],
                note=line["note"], actor=line["actor"],
            )  # fmt: skip
            speaker.say(REVIEWS.name, command, str(request_id))
            said += 1
    return said
