"""What must hold, and whether it does: each verdict names what was compared and the first few that disagree."""

from __future__ import annotations

from dataclasses import dataclass, field

SHOWN = 8


@dataclass
class Verdict:
    """One thing that must hold."""

    name: str
    compared: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.differences

    def differs(self, what: str) -> None:
        self.differences.append(what)

    def must(self, condition: bool, what: str) -> None:
        self.compared += 1
        if not condition:
            self.differs(what)
