"""What a verification finds, kept up to a number so that a destroyed log does not also fill the memory."""

from __future__ import annotations

from dataclasses import dataclass, field

FINDINGS_KEPT = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold: its kind, where, and one sentence."""

    kind: str
    where: str
    detail: str

    def as_json(self) -> dict[str, str]:
        return {"kind": self.kind, "where": self.where, "detail": self.detail}


@dataclass(slots=True)
class Findings:
    """All are counted, the first ones kept."""

    count: int = 0
    kept: list[Finding] = field(default_factory=list)

    def add(self, kind: str, where: str, detail: str) -> None:
        self.count += 1
        if len(self.kept) < FINDINGS_KEPT:
            self.kept.append(Finding(kind, where, detail))
