"""The story of one arrival: every one gets exactly one first answer, and what is accepted goes on as a submission."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from intake.arrival import Arrival, claim_number_of
from intake.book import Book, FirstAnswer, Outcome, Partner
from intake.breaches import problem
from intake.domain import Accepted, Decision, Refused, is_timely
from intake.on_correct_request import correct
from intake.on_submit_request import submit
from intake.on_withdraw_request import withdraw
from intake.untrusted import Breach, Understood, Unreadable
from intake.unvalidated import made
from throughline.answers import Problem, RequestAnswered
from throughline.identifiers import derived
from throughline.reasons import Reason
from throughline.requests import CorrectRequest, SubmitRequest, WithdrawRequest
from throughline.submissions import SubmissionReceived, SubmissionWithdrawn

Submission = SubmissionReceived | SubmissionWithdrawn


@dataclass(frozen=True, slots=True)
class Answered:
    """What is said of one arrival. ``park`` is why its bytes are set aside, where they are."""

    answer: RequestAnswered
    key: str
    submission: Submission | None = None
    park: Reason | None = None


def answer(arrival: Arrival, partner: Partner, book: Book) -> Answered:
    """Unreadable: parked. Id known: answered as before, or a conflict. Breach: refused. Else decided by its kind."""
    reading = arrival.reading
    if isinstance(reading, Unreadable):
        return _say(arrival, "parked", (problem(reading.reason),), park=reading.reason)
    if isinstance(arrival.signer, Reason):
        # Not remembered under its id: that is its true sender's.
        return _say(arrival, "refused", (problem(arrival.signer),), number=_number_said(reading))
    first = None if arrival.id_key is None else book.answers.get(arrival.id_key)
    if first is not None:
        return _once_more(arrival, first, book)
    if isinstance(reading, Breach):
        return refused(arrival, reading.problems, book, number=reading.number)
    untimely = is_timely(arrival.made_at, arrival.recorded_at)
    if untimely is not None:
        return refused(arrival, (problem(untimely.reason, untimely.field),), book, number=_number(reading))
    decision, submission = _decide(arrival, reading, partner, book)
    return settled(arrival, decision, submission, _number(reading), book)


def settled(
    arrival: Arrival, decision: Decision, submission: Submission | None, number: str, book: Book
) -> Answered:
    """Record a decision on an understood arrival and say it."""
    if isinstance(decision, Refused):
        return refused(arrival, (problem(decision.reason, decision.field),), book, number=number)
    request_id = arrival.request_id
    assert request_id is not None and isinstance(arrival.reading, Understood)
    outcome: Outcome = "accepted" if isinstance(decision, Accepted) else "repeated"
    if isinstance(decision, Accepted):
        book.take_in(arrival, request_id, number, decision)
        book.keep(arrival, "accepted", decision.version)
    book.remember(arrival, FirstAnswer(arrival.body_hash, outcome, request_id, decision.version))
    return _say(
        arrival,
        outcome,
        (),
        number=number,
        request_id=request_id,
        version=decision.version,
        submission=submission,
    )


def refused(arrival: Arrival, problems: tuple[Problem, ...], book: Book, *, number: str | None) -> Answered:
    """Refused under its id for ever, and its bytes kept; its number stays free.

    A record that names an attachment too early may come again as it is: only its own coordinates are refused.
    """
    assert not isinstance(arrival.reading, Unreadable)
    too_early = arrival.coordinates is not None and problems[0].reason is Reason.ATTACHMENT_UNKNOWN
    if not too_early:
        book.remember(arrival, FirstAnswer(arrival.body_hash, "refused", problems=problems))
    book.keep(arrival, "refused")
    return _say(arrival, "refused", problems, number=number)


def _decide(
    arrival: Arrival, reading: Understood, partner: Partner, book: Book
) -> tuple[Decision, Submission | None]:
    command = reading.command
    if isinstance(command, SubmitRequest):
        return submit(arrival, command, partner, book)
    if isinstance(command, CorrectRequest):
        return correct(arrival, command, partner, book)
    assert isinstance(command, WithdrawRequest)
    return withdraw(arrival, command, book)


def _once_more(arrival: Arrival, first: FirstAnswer, book: Book) -> Answered:
    reading = arrival.reading
    assert not isinstance(reading, Unreadable)
    number = _number_said(reading)
    if reading.body_hash != first.body_hash:
        book.keep(arrival, "conflict")
        return _say(arrival, "conflict", (problem(Reason.CONFLICT, "ce_id"),), number=number)
    return _say(
        arrival, "repeated", first.problems, number=number, request_id=first.request_id, version=first.version
    )


def _number_said(reading: Understood | Breach) -> str | None:
    return _number(reading) if isinstance(reading, Understood) else reading.number


def _number(reading: Understood) -> str:
    command = reading.command
    if type(command) is WithdrawRequest:
        return command.number
    number: str = command.request.number  # type: ignore[attr-defined]
    return number


def _say(
    arrival: Arrival,
    outcome: Outcome,
    problems: tuple[Problem, ...],
    *,
    number: str | None = None,
    request_id: UUID | None = None,
    version: int | None = None,
    submission: Submission | None = None,
    park: Reason | None = None,
) -> Answered:
    told = made(
        RequestAnswered,
        outcome=outcome,
        first=True,
        coordinates=arrival.coordinates,
        receipt=arrival.receipt,
        number=number,
        request_id=request_id,
        version=version,
        payer_claim_number=None if request_id is None else claim_number_of(request_id),
        problems=problems,
    )
    key = str(request_id) if request_id is not None else str(derived("coordinates", arrival.source))
    return Answered(told, key, submission, park)
