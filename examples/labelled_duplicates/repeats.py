"""What rightly comes again, or looks as if it did: every class of it, each a function that bills it."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from random import Random

from labelled_duplicates.bill import Bill, Service
from labelled_duplicates.desk import Desk
from labelled_duplicates.world import RENTED, SIDED, THERAPIES, VISITS, Payee, Person, alike

Repeat = Callable[[Desk, Random], Iterator[Bill]]


def visit(desk: Desk, random: Random) -> Iterator[Bill]:
    """Nothing comes again: the bulk of what is billed."""
    person, payee, day = desk.person(), desk.payee(), desk.day()
    yield desk.bill("visit", person, payee, _visit(random, payee, day, random.choice((1, 1, 2, 3, 4))))


def weekly_therapy(desk: Desk, random: Random) -> Iterator[Bill]:
    yield from _series(desk, random, "weekly therapy", [7 * at for at in range(random.randint(3, 10))])


def therapy_on_most_days(desk: Desk, random: Random) -> Iterator[Bill]:
    days = [7 * week + day for week in range(random.randint(1, 4)) for day in (0, 2, 4)]
    yield from _series(desk, random, "therapy three times a week", days)


def daily_care(desk: Desk, random: Random) -> Iterator[Bill]:
    """By units, each day its own request: some days alike to the cent."""
    person, payee, day = desk.person(), desk.payee(), desk.day()
    for at in range(random.randint(4, 14)):
        units = random.choice((8, 8, 8, 12, 16))
        on = day + timedelta(days=at)
        service = Service("T1019", on, on, units * 6 * payee.percent, units)
        yield desk.bill("daily care by units", person, payee, [service])


def rented(desk: Desk, random: Random) -> Iterator[Bill]:
    """From the first of a month to the last, month after month, always the same amount."""
    person, payee, day = desk.person(), desk.payee(), desk.day()
    code = random.choice(tuple(RENTED))
    for months in range(random.randint(2, 5)):
        first, last = _month(day, months)
        service = Service(code, first, last, RENTED[code] * payee.percent // 100, 1, ("RR",))
        yield desk.bill("monthly rent", person, payee, [service])


def child_care(desk: Desk, random: Random) -> Iterator[Bill]:
    """A month of weeks for one child, every month the same."""
    person, payee, day, rate = desk.person(), desk.payee(), desk.day(), random.randrange(15_000, 40_000, 500)
    for months in range(random.randint(1, 4)):
        first, last = _month(day, months)
        weeks = [first + timedelta(days=7 * at) for at in range(4)]
        services = [Service("CCFT", one, min(one + timedelta(days=4), last), rate) for one in weeks]
        bill = desk.bill("monthly child care", person, payee, services)
        yield bill.again(
            programme="child-care", payer="COUNTY", documents=(("rate-sheet", desk.standing(payee)),)
        )


def twins(desk: Desk, random: Random) -> Iterator[Bill]:
    """Under one subscriber id, on one day, for one service; only the first name differs."""
    yield from _relatives(desk, random, desk.twins(), "twins on one day")


def siblings(desk: Desk, random: Random) -> Iterator[Bill]:
    yield from _relatives(desk, random, desk.siblings(), "siblings on one day")


def both_sides(desk: Desk, random: Random) -> Iterator[Bill]:
    person, payee, day, code = desk.person(), desk.payee(), desk.day(), random.choice(tuple(SIDED))
    for side in ("LT", "RT"):
        charge = SIDED[code] * payee.percent // 100
        yield desk.bill("both sides", person, payee, [Service(code, day, day, charge, 1, (side,))])


def again_on_one_day(desk: Desk, random: Random) -> Iterator[Bill]:
    """A second encounter or a repeated procedure, and the modifier that says so."""
    person, payee, day = desk.person(), desk.payee(), desk.day()
    first = _visit(random, payee, day, 1)
    yield desk.bill("again on one day, said so", person, payee, first)
    modifier = random.choice(("59", "XE", "76", "77", "27"))
    second = [Service(first[0].code, day, day, first[0].charge_cents, 1, (modifier,))]
    yield desk.bill("again on one day, said so", person, payee, second)


def other_services(desk: Desk, random: Random) -> Iterator[Bill]:
    """Two requests for one day: what the first did not bill."""
    person, payee, day = desk.person(), desk.payee(), desk.day()
    services = _visit(random, payee, day, 4)
    yield desk.bill("other services of the day", person, payee, services[:2])
    yield desk.bill("other services of the day", person, payee, services[2:])


def other_payee(desk: Desk, random: Random) -> Iterator[Bill]:
    """Two providers on one day, each at its own price; often the same code."""
    person, day = desk.person(), desk.day()
    for payee in desk.two_payees():
        services = _visit(random, payee, day, 1)
        if random.random() < 0.3:
            services = [Service("99213", day, day, VISITS["99213"] * payee.percent // 100)]
        yield desk.bill("two providers on one day", person, payee, services)


def two_halves(desk: Desk, random: Random) -> Iterator[Bill]:
    """One picture: the hospital bills the machine, the physician the reading."""
    person, day = desk.person(), desk.day()
    for payee, part in zip(desk.two_payees(), ("TC", "26"), strict=True):
        service = Service("71046", day, day, 3_400 * payee.percent // 100, 1, (part,))
        yield desk.bill("machine and reading", person, payee, [service])


def second_payer(desk: Desk, random: Random) -> Iterator[Bill]:
    """The whole bill once more, to the payer that comes second and knows the person by another number."""
    person, payee, day = desk.person(), desk.payee(), desk.day()
    bill = desk.bill("to the second payer", person, payee, _visit(random, payee, day, 2))
    yield bill
    same_id = random.random() < 0.3
    number = person.member_id if same_id else f"{random.randrange(10**8, 10**9)}"
    other = Person(number, person.last_name, person.first_name, person.birth_date)
    yield desk.follows(bill, 10).again(payer="SECONDPLAN", payer_order="S", person=other)


def replaced(desk: Desk, random: Random) -> Iterator[Bill]:
    bill = next(visit(desk, random)).again(case="replaced")
    yield bill
    dearer = tuple(
        Service(one.code, one.first, one.last, one.charge_cents + 500, one.units, one.modifiers)
        for one in bill.services
    )
    yield desk.follows(bill, 6).again(number=bill.number, version=2, frequency="7", services=dearer)


def voided(desk: Desk, random: Random) -> Iterator[Bill]:
    bill = next(visit(desk, random)).again(case="voided")
    yield bill
    yield desk.follows(bill, 6).again(number=bill.number, version=2, frequency="8")


REPEATS: tuple[tuple[int, Repeat], ...] = (
    (500, visit), (12, weekly_therapy), (8, therapy_on_most_days), (5, daily_care), (12, rented), (14, child_care),
    (10, twins), (14, siblings), (14, both_sides), (14, again_on_one_day), (22, other_services), (22, other_payee),
    (8, two_halves), (12, second_payer), (12, replaced), (6, voided),
)  # fmt: skip
"""How often each happens, beside the others."""


def _visit(random: Random, payee: Payee, day: date, lines: int) -> list[Service]:
    codes = random.sample(tuple(VISITS), lines)
    return [Service(code, day, day, VISITS[code] * payee.percent // 100) for code in codes]


def _series(desk: Desk, random: Random, case: str, days: Iterable[int]) -> Iterator[Bill]:
    """The same lines at the same price, each time."""
    person, payee, day = desk.person(), desk.payee(), desk.day()
    chosen = [(code, random.randint(1, 3)) for code in random.sample(tuple(THERAPIES), random.randint(1, 2))]
    for at in days:
        on = day + timedelta(days=at)
        services = [
            Service(code, on, on, THERAPIES[code] * units * payee.percent // 100, units)
            for code, units in chosen
        ]
        yield desk.bill(case, person, payee, services)


def _relatives(desk: Desk, random: Random, people: Iterable[Person], case: str) -> Iterator[Bill]:
    payee, day = desk.payee(), desk.day()
    services = _visit(random, payee, day, random.choice((1, 2)))
    bills = [desk.bill(case, person, payee, services) for person in people]
    if alike(*[bill.person for bill in bills]):
        bills = [bill.again(case=f"{case}, first names alike", label="alike") for bill in bills]
    yield from bills


def _month(day: date, months: int) -> tuple[date, date]:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first = date(year, month + 1, 1)
    return first, first.replace(day=monthrange(year, month + 1)[1])
