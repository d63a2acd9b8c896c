"""Random histories of requests, reviewers, orders, accounts, cutoffs and bank answers, in any interleaving of services.

After every step no promise about money may be broken; at the end, when nobody has anything left to do, everything that
was accepted stands somewhere and everybody says the same of it. RANDOM_HISTORIES=500 looks longer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.invariants.histories import Histories, Start
from tests.invariants.places import Loop, migrate
from tests.invariants.small_line import SmallLine

from throughline.payments import PaymentReversed

HISTORIES = int(os.environ.get("RANDOM_HISTORIES", "12"))
LONG = HISTORIES > 12

PLAIN: dict[str, Any] = {"partner": 0, "payee": 0, "number": 1, "bill": 0, "kind": "plain", "payer": "acme"}


def corrections_meet_an_item_that_waits_and_one_in_a_batch(history: Histories) -> None:
    """Payout must stop the first, and not the second: both of its versions would be paid."""
    history.enrol(0, 0)
    for number in (1, 2):
        history.submit({**PLAIN, "number": number, "bill": number})
    history.everybody_hears()
    history.correct(1, void=False, bill=2, kind="plain")
    history.everybody_hears()
    history.cutoff(late=False, settle_down=False)
    history.correct(0, void=False, bill=0, kind="plain")
    history.everybody_hears()


def one_bill_comes_by_two_partners(history: Histories) -> None:
    """Validation must see the other owner: both would be paid."""
    history.enrol(0, 0)
    for partner in (0, 1):
        history.submit({**PLAIN, "partner": partner})
        history.everybody_hears()
    history.cutoff(late=False, settle_down=True)


def a_payment_is_taken_back(history: Histories) -> None:
    history.enrol(0, 0)
    history.submit(PLAIN)
    history.day_at_the_bank(back=False, held=False)
    history.take_back(0, given_back=False)
    assert history.line.events(PaymentReversed)


STARTS = (
    corrections_meet_an_item_that_waits_and_one_in_a_batch,
    one_bill_comes_by_two_partners,
    a_payment_is_taken_back,
)


@pytest.fixture
def small_line(postgres: Any, tmp_path: Path) -> Iterator[tuple[Loop, SmallLine]]:
    dsns = {name: postgres.make_database(name) for name in ("intake", "validation", "payout", "remittance")}
    for name, dsn in dsns.items():
        migrate(name, dsn)
    loop, line = Loop(), SmallLine(tmp_path)
    loop.run(line.start(dsns.__getitem__))
    yield loop, line
    loop.run(line.close())
    loop.close()


def live(small_line: tuple[Loop, SmallLine], histories: int, *begins: Start) -> None:
    class OnThisLine(Histories):
        loop, line = small_line
        starts = begins

    run_state_machine_as_test(
        OnThisLine,
        settings=settings(
            max_examples=histories,
            stateful_step_count=30,
            deadline=None,
            derandomize=not LONG,
            phases=(Phase.generate,)
            if LONG
            else tuple(Phase),  # a long look names the fault; shrink it by hand
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_history_breaks_a_promise(small_line: tuple[Loop, SmallLine]) -> None:
    live(small_line, HISTORIES)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("start", STARTS, ids=[start.__name__ for start in STARTS])
def test_no_history_that_begins_so_breaks_a_promise(small_line: tuple[Loop, SmallLine], start: Start) -> None:
    live(small_line, max(2, HISTORIES // 10), start)
