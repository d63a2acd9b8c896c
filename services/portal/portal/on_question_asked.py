"""Somebody asks the other side about a request: who waits for whom, and the words, sealed."""

from __future__ import annotations

from chassis import Heard, Say
from portal.questions import OTHER, side_of
from portal.read_model.work import ReadModelWork
from throughline.questions import QuestionAsked


def show_question(heard: Heard[QuestionAsked], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    side = side_of(heard)
    if OTHER[side] != message.to:
        return  # nobody asks in the other's name
    if message.question_id in work.asked:
        return  # under another's id nobody's words are replaced
    work.asked[message.question_id] = (message.request_id, message.payee_id)
    work.tell(heard, message.request_id, actor=message.actor, side=side)
    work.put(
        "questions",
        question_id=message.question_id,
        request_id=message.request_id,
        payee_id=message.payee_id,
        to_side=message.to,
        asked_by=message.actor,
        asked_at=heard.envelope.time.isoformat(),
        text=work.key.seal(message.text.reveal().encode(), "questions", message.question_id),
    )
