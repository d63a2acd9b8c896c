"""The events of a request's life as the read model keeps them: what the fold asks about and a timeline shows.

The fold of ``throughline.lifecycle`` asks little of an event. What it asks is kept as plain facts, without anybody's
name, and an event is built of them again that the fold cannot tell from the one heard.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from throughline.adjudications import Adjudication
from throughline.decisions import SubmissionApproved
from throughline.lifecycle import TABLE, Told
from throughline.message import REGISTRY, Message
from throughline.reasons import Reason
from throughline.requests import PaymentRequest
from throughline.submissions import SubmissionReceived, SubmissionWithdrawn

MOVES_STATE = frozenset({row.on for row in TABLE} | {SubmissionWithdrawn})
"""What the fold is about. Commands and answers are on the timeline too, and move nothing."""

Facts = dict[str, Any]
_REASONS = {one.value: one for one in Reason}


def fold_facts(event: Message) -> Facts:
    """What the fold asks of an event, as JSON."""
    facts: Facts = {}
    for name in ("version", "cause", "replaces_version"):
        value = getattr(event, name, None)
        if value is not None:
            facts[name] = value
    for name in ("payment_id", "batch_id"):
        value = getattr(event, name, None)
        if value is not None:
            facts[name] = str(value)
    reason = getattr(event, "reason", None)
    if reason is not None:
        facts["reason"] = reason.value
    reasons = getattr(event, "reasons", None)
    if reasons is not None:
        facts["reasons"] = [one.value for one in reasons]
    if isinstance(event, SubmissionReceived):
        facts["frequency"] = event.request.frequency
    if isinstance(event, SubmissionApproved):
        facts["paid_cents"] = event.adjudication.paid_cents
    return facts


def told_again(topic: str, key: str, order: int, id: UUID, at: datetime, type_: str, facts: Facts) -> Told:
    """The event of the kept facts, for the fold alone: it lacks everything the fold does not ask about."""
    model = REGISTRY[type_, 1]
    fields: dict[str, Any] = {
        name: facts[name] for name in ("version", "cause", "replaces_version") if name in facts
    }
    if model is not SubmissionReceived:
        fields["payment_id"] = UUID(facts["payment_id"]) if "payment_id" in facts else None
    if "batch_id" in facts:
        fields["batch_id"] = UUID(facts["batch_id"])
    if "reason" in facts:
        fields["reason"] = _REASONS[facts["reason"]]
    if "reasons" in facts:
        fields["reasons"] = tuple(_REASONS[one] for one in facts["reasons"])
    if model is SubmissionReceived:
        fields["request"] = PaymentRequest.model_construct(None, frequency=facts["frequency"])  # type: ignore[call-arg]
    if model is SubmissionApproved:
        paid = {"paid_cents": facts["paid_cents"]}
        fields["adjudication"] = Adjudication.model_construct(None, **paid)
    return Told(topic, key, order, id, at, model.model_construct(None, **fields))
