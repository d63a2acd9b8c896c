"""The states people see: one row per situation, and the same answer in whatever order the topics are read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifecycle_cases import CASES
from lifecycle_events import (
    APPROVED,
    DENIED,
    EXCEPTED,
    HELD_RETURNED,
    PAID,
    PAYMENT_2,
    RECEIVED,
    REPLACED,
    RETURNED,
    REVERSED,
    SCHEDULED,
    SENT,
    SETTLED,
    UNPAID_POSTED,
    VOID,
    example,
    revoked,
    stopped,
    told,
)

from throughline import flow
from throughline.lifecycle import TABLE, State, Substatus, Told, VersionState, fold
from throughline.message import Message
from throughline.reasons import Reason


def shown(states: dict[int, VersionState]) -> VersionState:
    return states[max(states)]


@pytest.mark.parametrize(
    ("situation", "events", "state", "substatus"), CASES, ids=[case[0] for case in CASES]
)
def test_where_a_request_stands(
    situation: str, events: Sequence[Message], state: State, substatus: Substatus
) -> None:
    found = shown(fold(told(*events)))
    assert (found.state, found.substatus) == (state, substatus), found.label
    assert not found.pending and not found.refused


def test_versions() -> None:
    corrected = fold(told(RECEIVED, EXCEPTED, REPLACED))
    assert (corrected[1].substatus, corrected[2].state) == (Substatus.CORRECTED, State.SUBMITTED)
    stopped_first = fold(told(RECEIVED, APPROVED, REPLACED, revoked("correction"), stopped("correction")))
    assert (stopped_first[1].label, stopped_first[2].label) == ("Approved (corrected)", "Submitted")
    assert {v: s.label for v, s in fold(told(RECEIVED, EXCEPTED, VOID)).items()} == {
        1: "Exception (voided)",
        2: "Submitted (voided)",
    }
    void_approved = fold(told(RECEIVED, APPROVED, VOID, revoked("void"), stopped("void")))
    assert [one.substatus for one in void_approved.values()] == [Substatus.VOIDED, Substatus.VOIDED]
    too_late = fold(
        told(
            *PAID,
            REPLACED,
            revoked("correction"),
            example("ItemTooLate", cause="correction"),
            EXCEPTED.model_copy(update={"version": 2}),
        )
    )
    assert (too_late[1].label, too_late[2].label) == ("Paid", "Exception")


@pytest.mark.parametrize(
    "came_back", [(RETURNED, HELD_RETURNED, REVERSED), (HELD_RETURNED, RETURNED, REVERSED)]
)
def test_a_correction_that_came_too_late_wins_when_the_money_comes_back(came_back: Sequence[Message]) -> None:
    too_late = example("ItemTooLate", cause="correction")
    stuck = EXCEPTED.model_copy(update={"version": 2, "reason": Reason.RECOVERY_NEEDED})
    asked = (*PAID, REPLACED, revoked("correction"), too_late, stuck)
    won = (*asked, *came_back, revoked("correction"), stopped("correction"))
    decided = APPROVED.model_copy(update={"version": 2})
    states = fold(told(*won, decided))
    assert [one.label for one in states.values()] == ["Exception (corrected)", "Approved"]
    assert not any(one.pending or one.refused for one in states.values())
    excepted = fold(
        told(*won, EXCEPTED.model_copy(update={"version": 2, "reason": Reason.DUPLICATE}), decided)
    )
    assert excepted[2].label == "Exception" and excepted[2].pending, (
        "an exception of its own is not passed over"
    )


def test_what_was_approved_at_zero_gives_way_to_the_next_version() -> None:
    zero = APPROVED.model_copy(
        update={"adjudication": APPROVED.adjudication.model_copy(update={"paid_cents": 0})}  # type: ignore[attr-defined]
    )
    superseded = example("RemittanceSuperseded", version=1)
    decided = APPROVED.model_copy(update={"version": 2})
    paid = fold(told(RECEIVED, zero, UNPAID_POSTED, REPLACED, decided, superseded))
    assert [one.label for one in paid.values()] == ["Paid (corrected)", "Approved"]
    assert not paid[1].remitted and not any(one.pending or one.refused for one in paid.values())
    voided = fold(told(RECEIVED, zero, UNPAID_POSTED, VOID))
    assert [one.label for one in voided.values()] == ["Paid (voided)", "Submitted (voided)"]
    unexplained = fold(told(RECEIVED, zero, REPLACED))
    assert unexplained[1].label == "Approved (corrected)"
    assert fold(told(*PAID, REPLACED))[1].label == "Paid", "what was paid is not given up"


def test_a_void_that_came_too_late_wins_when_the_money_comes_back() -> None:
    stuck = EXCEPTED.model_copy(update={"version": 2, "reason": Reason.RECOVERY_NEEDED})
    asked = (*PAID, VOID, revoked("void"), example("ItemTooLate", cause="void"), stuck)
    states = fold(told(*asked, RETURNED, HELD_RETURNED, REVERSED, revoked("void"), stopped("void")))
    assert [one.label for one in states.values()] == ["Exception (voided)", "Exception (voided)"]


VOID_OF_2 = VOID.model_copy(update={"version": 3, "replaces_version": 2})


def test_a_void_after_a_stuck_correction_waits_for_the_same_recovery() -> None:
    stuck = [EXCEPTED.model_copy(update={"version": n, "reason": Reason.RECOVERY_NEEDED}) for n in (2, 3)]
    too_late = example("ItemTooLate", cause="correction")
    asked = (*PAID, REPLACED, revoked("correction"), too_late, stuck[0], VOID_OF_2, stuck[1])
    out = fold(told(*asked))
    assert [one.label for one in out.values()] == ["Paid", "Exception (voided)", "Exception"], "money is out"
    back = fold(told(*asked, RETURNED, HELD_RETURNED, REVERSED, revoked("void"), stopped("void")))
    assert [one.label for one in back.values()] == ["Exception (voided)"] * 3


def test_a_void_after_a_waiting_correction_is_done_when_the_approved_version_is_stopped() -> None:
    asked = (RECEIVED, APPROVED, REPLACED, revoked("correction"), VOID_OF_2)
    assert [one.label for one in fold(told(*asked)).values()] == [
        "Approved",
        "Submitted (voided)",
        "Submitted",
    ]
    done = fold(told(*asked, stopped("correction")))
    assert [one.label for one in done.values()] == [
        "Approved (corrected)",
        "Submitted (voided)",
        "Submitted (voided)",
    ]


@given(st.sampled_from(CASES), st.randoms(use_true_random=False))
def test_the_order_in_which_topics_are_read_does_not_matter(
    case: tuple[str, Sequence[Message], State, Substatus], random: object
) -> None:
    events = told(*case[1])
    shuffled = events * 2
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert shown(fold(shuffled)).label == shown(fold(events)).label
    assert (shown(fold(shuffled)).state, shown(fold(shuffled)).substatus) == case[2:]


@given(st.sampled_from(CASES), st.randoms(use_true_random=False))
def test_a_part_of_the_events_is_never_refused(
    case: tuple[str, Sequence[Message], State, Substatus], random: object
) -> None:
    """What has not come yet leaves others pending: nothing that is right is called wrong."""
    events = told(*case[1])
    by_stream: dict[tuple[str, str], list[Told]] = {}
    for one in events:
        by_stream.setdefault((one.topic, one.key), []).append(one)
    part = [one for stream in by_stream.values() for one in stream[: random.randint(0, len(stream))]]  # type: ignore[attr-defined]
    for state in fold(part).values():
        assert not state.refused


NOT_IN_TABLE: list[tuple[str, Sequence[Message]]] = [
    ("approved after denial", (RECEIVED, DENIED, APPROVED)),
    (
        "scheduled twice",
        (RECEIVED, APPROVED, SCHEDULED, SCHEDULED.model_copy(update={"payment_id": PAYMENT_2}), APPROVED),
    ),
    ("scheduled after it was stopped", (RECEIVED, APPROVED, revoked("void"), stopped("void"), SCHEDULED)),
    ("received twice", (RECEIVED, RECEIVED)),
    ("denied after payment", (*PAID, DENIED)),
]


@pytest.mark.parametrize(("situation", "events"), NOT_IN_TABLE, ids=[case[0] for case in NOT_IN_TABLE])
def test_what_is_not_in_the_table_is_refused_and_kept(situation: str, events: Sequence[Message]) -> None:
    found = shown(fold(told(*events)))
    assert found.refused or found.pending
    before = shown(fold(told(*events[:-1])))
    assert (found.state, found.substatus) == (before.state, before.substatus)


def test_every_pair_that_is_not_in_the_table_changes_nothing() -> None:
    """Each kind of event against each node reached by the cases: a move happens only where a row says so."""
    kinds = {type(event): event for case in CASES for event in case[1]}
    for situation, events, state, substatus in CASES:
        if (
            situation in ("withdrawn while open", "priced to zero and explained")
            or substatus is Substatus.ON_HOLD
        ):
            continue  # a set has no order between topics: the added event may have come before the last one
        for kind, event in kinds.items():
            rows = [row for row in TABLE if row.on is kind and (state, substatus) in row.come_from]
            after = shown(fold(told(*events, event)))
            if not rows and kind.__name__ != "SubmissionWithdrawn":
                assert (after.state, after.substatus) == (state, substatus), (state, substatus, kind.__name__)


def test_rows_name_known_services_and_events() -> None:
    for row in TABLE:
        topic = next(topic for topic in flow.TOPICS if row.on in topic.messages)
        assert row.owner in topic.speaks


def test_another_payments_events_are_not_ours() -> None:
    other = SETTLED.model_copy(update={"payment_id": UUID(int=7)})
    assert shown(fold(told(RECEIVED, APPROVED, SCHEDULED, SENT, other))).label == "Payout scheduled"


def test_dates_are_business_dates() -> None:
    assert RECEIVED.received_on == date(2026, 11, 16)  # type: ignore[attr-defined]
