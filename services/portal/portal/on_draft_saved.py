"""A draft was saved: how far it is. Its words are not said."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.drafts import DraftSaved


def show_saved_draft(heard: Heard[DraftSaved], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.put(
        "draft_lives",
        draft_id=message.draft_id,
        organisation_id=message.organisation_id,
        kind=message.kind,
        step=message.step,
        changed_at=message.at.isoformat(),
    )
