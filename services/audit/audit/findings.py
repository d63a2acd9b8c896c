"""What a verification finds. All is counted; of each kind the first are kept, so that a destroyed log does not fill
the memory too and one kind does not hide another."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

KEPT_OF_A_KIND = 20


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
    """How many of each kind, and the first of them."""

    counts: Counter[str] = field(default_factory=Counter)
    kept: list[Finding] = field(default_factory=list)

    def add(self, kind: str, where: str, detail: str) -> None:
        self.counts[kind] += 1
        if self.counts[kind] <= KEPT_OF_A_KIND:
            self.kept.append(Finding(kind, where, detail))
