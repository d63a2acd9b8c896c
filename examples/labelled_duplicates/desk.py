"""Where bills are made: hands out people, payees, days and numbers, so that chance alone repeats nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from labelled_duplicates.bill import Bill, Service
from labelled_duplicates.world import Payee, Person
from throughline.identifiers import npi_is_valid

FIRST_DAY, DAYS = date(2026, 1, 5), 180
CHANNELS = ("kafka", "http", "837p", "csv", "portal")
PARTNERS = ("cedar-billing", "northclear", "evergreen-ehr")
PAYERS = ("BLUEHARBOR", "STATEPLAN", "VALLEYHMO")


def npis(random: Random, count: int) -> list[str]:
    made = []
    for stem in random.sample(range(190_000_000, 199_999_999), count):
        made.append(next(f"{stem}{digit}" for digit in range(10) if npi_is_valid(f"{stem}{digit}")))
    return made


@dataclass
class Desk:
    random: Random
    families: list[list[Person]]
    payees: list[Payee]
    numbers: int = 0
    taken: set[tuple[str, int]] = field(default_factory=set)

    def person(self) -> Person:
        return self.random.choice(self.random.choice(self.families))

    def twins(self) -> Sequence[Person]:
        """Two of one birth date under one subscriber id, whose first names are known and differ."""
        found = self._family(2)
        birth, last = found[0].birth_date, found[0].last_name
        return [Person(found[0].member_id, last, one.first_name, birth) for one in found]

    def siblings(self) -> Sequence[Person]:
        """Of two birth dates, under one subscriber id."""
        found = self._family(2, ages=True)
        return [Person(found[0].member_id, one.last_name, one.first_name, one.birth_date) for one in found]

    def _family(self, size: int, ages: bool = False) -> Sequence[Person]:
        while True:
            family = self.random.choice(self.families)
            if len(family) < size or family[0].first_name is None or (ages and family[0].birth_date is None):
                continue
            if not ages or family[0].birth_date != family[1].birth_date:
                return family[:size]

    def payee(self) -> Payee:
        return self.random.choice(self.payees)

    def two_payees(self) -> Sequence[Payee]:
        """Of two taxpayers."""
        while True:
            one, other = self.random.sample(self.payees, 2)
            if one.tin != other.tin:
                return one, other

    def day(self) -> date:
        return FIRST_DAY + timedelta(days=self.random.randrange(DAYS))

    def number(self) -> str:
        self.numbers += 1
        return f"L{self.numbers:07d}"

    def standing(self, payee: Payee) -> str:
        """A document that stands with every request of a payee."""
        return hashlib.sha256(payee.npi.encode()).hexdigest()

    def bill(self, case: str, person: Person, payee: Payee, services: Sequence[Service]) -> Bill:
        """Sent a few days after the last service."""
        random = self.random
        sent = max(one.last for one in services) + timedelta(days=random.randrange(1, 15))
        number = self.number()
        documents: tuple[tuple[str, str], ...] = ()
        if random.random() < 0.1:
            documents = (("chart", hashlib.sha256(number.encode()).hexdigest()),)
        return Bill(
            number=number, partner=random.choice(PARTNERS), channel=random.choice(CHANNELS),
            payer=random.choice(PAYERS), payee=payee, person=person, services=tuple(services), received_on=sent,
            case=case, invoice=f"I{number}" if random.random() < 0.35 else None,
            submitted_by=random.randrange(40), documents=documents,
        )  # fmt: skip

    def follows(self, bill: Bill, days: int) -> Bill:
        """The same bill under another number, some days later."""
        later = bill.received_on + timedelta(days=self.random.randrange(1, days))
        return bill.again(number=self.number(), received_on=later, documents=())
