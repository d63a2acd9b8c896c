"""What people ask each other about a request, and what was answered: signed, on the record, and moving nothing."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from throughline.message import Event, Text
from throughline.sensitive import SensitiveText
from throughline.submissions import Version


class QuestionAsked(Event):
    """A person of the operations staff asks the provider's organisation about a request, or the other way round."""

    question_id: UUID
    request_id: UUID
    version: Version
    """The version that the person saw."""
    payee_id: UUID
    """The request's payee: whose people see it."""
    to: Literal["provider", "operations"]
    """For whom it waits."""
    text: SensitiveText
    actor: Text
    """The person id of who signs."""


class QuestionAnswered(Event):
    """The answer of the side that was asked: one for each question."""

    question_id: UUID
    request_id: UUID
    payee_id: UUID
    text: SensitiveText
    actor: Text
    """The person id of who signs."""
