"""A parked record went through the door after all."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.parked import RecordRedriven


def show_redriven(heard: Heard[RecordRedriven], work: ReadModelWork, say: Say) -> None:
    at = heard.message.coordinates
    work.put(
        "parked_records",
        topic=at.topic,
        partition=at.partition,
        offset=at.offset,
        became="redriven",
        became_at=heard.envelope.time.isoformat(),
    )
