"""A parked record was given up by two people."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.parked import RecordDiscarded


def show_discarded(heard: Heard[RecordDiscarded], work: ReadModelWork, say: Say) -> None:
    at = heard.message.coordinates
    work.put(
        "parked_records",
        topic=at.topic,
        partition=at.partition,
        offset=at.offset,
        became="discarded",
        became_at=heard.envelope.time.isoformat(),
    )
