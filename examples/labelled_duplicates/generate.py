"""The whole labelled set of a seed, in the order in which it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from labelled_duplicates.bill import Bill
from labelled_duplicates.desk import Desk, npis
from labelled_duplicates.duplicates import DUPLICATES, label_of
from labelled_duplicates.repeats import REPEATS
from labelled_duplicates.world import families, payees

REQUESTS = 50_000
SHARE_OF_DUPLICATES = 0.01


def generate(seed: int, requests: int = REQUESTS, share: float = SHARE_OF_DUPLICATES) -> list[Bill]:
    """``share`` of the requests bill again what another one billed. ``of`` is a place in the list."""
    random = Random(seed)
    desk = Desk(
        random,
        families(random, max(50, requests // 5)),
        payees(random, npis(random, max(20, requests // 150))),
    )
    doubled = round(requests * share)
    first = list(_bills(desk, random, requests - doubled))
    repeated: dict[int, Bill] = {}
    for at in random.sample([at for at, one in enumerate(first) if _may_repeat(first, at)], doubled):
        repeated[at] = _again(desk, random, first[at])
    return _in_order(first, repeated)


def _bills(desk: Desk, random: Random, count: int) -> Iterator[Bill]:
    made = 0
    weights, repeats = [weight for weight, _ in REPEATS], [repeat for _, repeat in REPEATS]
    while made < count:
        for bill in random.choices(repeats, weights)[0](desk, random):
            if made == count:
                return
            made += 1
            yield bill


def _may_repeat(bills: list[Bill], at: int) -> bool:
    """An original that nothing replaces and no second payer is billed for."""
    return bills[at].frequency == "1" and bills[at].case not in ("replaced", "voided", "to the second payer")


def _again(desk: Desk, random: Random, bill: Bill) -> Bill:
    weights, duplicates = [weight for weight, _ in DUPLICATES], [one for _, one in DUPLICATES]
    while True:
        made = random.choices(duplicates, weights)[0](desk, random, bill)
        if made is None:
            continue
        label, case = label_of(bill, made)
        keeps_number = made.partner != bill.partner and random.random() < 0.5
        return made.again(
            number=bill.number if keeps_number else desk.number(),
            received_on=bill.received_on + timedelta(days=random.randrange(0, 90)),
            invoice=made.invoice if random.random() < 0.9 or label != "exact" else None,
            label=label,
            case=case,
        )


def _in_order(first: list[Bill], repeated: dict[int, Bill]) -> list[Bill]:
    """By day; what repeats stands after what it repeats."""
    order: list[tuple[date, int, int, Bill]] = []
    for at, bill in enumerate(first):
        order.append((bill.received_on, at, 0, bill))
        if at in repeated:
            order.append((repeated[at].received_on, at, 1, repeated[at]))
    order.sort(key=lambda one: one[:3])
    places = {(at, turn): place for place, (_, at, turn, _) in enumerate(order)}
    return [bill.again(of=places[at, 0]) if turn else bill for _, at, turn, bill in order]
