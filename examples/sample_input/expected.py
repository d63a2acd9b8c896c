"""What must come of everything that is sent, in the words that people see (the states of ``throughline.lifecycle``)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class ExpectedAnswer:
    """The first answer to one thing sent: a line of a feed file, or a claim of a claims file (position from 1)."""

    sent: str
    position: int
    outcome: str
    reasons: tuple[str, ...] = ()
    """Reasons that the answer must name, among others."""
    request_id: UUID | None = None
    version: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {"kind": "answer", **asdict(self), "request_id": self.request_id and str(self.request_id)}


@dataclass(frozen=True)
class ExpectedRequest:
    """Where one version of a request stands at the end of the demo."""

    request_id: UUID
    version: int
    case: str
    """What the version is an example of."""
    state: str
    substatus: str | None
    reason: str | None
    paid_cents: int
    """What the payee has in the end: zero for what was returned."""
    remitted: bool
    """A live remittance explains it."""

    def as_json(self) -> dict[str, Any]:
        return {"kind": "request", **asdict(self), "request_id": str(self.request_id)}
