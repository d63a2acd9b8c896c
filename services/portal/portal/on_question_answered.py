"""The side that was asked answers; nobody waits for it any more."""

from __future__ import annotations

from chassis import Heard, Say
from portal.questions import side_of
from portal.read_model.work import ReadModelWork
from throughline.questions import QuestionAnswered


def show_answered(heard: Heard[QuestionAnswered], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    if work.asked.get(message.question_id) != (message.request_id, message.payee_id):
        return  # no such question, or another request's or payee's: theirs is not answered by it
    side = side_of(heard)
    work.tell(heard, message.request_id, actor=message.actor, side=side)
    work.put(
        "questions",
        question_id=message.question_id,
        request_id=message.request_id,
        payee_id=message.payee_id,
        answered_side=side,
        answered_by=message.actor,
        answered_at=heard.envelope.time.isoformat(),
        answer=work.key.seal(message.text.reveal().encode(), "questions.answer", message.question_id),
    )
