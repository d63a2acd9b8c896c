"""Every step sums to zero, and a life that is over leaves no clearing balance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payout.ledger import CLEARING, Account, Step, balances, journal_entry

LIVES = {
    "paid": [Step.APPROVED, Step.SCHEDULED, Step.SETTLED],
    "stopped": [Step.APPROVED, Step.STOPPED],
    "returned, then paid": [Step.APPROVED, Step.SCHEDULED, Step.RETURNED, Step.RESCHEDULED, Step.SETTLED],
    "returned late, then stopped": [
        Step.APPROVED, Step.SCHEDULED, Step.SETTLED, Step.RETURNED_AFTER_SETTLEMENT, Step.STOPPED_AFTER_RETURN,
    ],
    "refused, then paid": [Step.APPROVED, Step.SCHEDULED, Step.REFUSED, Step.RESCHEDULED, Step.SETTLED],
}  # fmt: skip


@pytest.mark.parametrize("life", LIVES)
def test_a_life_that_is_over_leaves_nothing_in_clearing(life: str) -> None:
    entries = [journal_entry(step, "acme", f"{n}", 12_345) for n, step in enumerate(LIVES[life])]
    left = balances(entries)
    assert all(left.get(("acme", account), 0) == 0 for account in CLEARING)
    paid = LIVES[life][-1] is Step.SETTLED
    assert left.get(("acme", Account.CASH), 0) == (-12_345 if paid else 0)
    assert left.get(("acme", Account.CLAIMS), 0) == (12_345 if paid else 0)


@pytest.mark.parametrize("step", Step)
def test_a_step_sums_to_zero(step: Step) -> None:
    assert sum(posting.cents for posting in journal_entry(step, "acme", "x", 7).postings) == 0


def test_the_same_step_of_the_same_thing_is_the_same_entry() -> None:
    assert journal_entry(Step.SETTLED, "acme", "x", 7).id == journal_entry(Step.SETTLED, "acme", "x", 7).id
    assert journal_entry(Step.SETTLED, "acme", "x", 7).id != journal_entry(Step.RETURNED, "acme", "x", 7).id
    assert journal_entry(Step.SETTLED, "acme", "x", 7).id != journal_entry(Step.SETTLED, "beta", "x", 7).id


@pytest.mark.parametrize("cents", [0, -1, 1.5, True])
def test_only_positive_whole_cents_move(cents: object) -> None:
    with pytest.raises(ValueError, match="positive number of cents"):
        journal_entry(Step.APPROVED, "acme", "x", cents)  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.sampled_from(list(Step)), st.sampled_from("ab"), st.integers(1, 10**12))))
def test_any_sequence_of_entries_conserves_money(steps: list[tuple[Step, str, int]]) -> None:
    left = balances(journal_entry(step, payer, str(n), cents) for n, (step, payer, cents) in enumerate(steps))
    assert sum(left.values()) == 0
    for payer in "ab":
        assert sum(cents for (who, _), cents in left.items() if who == payer) == 0
