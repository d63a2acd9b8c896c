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
    """Victims still to come, and the order they were drawn in."""

    random: Random
    feeding: list[list[str]] = field(default_factory=list)
    """While the input is fed, in rounds: nobody's next kill before everybody's last one."""
    days: list[str] = field(default_factory=list)
    """While the bank lives through its days, whoever has work first."""
    pauses: list[str] = field(default_factory=list)
    """Parts to be frozen past the session, beside the kills."""

    living: bool = False
    """Whether the days have begun."""

    def round(self) -> list[str]:
        """The present victims; one is taken out when it was struck."""
        if self.living:
            return self.days
        while self.feeding and not self.feeding[0]:
            self.feeding.pop(0)
        return self.feeding[0] if self.feeding else []

    def begin_days(self) -> None:
        """What feeding has left over joins the victims of the days."""
        self.days += [part for victims in self.feeding for part in victims]
        self.feeding = []
        self.living = True

    def left_now(self) -> int:
        """Kills to come until the days, or until their end."""
        return len(self.days) if self.living else sum(len(victims) for victims in self.feeding)

    def left(self) -> int:
        return sum(len(victims) for victims in self.feeding) + len(self.days)


def draw(seed: int, kills: int, bank_kills: int, pauses: int, blackouts: int) -> Plan:
    """``kills`` and ``pauses`` of every service, of the broker and of the database, in seeded order.

    The first round has one kill of each, the blackouts come later: a part's first kill finds the line well.
    """
    random = Random(f"storm {seed}")
    plan = Plan(random)
    plan.feeding = [[] for _ in range(max(kills, 1 + (blackouts > 0)))]
    for part in (*SERVICES, KAFKA, POSTGRES):
        later = max(kills > 1, round(kills * AMONG_DAYS)) if part in DAYS_PARTS else 0
        for victims in plan.feeding[: kills - later]:
            victims.append(part)
        plan.days += [part] * later
        plan.pauses += [part] * pauses
    plan.days += [BANK] * bank_kills
    for _ in range(blackouts):
        random.choice(plan.feeding[1:]).append(BLACKOUT)
    for victims in (*plan.feeding, plan.days, plan.pauses):
        random.shuffle(victims)
    return plan
