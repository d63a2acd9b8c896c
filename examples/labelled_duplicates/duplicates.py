"""What is billed twice: the same bill again, by another way, by another hand, or not quite. One function a class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random

from labelled_duplicates.bill import Bill, Label, Service
from labelled_duplicates.desk import CHANNELS, PARTNERS, Desk
from labelled_duplicates.slips import exchanged, mistyped
from labelled_duplicates.world import VISITS, alike, without

Duplicate = Callable[[Desk, Random, Bill], Bill | None]
"""None where that bill cannot be repeated in that way."""


def sent_again(desk: Desk, random: Random, bill: Bill) -> Bill | None:
    return bill.again(case="sent again under another number")


def other_channel(desk: Desk, random: Random, bill: Bill) -> Bill | None:
    """Each channel asks for something else: a birth date or first name may be missing."""
    channel = random.choice([one for one in CHANNELS if one != bill.channel])
    person = without(bill.person, birth=random.random() < 0.2, first=random.random() < 0.1)
    return bill.again(case="by another channel", channel=channel, person=person)


def other_submitter(desk: Desk, random: Random, bill: Bill) -> Bill | None:
    """The payee and its billing company both send it; one in two keeps the number."""
    partner = random.choice([one for one in PARTNERS if one != bill.partner])
    return bill.again(case="by another submitter", partner=partner, submitted_by=bill.submitted_by + 50)


def name_mistyped(desk: Desk, random: Random, bill: Bill) -> Bill | None:
    person = replace(bill.person, last_name=mistyped(random, bill.person.last_name))
    if bill.person.first_name is not None and random.random() < 0.3:
        person = replace(bill.person, first_name=mistyped(random, bill.person.first_name))
    return bill.again(case="a slip in the name", person=person)


def name_and_amount(desk: Desk, random: Random, bill: Bill) -> Bill | None:
    typed, dearer = name_mistyped(desk, random, bill), amount_changed(desk, random, bill)
    assert typed is not None and dearer is not None
    return bill.again(
        case="a slip in the name, another amount", person=typed.person, services=dearer.services
    )


def member_mistyped(desk: Desk, random: Random, bill: Bill) -> Bill | None:
    person = replace(bill.person, member_id=mistyped(random, bill.person.member_id))
    return bill.again(case="a slip in the member id", person=person)


def digits_swapped(desk: Desk, random: Random, bill: Bill) -> Bill | None:
    person = replace(bill.person, member_id=exchanged(random, bill.person.member_id))
    return bill.again(case="swapped digits of the member id", person=person)


def member_by_other_channel(desk: Desk, random: Random, bill: Bill) -> Bill | None:
    typed, sent = member_mistyped(desk, random, bill), other_channel(desk, random, bill)
    assert typed is not None and sent is not None
    person = replace(sent.person, member_id=typed.person.member_id)
    return sent.again(case="a slip in the member id, by another channel", person=person)


def lines_split(desk: Desk, random: Random, bill: Bill) -> Bill | None:
    """Every line of several units becomes several lines; or one of one unit becomes two of half the charge."""
    services: list[Service] = []
    for one in bill.services:
        parts = one.units if 1 < one.units <= 4 else 2
        share = one.charge_cents // parts
        units = max(1, one.units // parts)
        rest = replace(one, charge_cents=one.charge_cents - share * (parts - 1), units=units)
        services += [replace(one, charge_cents=share, units=units)] * (parts - 1) + [rest]
    return bill.again(case="lines split", services=tuple(services))


def lines_joined(desk: Desk, random: Random, bill: Bill) -> Bill | None:
    """The days of a period on one line, or every line's units at once."""
    codes = {one.code for one in bill.services}
    if len(bill.services) < 2 or len(codes) > 1:
        return None
    joined = replace(
        bill.services[0], last=max(one.last for one in bill.services),
        charge_cents=sum(one.charge_cents for one in bill.services), units=sum(one.units for one in bill.services),
    )  # fmt: skip
    return bill.again(case="lines joined", services=(joined,))


def amount_changed(desk: Desk, random: Random, bill: Bill) -> Bill | None:
    """Another price list, or digits of the charge in the wrong order."""
    factor = random.randrange(70, 140)
    services = []
    for one in bill.services:
        charge = one.charge_cents * factor // 100
        if random.random() < 0.4:
            charge = int(exchanged(random, str(one.charge_cents)))
        services.append(replace(one, charge_cents=max(charge, 1) + (charge == one.charge_cents)))
    return bill.again(case="another amount", services=tuple(services))


def dates_shifted(desk: Desk, random: Random, bill: Bill) -> Bill | None:
    """Every date by the same number of days: one mostly, sometimes a week or more."""
    days = random.choice((1, 1, 1, 2, 3, 5, 7, 9)) * random.choice((-1, 1))
    shift = timedelta(days=days)
    services = tuple(replace(one, first=one.first + shift, last=one.last + shift) for one in bill.services)
    return bill.again(case="shifted dates", services=services)


def code_mistyped(desk: Desk, random: Random, bill: Bill) -> Bill | None:
    codes = [one for one in VISITS if one not in {each.code for each in bill.services}]
    services = tuple(replace(one, code=random.choice(codes)) for one in bill.services)
    return bill.again(case="another code, the same amount", services=services)


def under_another_payee(desk: Desk, random: Random, bill: Bill) -> Bill | None:
    payee = next(one for one in desk.two_payees() if one.tin != bill.payee.tin)
    return bill.again(case="billed by another payee too", payee=payee, invoice=None)


DUPLICATES: tuple[tuple[int, Duplicate], ...] = (
    (3, sent_again), (5, other_channel), (5, other_submitter), (3, name_mistyped), (4, name_and_amount),
    (6, member_mistyped), (6, digits_swapped), (4, member_by_other_channel), (6, lines_split), (3, lines_joined),
    (6, amount_changed), (6, dates_shifted), (3, code_mistyped), (3, under_another_payee),
)  # fmt: skip
SUSPECT = frozenset({"another code, the same amount", "billed by another payee too"})


def label_of(bill: Bill, again: Bill) -> tuple[Label, str]:
    """By what the two bills say. A line that is equal in all that a bill consists of makes it exact."""
    if again.case in SUSPECT:
        return "suspect", again.case
    if not alike(bill.person, again.person):
        return "untellable", f"{again.case}, beyond recognition"
    if _key(bill) & _key(again) and bill.person.member_id == again.person.member_id:
        return "exact", again.case
    overlaps = any(
        one.first <= two.last and two.first <= one.last for one in bill.services for two in again.services
    )
    if not overlaps and (bill.invoice is None or bill.invoice != again.invoice):
        return "untellable", f"{again.case}, to days that were not billed"
    if not overlaps:
        return "near", f"{again.case}, on the same invoice"
    known = [
        None not in (one, two)
        for one, two in (
            (bill.person.first_name, again.person.first_name),
            (bill.person.birth_date, again.person.birth_date),
        )
    ]
    if bill.person.member_id != again.person.member_id and not all(known):
        return "untellable", f"{again.case}, first name or birth date not given"
    return "near", again.case


def _key(bill: Bill) -> set[tuple[object, ...]]:
    return {
        (bill.payee.npi, one.first, one.last, one.code, tuple(sorted(one.modifiers)), one.units, one.charge_cents)
        for one in bill.services
    }  # fmt: skip
