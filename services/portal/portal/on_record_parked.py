"""A record could not be applied and was set aside."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.parked import RecordParked


def show_parked(heard: Heard[RecordParked], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    at = message.coordinates
    work.put(
        "parked_records",
        topic=at.topic,
        partition=at.partition,
        offset=at.offset,
        service=message.service,
        sequence=message.sequence,
        reason=message.reason.value,
        field=message.field,
        value_sha256=message.value_sha256,
        value_bytes=message.value_bytes,
        parked_at=heard.envelope.time.isoformat(),
        became=None,
        became_at=None,
    )
