"""Rules were published: pages and forms go by them from now on."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.rule_sets import RuleSetPublished


def show_published_rules(heard: Heard[RuleSetPublished], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.put(
        "rule_sets",
        version=message.version,
        effective_from=message.effective_from.isoformat(),
        sha256=message.sha256,
        rule_count=message.rule_count,
        published_by=message.published_by,
        second_person=message.second_person,
        note=message.note,
        published_at=heard.envelope.time.isoformat(),
    )
