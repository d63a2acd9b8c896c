"""Clean claims: whole, in force, priced, below the tier, and nobody twice on a day, so that each is paid by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from sample_input import codes
from sample_input.pricing import paid_cents, rate_cents
from sample_input.reference import COUNTY_PAYER, PAYERS, Provider, World
from throughline.requests import ChildCareFields, PaymentRequest, ServiceLine, Subject
from throughline.sensitive import Sensitive, SensitiveDate

BUSINESS_DAY = date(2026, 11, 16)
"""The Monday on which the sandbox clock starts."""
FIRST_SERVICE, LAST_SERVICE = date(2026, 6, 1), date(2026, 11, 13)

_GIVEN = (
    "Avery",
    "Blake",
    "Casey",
    "Devon",
    "Ellis",
    "Finley",
    "Harper",
    "Jordan",
    "Kendall",
    "Logan",
    "Morgan",
    "Quinn",
)
_FAMILY = (
    "Arroyo",
    "Bellamy",
    "Castellan",
    "Dunmore",
    "Eastwick",
    "Farrow",
    "Greenleaf",
    "Holloway",
    "Inverness",
)


@dataclass
class ClaimMaker:
    """Makes requests; remembers what it billed and which numbers it gave."""

    random: Random
    world: World
    numbers: int = 0
    billed: set[tuple[str, date]] = field(default_factory=set)

    def next_number(self, prefix: str = "C") -> str:
        self.numbers += 1
        return f"{prefix}{self.numbers:06d}"

    def member(self) -> Subject:
        number = self.random.randrange(4_000)
        return Subject(
            member_id=Sensitive(f"M{number:07d}"),
            last_name=Sensitive(_FAMILY[number % len(_FAMILY)]),
            first_name=Sensitive(_GIVEN[number % len(_GIVEN)]),
            birth_date=SensitiveDate((date(1941, 1, 1) + timedelta(days=number * 7)).isoformat()),
        )

    def service_date(self, first: date = FIRST_SERVICE, last: date = LAST_SERVICE) -> date:
        return first + timedelta(days=self.random.randrange((last - first).days + 1))

    def clean(
        self,
        provider: Provider | None = None,
        payer: str | None = None,
        *,
        code: str | None = None,
        first: date = FIRST_SERVICE,
        last: date = LAST_SERVICE,
        lines_max: int = 4,
    ) -> PaymentRequest:
        """A claim that is approved by itself and paid above zero."""
        while True:
            made = self._draw(
                provider or self.random.choice(self.world.of_role("clean")),
                payer,
                code,
                first,
                last,
                lines_max,
            )
            contract, schedule = self.world.terms(made.payer)
            tier = self.world.payers[made.payer].auto_approve_below_cents
            keys = {(made.subject.member_id.reveal(), one.from_date) for one in made.lines}
            paid = paid_cents(made, contract, schedule)
            if paid and made.total_cents < tier and not keys & self.billed:
                self.billed |= keys
                return made.model_copy(update={"number": self.next_number()})

    def paid(self, request: PaymentRequest) -> int:
        """What the request is paid once approved; zero where it has no price."""
        if request.payer == COUNTY_PAYER:
            return 0
        contract, schedule = self.world.terms(request.payer)
        return paid_cents(request, contract, schedule) or 0

    def _draw(
        self, provider: Provider, payer: str | None, code: str | None, first: date, last: date, lines_max: int
    ) -> PaymentRequest:
        payer = payer or self.random.choice(PAYERS)[0]
        day = self.service_date(first, last)
        diagnoses = tuple(self.random.sample(codes.DIAGNOSES, self.random.randint(1, 3)))
        chosen = self.random.sample(tuple(codes.BASE_RATES), self.random.randint(1, lines_max))
        if code is not None:
            chosen = [code, *(one for one in chosen if one != code)][:lines_max]
        lines = self.lines(payer, chosen, day, len(diagnoses))
        rendering = None
        if self.random.random() < 0.2:
            rendering = self.random.choice(self.world.of_role("clean")).record.npi
        return PaymentRequest(
            number="N", payer=payer, payee=provider.payee(), subject=self.member(), lines=lines, diagnoses=diagnoses,
            rendering_provider=rendering, place_of_service=self.random.choice(codes.PLACES),
            total_cents=sum(line.charge_cents for line in lines),
            currency="USD",
        )  # fmt: skip

    def lines(self, payer: str, chosen: Sequence[str], day: date, diagnoses: int) -> tuple[ServiceLine, ...]:
        _, schedule = self.world.terms(payer)
        made = []
        for position, code in enumerate(chosen, start=1):
            modifiers: tuple[str, ...] = ()
            if code == codes.MODIFIED_CODE and self.random.random() < 0.5:
                modifiers = (codes.MODIFIER,)
            elif self.random.random() < 0.15:
                modifiers = (self.random.choice(codes.OTHER_MODIFIERS),)
            units = self.random.choice((1000, 1000, 1000, 2000, 3000, 1500))
            blank = ServiceLine(
                line_id=str(position), from_date=day, to_date=day, code=code, modifiers=modifiers,
                units_thousandths=units, charge_cents=1,
                diagnosis_pointers=tuple(range(1, self.random.randint(1, diagnoses) + 1)),
            )  # fmt: skip
            worth = (rate_cents(schedule, blank) or 5_000) * units // 1000
            charge = max(1, worth * self.random.randint(95, 170) // 100)
            made.append(blank.model_copy(update={"charge_cents": charge}))
        return tuple(made)

    def child_care(self, provider: Provider, month: int) -> PaymentRequest:
        """A month of care for one child: no schedule prices it here, so a person must look."""
        weeks = self.random.randint(3, 4)
        first = date(2026, month, 1)
        lines = tuple(
            ServiceLine(
                line_id=str(week + 1),
                from_date=first + timedelta(days=7 * week),
                to_date=first + timedelta(days=7 * week + 4),
                code="CCFT",
                units_thousandths=1000,
                charge_cents=self.random.randrange(18_000, 31_000),
            )
            for week in range(weeks)
        )
        number = self.next_number("K")
        return PaymentRequest(
            number=number, programme="child-care", payer=COUNTY_PAYER, payee=provider.payee(), subject=self.member(),
            lines=lines, total_cents=sum(line.charge_cents for line in lines), currency="USD",
            child_care=ChildCareFields(
                county="lake", case_number=Sensitive(f"CASE{self.numbers:06d}"), service_month=f"2026-{month:02d}",
                stage=2, rate_category="weekly", parent_signed_on=date(2026, month + 1, 1),
                provider_signed_on=date(2026, month + 1, 1),
            ),
        )  # fmt: skip
