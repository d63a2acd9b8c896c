"""After all journeys: every id and every cent accounted for, by the demo's own verdicts; audit holds every record."""

from __future__ import annotations

from collections.abc import Iterable

import httpx
import pytest
from tests.whole_line import WholeLine

from throughline.answers import RequestAnswered
from throughline_cli.demo.bank_files import delivered_entries, heard_from
from throughline_cli.demo.judge import audit_verdict
from throughline_cli.demo.remittance_files import Remittance
from throughline_cli.demo.sent import SentLog
from throughline_cli.demo.story import tell
from throughline_cli.demo.sums import (
    Evidence,
    money_is_conserved,
    nothing_lost,
    one_live_entry,
    sequences_are_dense,
    statuses_are_known,
    versions_rise,
)
from throughline_cli.witness import Record


def _what_was_sent(records: Iterable[Record]) -> SentLog:
    """The journeys keep no log of what they sent: whatever was answered was sent."""
    log = SentLog()
    for number, record in enumerate(records):
        if isinstance(record.message, RequestAnswered):
            at, receipt = record.message.coordinates, record.message.receipt
            if at is not None:
                log.records[at.topic, at.partition, at.offset] = ("journeys", number)
            if receipt is not None:
                log.receipts[receipt.receipt_id] = (str(receipt.receipt_id), None)
    return log


@pytest.mark.timeout(180)
def test_when_all_is_over_everything_agrees(line: WholeLine) -> None:
    line.rest()
    records = line.witness.records()
    story = tell(records, _what_was_sent(records))
    assert len(story.posted) > 0, "run it with the journeys"
    remittances: list[Remittance] = [
        line.remittance_835(one.remittance_id) for one in story.posted.values() if one.format == "835"
    ]
    assert [wrong for one in remittances for wrong in one.imbalances()] == []
    evidence = Evidence(
        story, records, delivered_entries(line.place.bank), heard_from(line.place.bank), remittances
    )
    verdicts = [
        nothing_lost(story),
        one_live_entry(evidence),
        money_is_conserved(evidence),
        versions_rise(records),
        sequences_are_dense(records, line.witness.log_ends()),
        statuses_are_known(story),
    ]
    with httpx.Client(timeout=120) as client:
        verdicts.append(audit_verdict(line.place, client))
    assert [(one.name, one.differences) for one in verdicts if not one.holds] == []
