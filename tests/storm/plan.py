"""Which part is killed in which order: drawn from one seed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from random import Random

from throughline.flow import SERVICES

KAFKA, POSTGRES, BANK = "kafka", "postgres", "bank"
BLACKOUT = "everything"
"""All processes at the same moment, as when the power fails."""
PARTS = (*SERVICES, KAFKA, POSTGRES, BANK, BLACKOUT)
AMONG_DAYS = 0.25
"""The share of kills of payout, remittance, audit, broker and database kept for the days of the bank."""
DAYS_PARTS = ("payout", "remittance", "audit", KAFKA, POSTGRES)


@dataclass(frozen=True, slots=True)
class Blow:
    """One blow that fell, and the work that was in flight at that moment."""

    number: int
    how: str
    """`kill`, or `pause`: frozen past its Kafka session and let go again."""
    part: str
    """`payout`, `kafka`, ..."""
    process: str
    """`payout-2`, `kafka`, ..."""
    when: str
    second: float
    lag: int
    packs: int
    with_another: bool

    def as_line(self) -> dict[str, object]:
        return asdict(self)


@dataclass
class Plan:
    """Victims still to come: while the input is fed, and while the bank lives through its days."""

    random: Random
    feeding: list[str] = field(default_factory=list)
    days: list[str] = field(default_factory=list)
    pauses: list[str] = field(default_factory=list)
    """Parts to be frozen past the session, beside the kills."""

    @property
    def left(self) -> int:
        return len(self.feeding) + len(self.days)


def draw(seed: int, kills: int, bank_kills: int, pauses: int, blackouts: int) -> Plan:
    """``kills`` and ``pauses`` of every service, of the broker and of the database, in seeded order."""
    random = Random(f"storm {seed}")
    plan = Plan(random)
    for part in (*SERVICES, KAFKA, POSTGRES):
        later = max(kills > 1, round(kills * AMONG_DAYS)) if part in DAYS_PARTS else 0
        plan.feeding += [part] * (kills - later)
        plan.days += [part] * later
        plan.pauses += [part] * pauses
    plan.days += [BANK] * bank_kills
    plan.feeding += [BLACKOUT] * blackouts
    random.shuffle(plan.feeding)
    random.shuffle(plan.days)
    random.shuffle(plan.pauses)
    return plan
