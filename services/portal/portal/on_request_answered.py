"""What a partner was answered, for each thing that it sent."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.answers import RequestAnswered
from throughline.flow import ANSWERS


def show_answer(heard: Heard[RequestAnswered], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    at, receipt = message.coordinates, message.receipt
    work.put(
        "answers",
        id=heard.envelope.id,
        partner=heard.topic.removeprefix(ANSWERS.name[:-1]),
        receipt_id=None if receipt is None else receipt.receipt_id,
        position=None if receipt is None else receipt.position,
        topic=None if at is None else at.topic,
        partition=None if at is None else at.partition,
        offset=None if at is None else at.offset,
        outcome=message.outcome,
        number=message.number,
        request_id=message.request_id,
        version=message.version,
        problems=[one.model_dump(mode="json") for one in message.problems],
        answered_at=heard.envelope.time.isoformat(),
    )
