"""A draft is no more: sent, then it names its request; or given up."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.drafts import DraftDiscarded


def show_ended_draft(heard: Heard[DraftDiscarded], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.put(
        "draft_lives",
        draft_id=message.draft_id,
        organisation_id=message.organisation_id,
        kind=message.kind,
        step=message.step,
        request_id=message.request_id,
        changed_at=message.at.isoformat(),
        ended=True,
    )
