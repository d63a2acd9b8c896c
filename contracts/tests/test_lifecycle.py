"""The states people see: one row per situation, and the same answer in whatever order the topics are read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline import flow
from throughline.identifiers import derived
from throughline.lifecycle import TABLE, State, Substatus, Told, VersionState, fold
from throughline.message import REGISTRY, Message
from throughline.reasons import Reason

EXAMPLES = Path(__file__).parent.parent / "examples"
NOW = datetime(2026, 11, 16, 15, tzinfo=UTC)
PAYMENT_2 = derived("payment", "second")


def example(name: str, case: str | None = None, **changes: object) -> Message:
    folder = EXAMPLES / name / "v1"
    path = folder / f"{case}.json" if case else sorted(folder.glob("*.json"))[0]
    message = REGISTRY[name, 1].model_validate_json(path.read_bytes())
    return message.model_copy(update=changes)


def told(*events: Message) -> list[Told]:
    """Events as their speakers would say them: each on its topic, in order within it."""
    heard = []
    for order, event in enumerate(events):
        topic = next(topic.name for topic in flow.TOPICS if type(event) in topic.messages)
        ids = (getattr(event, name, None) for name in ("request_id", "payment_id", "batch_id"))
        key = str(next(filter(None, ids), None))
        heard.append(Told(topic, key, order, derived("told", str(order)), NOW, event))
    return heard


RECEIVED = example("SubmissionReceived", "first")
REVIEW = example("ReviewOpened")
APPROVED = example("SubmissionApproved")
DENIED = example("SubmissionDenied")
EXCEPTED = example("SubmissionExcepted")
WITHDRAWN = example("SubmissionWithdrawn")
HELD = example("ItemHeld", "no-account")
RELEASED = example("ItemReleased")
SCHEDULED = example("ItemScheduled")
SENT = example("PaymentSent")
SETTLED = example("PaymentSettled")
RETURNED = example("PaymentReturned")
HELD_RETURNED = example("ItemHeld", "returned")
HELD_REFUSED = HELD_RETURNED.model_copy(update={"reason": Reason.REFUSED_BY_BANK})
REFUSED = example("PaymentRefused", payment_id=RETURNED.payment_id)  # type: ignore[attr-defined]
POSTED = example("RemittancePosted", "paid")
UNPAID_POSTED = example("RemittancePosted", "denied")
REVERSED = example("RemittanceReversed")
REPLACED = example("SubmissionReceived", "replacement")
VOID = REPLACED.model_copy(update={"request": REPLACED.request.model_copy(update={"frequency": "8"})})  # type: ignore[attr-defined]


RECALLED = REVIEW.model_copy(update={"reasons": (Reason.RECALLED,)})
SCHEDULED_AGAIN = SCHEDULED.model_copy(update={"payment_id": PAYMENT_2})
RETURNED_AGAIN = RETURNED.model_copy(update={"payment_id": PAYMENT_2})
HELD_AGAIN = HELD_RETURNED.model_copy(update={"payment_id": PAYMENT_2})


def revoked(cause: str) -> Message:
    return example("ApprovalRevoked", cause=cause)


def stopped(cause: str) -> Message:
    return example("ItemStopped", cause=cause)


PAID = (RECEIVED, APPROVED, SCHEDULED, SENT, SETTLED, POSTED)
REISSUED = example("PaymentReissued")
REVERSING = example("ReversalOrdered")
REVERSAL_LEFT = example("ReversalScheduled")
NOT_REVERSED = example("ReversalFailed")
TAKEN_BACK = example("PaymentReversed")
HELD_REVERSED = HELD_RETURNED.model_copy(update={"reason": Reason.REVERSED})
RELEASED_AFTER_REVERSAL = RELEASED.model_copy(update={"reason": Reason.REVERSED})
UNRELEASED = example("BatchHeld", "release-required")
BATCH_HELD = example("BatchHeld", "by-a-person")
LET_GO = example("BatchReleased")
RELEASED_AFTER_RETURN = RELEASED.model_copy(update={"reason": Reason.RETURNED})
WAITS_AGAIN = (*PAID, RETURNED, HELD_RETURNED, REVERSED, REISSUED, RELEASED_AFTER_RETURN)
SECOND = (
    SCHEDULED_AGAIN,
    SENT.model_copy(update={"payment_id": PAYMENT_2}),
    SETTLED.model_copy(update={"payment_id": PAYMENT_2}),
    POSTED.model_copy(update={"payment_id": PAYMENT_2}),
)
REFUSED_BY_BANK = (RECEIVED, APPROVED, SCHEDULED, SENT, HELD_REFUSED, REFUSED)
CASES: list[tuple[str, Sequence[Message], State, Substatus]] = [
    (
        "refused by the bank, then withdrawn",
        (*REFUSED_BY_BANK, WITHDRAWN, revoked("withdrawal"), stopped("withdrawal")),
        State.EXCEPTION,
        Substatus.WITHDRAWN,
    ),
    (
        "refused by the bank, then recalled and denied",
        (*REFUSED_BY_BANK, revoked("recall"), stopped("recall"), RECALLED, DENIED),
        State.IN_REVIEW,
        Substatus.DENIED,
    ),
    (
        "refused by the bank, sent again and returned",
        (*REFUSED_BY_BANK, RELEASED, SCHEDULED_AGAIN, RETURNED_AGAIN, HELD_AGAIN),
        State.EXCEPTION,
        Substatus.RETURNED,
    ),
    ("received", (RECEIVED,), State.SUBMITTED, Substatus.NONE),
    ("approved by the system", (RECEIVED, APPROVED), State.APPROVED, Substatus.NONE),
    ("in review", (RECEIVED, REVIEW), State.IN_REVIEW, Substatus.NONE),
    ("approved by a person", (RECEIVED, REVIEW, APPROVED), State.APPROVED, Substatus.NONE),
    ("denied by the system", (RECEIVED, DENIED), State.SUBMITTED, Substatus.DENIED),
    ("denied by a person", (RECEIVED, REVIEW, DENIED), State.IN_REVIEW, Substatus.DENIED),
    ("denied and explained", (RECEIVED, DENIED, UNPAID_POSTED), State.SUBMITTED, Substatus.DENIED),
    ("a check failed", (RECEIVED, EXCEPTED), State.EXCEPTION, Substatus.NONE),
    ("exception released to review", (RECEIVED, EXCEPTED, REVIEW), State.IN_REVIEW, Substatus.NONE),
    ("returned for edits", (RECEIVED, REVIEW, EXCEPTED), State.EXCEPTION, Substatus.NONE),
    ("withdrawn while open", (RECEIVED, EXCEPTED, WITHDRAWN), State.EXCEPTION, Substatus.WITHDRAWN),
    (
        "withdrawal of an approval asked",
        (RECEIVED, APPROVED, WITHDRAWN, revoked("withdrawal")),
        State.APPROVED,
        Substatus.NONE,
    ),
    (
        "withdrawn after approval",
        (RECEIVED, APPROVED, WITHDRAWN, revoked("withdrawal"), stopped("withdrawal")),
        State.APPROVED,
        Substatus.WITHDRAWN,
    ),
    ("on hold", (RECEIVED, APPROVED, HELD), State.EXCEPTION, Substatus.ON_HOLD),
    ("released", (RECEIVED, APPROVED, HELD, RELEASED), State.APPROVED, Substatus.NONE),
    (
        "withdrawn on hold",
        (RECEIVED, APPROVED, HELD, revoked("withdrawal"), stopped("withdrawal")),
        State.EXCEPTION,
        Substatus.WITHDRAWN,
    ),
    ("recalled", (RECEIVED, APPROVED, revoked("recall"), stopped("recall")), State.IN_REVIEW, Substatus.NONE),
    ("scheduled", (RECEIVED, APPROVED, SCHEDULED, SENT), State.SCHEDULED, Substatus.NONE),
    (
        "settled, not yet explained",
        (RECEIVED, APPROVED, SCHEDULED, SENT, SETTLED),
        State.SCHEDULED,
        Substatus.NONE,
    ),
    (
        "explained, not yet settled",
        (RECEIVED, APPROVED, SCHEDULED, SENT, POSTED),
        State.SCHEDULED,
        Substatus.NONE,
    ),
    ("paid", PAID, State.PAID, Substatus.NONE),
    ("priced to zero and explained", (RECEIVED, APPROVED, UNPAID_POSTED), State.PAID, Substatus.NONE),
    (
        "returned after payment",
        (*PAID, RETURNED, HELD_RETURNED, REVERSED),
        State.EXCEPTION,
        Substatus.RETURNED,
    ),
    (
        "returned before settlement",
        (RECEIVED, APPROVED, SCHEDULED, SENT, RETURNED, HELD_RETURNED),
        State.EXCEPTION,
        Substatus.RETURNED,
    ),
    (
        "a return is final over a later settlement",
        (RECEIVED, APPROVED, SCHEDULED, SENT, RETURNED, SETTLED),
        State.EXCEPTION,
        Substatus.RETURNED,
    ),
    (
        "reissued",
        (*PAID, RETURNED, HELD_RETURNED, SCHEDULED.model_copy(update={"payment_id": PAYMENT_2})),
        State.SCHEDULED,
        Substatus.NONE,
    ),
    (
        "reissued and paid",
        (
            *PAID,
            RETURNED,
            HELD_RETURNED,
            SCHEDULED.model_copy(update={"payment_id": PAYMENT_2}),
            SENT.model_copy(update={"payment_id": PAYMENT_2}),
            SETTLED.model_copy(update={"payment_id": PAYMENT_2}),
            POSTED.model_copy(update={"payment_id": PAYMENT_2}),
        ),
        State.PAID,
        Substatus.NONE,
    ),
    ("scheduled and held", (RECEIVED, APPROVED, SCHEDULED, UNRELEASED), State.SCHEDULED, Substatus.ON_HOLD),
    (
        "held, released and held again",
        (RECEIVED, APPROVED, SCHEDULED, UNRELEASED, LET_GO, BATCH_HELD),
        State.SCHEDULED,
        Substatus.ON_HOLD,
    ),
    (
        "held, released and paid",
        (RECEIVED, APPROVED, SCHEDULED, UNRELEASED, BATCH_HELD, LET_GO, SENT, SETTLED, POSTED),
        State.PAID,
        Substatus.NONE,
    ),
    (
        "held, too late to stop, released",
        (
            *(RECEIVED, APPROVED, SCHEDULED, UNRELEASED, WITHDRAWN, revoked("withdrawal")),
            *(example("ItemTooLate", cause="withdrawal"), LET_GO),
        ),
        State.SCHEDULED,
        Substatus.NONE,
    ),
    (
        "held, released, refused by the bank",
        (RECEIVED, APPROVED, SCHEDULED, UNRELEASED, LET_GO, SENT, HELD_REFUSED, REFUSED),
        State.EXCEPTION,
        Substatus.ON_HOLD,
    ),
    ("being taken back", (*PAID, REVERSING), State.PAID, Substatus.RECOVERING),
    ("not taken back after all", (*PAID, REVERSING, REVERSAL_LEFT, NOT_REVERSED), State.PAID, Substatus.NONE),
    (
        "taken back",
        (*PAID, REVERSING, REVERSAL_LEFT, TAKEN_BACK, HELD_REVERSED, REVERSED),
        State.EXCEPTION,
        Substatus.REVERSED,
    ),
    (
        "returned while being taken back",
        (*PAID, REVERSING, RETURNED, HELD_RETURNED, REVERSED, NOT_REVERSED),
        State.EXCEPTION,
        Substatus.RETURNED,
    ),
    (
        "taken back and paid again",
        (*PAID, REVERSING, TAKEN_BACK, HELD_REVERSED, REVERSED, REISSUED, RELEASED_AFTER_REVERSAL, *SECOND),
        State.PAID,
        Substatus.NONE,
    ),
    (
        "taken back and withdrawn",
        (
            *(*PAID, REVERSING, TAKEN_BACK, HELD_REVERSED, REVERSED, WITHDRAWN),
            *(revoked("withdrawal"), stopped("withdrawal")),
        ),
        State.EXCEPTION,
        Substatus.WITHDRAWN,
    ),
    ("a return waits to be paid again", WAITS_AGAIN, State.APPROVED, Substatus.NONE),
    ("a return was paid again", (*WAITS_AGAIN, *SECOND), State.PAID, Substatus.NONE),
    (
        "what was paid again came back too",
        (*WAITS_AGAIN, *SECOND, RETURNED_AGAIN, HELD_AGAIN),
        State.EXCEPTION,
        Substatus.RETURNED,
    ),
    (
        "a return is held again at the cutoff",
        (*WAITS_AGAIN, HELD),
        State.EXCEPTION,
        Substatus.ON_HOLD,
    ),
    (
        "a return is withdrawn",
        (*PAID, RETURNED, HELD_RETURNED, REVERSED, WITHDRAWN, revoked("withdrawal"), stopped("withdrawal")),
        State.EXCEPTION,
        Substatus.WITHDRAWN,
    ),
    (
        "a return that waits to be paid again is withdrawn",
        (*WAITS_AGAIN, WITHDRAWN, revoked("withdrawal"), stopped("withdrawal")),
        State.APPROVED,
        Substatus.WITHDRAWN,
    ),
    (
        "refused by the bank",
        (RECEIVED, APPROVED, SCHEDULED, SENT, example("PaymentRefused")),
        State.EXCEPTION,
        Substatus.ON_HOLD,
    ),
    (
        "returned after a mismatch",
        (*PAID, example("MismatchFound"), RETURNED, HELD_RETURNED),
        State.EXCEPTION,
        Substatus.RETURNED,
    ),
    ("mismatch after payment", (*PAID, example("MismatchFound")), State.EXCEPTION, Substatus.MISMATCH),
    (
        "too late to withdraw",
        (*PAID, WITHDRAWN, revoked("withdrawal"), example("ItemTooLate", cause="withdrawal")),
        State.PAID,
        Substatus.NONE,
    ),
]


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
