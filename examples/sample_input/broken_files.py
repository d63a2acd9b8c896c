"""Files that are not whole, claims in good files that cannot be read, and a file that is sent twice."""

from __future__ import annotations

from sample_input.claims import BUSINESS_DAY
from sample_input.csv_rows import write_csv
from sample_input.feed import FIRST, SECOND, request_id
from sample_input.scenario import Scenario
from sample_input.x12 import write_837p
from throughline.requests import PaymentRequest

PARTNER = "northclear"
FOLDER = f"files/{PARTNER}"
CONTROL = 900
"""Interchange control numbers of these files, away from the others'."""


def cut_off(scenario: Scenario) -> None:
    """An 837P that ends in its middle: nothing of it is applied, and each claim that can be seen is told why."""
    whole = _written(scenario, [scenario.maker.clean() for _ in range(3)], CONTROL)
    _refused(scenario, f"{FIRST}/{FOLDER}/cut-off.837", whole[: whole.rindex(b"HI*")], 3, "truncated")


def miscounted(scenario: Scenario) -> None:
    """An 837P whose count of segments is wrong: it may have lost some, so nothing of it is applied."""
    whole = _written(scenario, [scenario.maker.clean() for _ in range(2)], CONTROL + 1)
    before, _, after = whole.partition(b"SE*")
    count, _, rest = after.partition(b"*")
    content = before + b"SE*" + str(int(count) + 1).encode() + b"*" + rest
    _refused(scenario, f"{FIRST}/{FOLDER}/miscounted.837", content, 2, "envelope_count")


def unreadable_claim_among_good(scenario: Scenario) -> None:
    """One claim with a service date that no calendar has: it alone is refused, its neighbours are paid."""
    good = [scenario.maker.clean(lines_max=1) for _ in range(3)]
    name = f"{FIRST}/{FOLDER}/one-claim-unreadable.837"
    content = _written(scenario, good, CONTROL + 2)
    ordered = sorted(good, key=lambda one: one.payee.identifier)
    start = content.index(b"DTP*472*D8*", content.index(ordered[1].number.encode())) + len(b"DTP*472*D8*")
    scenario.feed.raw_files[name] = content[:start] + b"20261399" + content[start + 8 :]
    for position, request in enumerate(ordered, start=1):
        if position == 2:
            scenario.feed.expect_answer(name, position, "refused", ("date",))
        else:
            _accepted(scenario, name, position, request)


def misspelt_column(scenario: Scenario) -> None:
    """A CSV with a column that nobody knows: refused whole by one answer, nothing dropped in silence."""
    content = write_csv([scenario.maker.clean() for _ in range(2)]).replace(
        b"authorisation_number", b"auth_no", 1
    )
    _refused(scenario, f"{FIRST}/{FOLDER}/misspelt-column.csv", content, 1, "csv_header")


def amount_in_words(scenario: Scenario) -> None:
    """A CSV claim whose charge is no number: it alone is refused."""
    good = [scenario.maker.clean(lines_max=1) for _ in range(3)]
    name = f"{FIRST}/{FOLDER}/amount-in-words.csv"
    rows = write_csv(good).split(b"\r\n")
    cells = rows[2].split(b",")
    cells[23] = b"forty"
    rows[2] = b",".join(cells)
    scenario.feed.raw_files[name] = b"\r\n".join(rows)
    for position, request in enumerate(good, start=1):
        if position == 2:
            scenario.feed.expect_answer(name, position, "refused", ("format",))
        else:
            _accepted(scenario, name, position, request)


def sent_twice(scenario: Scenario) -> None:
    """The same file again under another name: every claim is answered as before, and nothing is paid twice."""
    good = [scenario.maker.clean() for _ in range(4)]
    content = _written(scenario, good, CONTROL + 3)
    first, again = f"{FIRST}/{FOLDER}/sent-twice.837", f"{SECOND}/{FOLDER}/sent-twice-again.837"
    scenario.feed.raw_files |= {first: content, again: content}
    for position, request in enumerate(sorted(good, key=lambda one: one.payee.identifier), start=1):
        _accepted(scenario, first, position, request)
        scenario.feed.expect_answer(again, position, "repeated", (), request_id(PARTNER, request), 1)


def _written(scenario: Scenario, requests: list[PaymentRequest], control: int) -> bytes:
    providers = {one.record.identifier: one.record for one in scenario.world.providers}
    ordered = sorted(requests, key=lambda one: one.payee.identifier)
    claims = [(one, providers[one.payee.identifier]) for one in ordered]
    return write_837p(claims, sender=PARTNER, control=control, day=BUSINESS_DAY)


def _refused(scenario: Scenario, name: str, content: bytes, claims: int, reason: str) -> None:
    scenario.feed.raw_files[name] = content
    for position in range(1, claims + 1):
        scenario.feed.expect_answer(name, position, "refused", (reason,))


def _accepted(scenario: Scenario, name: str, position: int, request: PaymentRequest) -> None:
    made = request_id(PARTNER, request)
    scenario.feed.expect_answer(name, position, "accepted", (), made, 1)
    scenario.expect_paid(made, request, "in a file with others")
