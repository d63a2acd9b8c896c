"""What one slice of arrivals knows and has changed: loaded at once, decided in memory, stored at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID

from intake.arrival import Arrival
from intake.attachments import holder_of
from intake.domain import Accepted, Ended, Known
from throughline.answers import Problem
from throughline.requests import PaymentRequest

Outcome = Literal["accepted", "repeated", "conflict", "refused", "parked"]


@dataclass(frozen=True, slots=True)
class Partner:
    """Who may send. An inactive partner is as good as none."""

    name: str
    payers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Original:
    """A request that a claim of a file names, and the number under which it first came in."""

    request_id: UUID
    number: str


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """What a message id was answered, and the body that was answered so."""

    body_hash: bytes
    outcome: Outcome
    request_id: UUID | None = None
    version: int | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptBody:
    """The bytes of what was answered, as they came."""

    arrival: Arrival
    outcome: Outcome
    version: int | None


@dataclass(slots=True)
class Book:
    """State carries over within the slice: the second of two records about one request sees what the first did."""

    today: date
    partners: dict[str, Partner] = field(default_factory=dict)
    answers: dict[bytes, FirstAnswer] = field(default_factory=dict)
    requests: dict[UUID, Known] = field(default_factory=dict)
    originals: dict[str, Original] = field(default_factory=dict)
    """Requests by the claim number that a file's replacement or void names."""

    attachments: dict[tuple[str, str], UUID] = field(default_factory=dict)
    """Attachments by holder and SHA-256, of those that arrivals name."""
    named: dict[tuple[UUID, str], UUID] = field(default_factory=dict)
    """Attachments that a request names already, by request and SHA-256."""

    new_answers: dict[bytes, FirstAnswer] = field(default_factory=dict)
    new_requests: dict[UUID, tuple[str, str]] = field(default_factory=dict)
    """Partner and number of each request that was not there before."""
    changed_requests: set[UUID] = field(default_factory=set)
    bodies: list[KeptBody] = field(default_factory=list)
    new_names: dict[tuple[UUID, str], tuple[UUID, UUID]] = field(default_factory=dict)
    """Attachment and payee, by request and SHA-256."""

    def attachments_of(self, arrival: Arrival, request: PaymentRequest) -> dict[str, UUID]:
        """Of what a request names, what its sender may name: their own, and what the request named before."""
        request_id, holder = arrival.request_id, holder_of(arrival.partner, arrival.signer)
        found = {}
        for one in request.attachments:
            known = self.attachments.get((holder, one.sha256))
            if known is None and request_id is not None:
                known = self.named.get((request_id, one.sha256))
            if known is not None:
                found[one.sha256] = known
        return found

    def name(self, request_id: UUID, payee_id: UUID, attachments: Mapping[str, UUID]) -> None:
        """An accepted version names these."""
        for sha256, attachment_id in attachments.items():
            self.named[request_id, sha256] = attachment_id
            self.new_names[request_id, sha256] = attachment_id, payee_id

    def take_in(self, arrival: Arrival, request_id: UUID, number: str, decision: Accepted) -> None:
        """Record an accepted version, or the end of one."""
        known = self.requests.get(request_id)
        if known is None:
            known = self.requests[request_id] = Known(b"")
            self.new_requests[request_id] = (arrival.partner, number)
        elif request_id not in self.new_requests:
            self.changed_requests.add(request_id)
        if decision.version > known.version:
            known.bodies += arrival.body_hash
        if decision.ends is not None:
            known.ended = decision.ends

    def remember(self, arrival: Arrival, first: FirstAnswer) -> None:
        """The id is taken from now on, by this body and this answer."""
        if arrival.id_key is not None:
            self.answers[arrival.id_key] = self.new_answers[arrival.id_key] = first

    def keep(self, arrival: Arrival, outcome: Outcome, version: int | None = None) -> None:
        """The bytes as they came; a file's are kept with the file."""
        if arrival.value:
            self.bodies.append(KeptBody(arrival, outcome, version))


__all__ = ["Book", "Ended", "FirstAnswer", "KeptBody", "Original", "Outcome", "Partner"]
