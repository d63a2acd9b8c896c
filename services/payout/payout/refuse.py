"""CommandRefused: a command that changed nothing, and why."""

from __future__ import annotations

from uuid import UUID

from chassis import Heard, Say
from throughline.decisions import CommandRefused
from throughline.message import Message
from throughline.reasons import Reason


def refuse_command(heard: Heard[Message], say: Say, reason: Reason) -> None:
    """Refuse a command under the id that it is about, on the topic where its answer would stand."""
    about = ("payee_id", "request_id", "payment_id", "batch_id")
    subject = next(getattr(heard.message, name) for name in about if hasattr(heard.message, name))
    if hasattr(heard.message, "payee_id"):
        refuse_account_command(heard, say, reason, subject)
    elif hasattr(heard.message, "request_id"):
        refuse_order(heard, say, reason, subject)
    else:
        refuse_payment_order(heard, say, reason, subject)


def refuse_order(heard: Heard[Message], say: Say, reason: Reason, request_id: UUID) -> None:
    """Refuse an order about an item, on `items`."""
    refusal = CommandRefused(
        command_id=heard.envelope.id,
        command_type=heard.envelope.message_name,
        reason=reason,
        detail=reason.sentence,
        request_id=request_id,
    )
    say(refusal, key=str(request_id), topic="items")


def refuse_batch_order(heard: Heard[Message], say: Say, reason: Reason, batch_id: UUID) -> None:
    """Refuse an order about a batch, on `items`, under the batch's id."""
    refuse_payment_order(heard, say, reason, batch_id)


def refuse_payment_order(heard: Heard[Message], say: Say, reason: Reason, payment_id: UUID) -> None:
    """Refuse an order about a payment, on `items`, under the payment's id."""
    refusal = CommandRefused(
        command_id=heard.envelope.id,
        command_type=heard.envelope.message_name,
        reason=reason,
        detail=reason.sentence,
    )
    say(refusal, key=str(payment_id), topic="items")


def refuse_account_command(
    heard: Heard[Message], say: Say, reason: Reason, payee_id: UUID, detail: str | None = None
) -> None:
    """Refuse a command about a payee's account, on `accounts`. The detail never repeats what was sealed."""
    refusal = CommandRefused(
        command_id=heard.envelope.id,
        command_type=heard.envelope.message_name,
        reason=reason,
        detail=detail or reason.sentence,
    )
    say(refusal, key=str(payee_id), topic="accounts")
