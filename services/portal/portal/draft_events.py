"""What is said of drafts: that one was saved or is no more, and which fields are filled in. Never a value."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis import Transaction
from portal.claim_form import STEPS, Fields, Wrong
from portal.drafts import Draft
from throughline.drafts import DraftDiscarded, DraftSaved
from throughline.identifiers import derived
from throughline.programmes import MEDICAL


def say_saved(transaction: Transaction, draft: Draft, fields: Fields, person_id: UUID, now: datetime) -> None:
    """Once for each save: the instant is part of its cause."""
    event = DraftSaved(
        draft_id=draft.draft_id,
        organisation_id=draft.organisation_id,
        person_id=person_id,
        kind=draft.kind,
        step=_step(draft, fields),
        fields=_filled(fields),
        at=now,
    )
    cause = derived("draft-saved", str(draft.draft_id), now.isoformat())
    transaction.say(event, str(draft.draft_id), cause=cause)


def say_discarded(
    transaction: Transaction, draft: Draft, person_id: UUID, now: datetime, request_id: UUID | None = None
) -> None:
    """Given up, or sent: then it names its request."""
    event = DraftDiscarded(
        draft_id=draft.draft_id,
        organisation_id=draft.organisation_id,
        person_id=person_id,
        kind=draft.kind,
        step=_step(draft, draft.fields),
        fields=_filled(draft.fields),
        request_id=request_id,
        at=now,
    )
    transaction.say(event, str(draft.draft_id), cause=derived("draft-discarded", str(draft.draft_id)))


def _filled(fields: Fields) -> tuple[str, ...]:
    return tuple(sorted(name for name, value in fields.items() if value))


def _step(draft: Draft, fields: Fields) -> str:
    """The last step with anything in it; of a programme's form, whose steps its pack says, that it is one."""
    if draft.kind != MEDICAL:
        return "form"
    return max((Wrong(name, "").step for name in _filled(fields)), key=STEPS.index, default=STEPS[0])
