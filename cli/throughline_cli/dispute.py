"""`dispute`: a provider's organisation disputes a denial or a reduction; and which disputes wait."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, NamedTuple
from uuid import UUID

import typer

from stack.provider_people import BILLER
from throughline.decisions import DisputeDecided, DisputeOpened, SubmissionApproved, SubmissionDenied
from throughline.flow import REVIEWS
from throughline.reviews import DisputeDecision
from throughline.sensitive import SensitiveText
from throughline.submissions import SubmissionReceived
from throughline_cli.commanding import command, say_unheard
from throughline_cli.demo.reviewing import Question
from throughline_cli.errors import Problem
from throughline_cli.explain import request_id_of
from throughline_cli.line import STACK, AsOption, StackOption, line_at
from throughline_cli.parked import everything_said
from throughline_cli.show import say
from throughline_cli.signing import UNNAMED
from throughline_cli.witness import Record


def dispute(
    request: Annotated[str, typer.Argument(help="The request id that the answer gave.")],
    text: Annotated[str, typer.Option(prompt=True, help="Why it should be decided otherwise.")],
    key_file: AsOption = None,
    stack: StackOption = STACK,
) -> None:
    """Dispute the decision on a request, for its provider's organisation; once, until its appeal date."""
    here = line_at(stack, key_file)
    if key_file is None:  # of a sandbox the biller, who acts for every payee of the sample
        here = line_at(stack, here.stack.places.people / f"{BILLER}.json")
    about = request_id_of(request)
    records = everything_said(here)
    decided = latest_decision(records, about)
    said = DisputeDecision(
        request_id=about,
        version=decided.version,
        payee_id=decided.payee_id,
        answers=decided.id,
        text=SensitiveText(text),
        actor=UNNAMED,
    )
    if command(here, REVIEWS.name, said, str(about)):
        say(
            f"Version {decided.version} of {about} is disputed: a reviewer who did not decide it looks again."
        )
    else:
        say_unheard("validation")


class Decided(NamedTuple):
    """The decision that stands: which event it is, and on what."""

    id: UUID
    version: int
    payee_id: UUID


def latest_decision(records: Iterable[Record], request: UUID) -> Decided:
    """Raises Problem where nothing was decided about it, or where a later version waits."""
    found: Decided | None = None
    newest = 0
    for record in sorted(records, key=lambda one: (one.topic, one.partition, one.offset)):
        message = record.message
        if getattr(message, "request_id", None) != request or record.id is None:
            continue
        if isinstance(message, SubmissionReceived):
            newest = max(newest, message.version)
        elif isinstance(message, SubmissionApproved | SubmissionDenied):
            later = Decided(record.id, message.version, message.adjudication.payee_id)
            found = later if found is None or later.version >= found.version else found
    if found is None or found.version != newest:
        raise Problem(
            f"Nothing was decided about {request} that could be disputed.", "See 'throughline status'."
        )
    return found


def open_disputes(records: Iterable[Record], request: UUID) -> dict[int, Question]:
    """By version, the disputes of a request that wait for a decision."""
    return {version: one for (of, version), one in _waiting(records).items() if of == request}


def disputed(records: Iterable[Record]) -> list[tuple[UUID, int]]:
    """Requests and versions whose dispute waits."""
    return sorted(_waiting(records))


def _waiting(records: Iterable[Record]) -> dict[tuple[UUID, int], Question]:
    opened: dict[UUID, tuple[UUID, int]] = {}
    decided: set[UUID] = set()
    newest: dict[UUID, int] = {}
    for record in records:
        match record.message:
            case DisputeOpened(request_id=request_id, version=version) if record.id is not None:
                opened[record.id] = (request_id, version)
            case DisputeDecided(answers=answers):
                decided.add(answers)
            case SubmissionReceived(request_id=request_id, version=version):
                newest[request_id] = max(newest.get(request_id, 0), version)
    return {
        key: Question(id, None)
        for id, key in opened.items()
        if id not in decided and newest.get(key[0], key[1]) == key[1]
    }
