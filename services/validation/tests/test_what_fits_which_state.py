"""Every command on every state: what the lifecycle's table names is carried out, all else is refused by an event."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest

from chassis import Heard, Say, Signer, testing
from chassis.topics import TopicMap
from throughline.decisions import CommandRefused
from throughline.lifecycle_states import APPROVED, DENIED, EXCEPTED, IN_REVIEW, Node
from throughline.lifecycle_table import TABLE
from throughline.message import Message
from throughline.reasons import Reason
from throughline.reviews import AssignReview, DecideReview, DisputeDecision
from throughline.sensitive import SensitiveText
from throughline.submissions import SubmissionWithdrawn
from validation.disputes import APPEAL_DAYS
from validation.domain import State
from validation.duplicates import BillClaims
from validation.handling import Dispute
from validation.history import Request, Version
from validation.near_duplicates.past import Past
from validation.near_duplicates.rules import load_duplicate_rules
from validation.on_assign_review import assign_review
from validation.on_decide_review import decide_review
from validation.on_dispute_decision import open_dispute
from validation.on_submission_withdrawn import withdraw
from validation.quote import quote
from validation.rules.rule_set import load_catalogue
from validation.tallies import Tallies
from validation.testing import (
    PAYEE_ID,
    RECEIVED_ON,
    authorisation,
    contract,
    fees,
    payer,
    provider,
    received,
    reference,
)
from validation.work import DecisionWork

CATALOGUE, DUPLICATE_RULES = load_catalogue(), load_duplicate_rules()
HELD = reference(payer(), provider(), contract(), fees(), authorisation())
REVIEWER = Signer(uuid4(), uuid4(), "reviewer", "key", True, frozenset())
BILLER = Signer(uuid4(), uuid4(), "biller", "key", False, frozenset({PAYEE_ID}))
ASKED, DISPUTE = uuid4(), uuid4()

STANDS_AT: dict[State, tuple[Node, ...]] = {
    State.REVIEW: (IN_REVIEW,),
    State.EXCEPTION: (EXCEPTED,),
    State.APPROVED: (APPROVED,),
    State.DENIED: DENIED,
    # Payout has been asked, or has answered that it is too late; a later version is to be decided; or it is over.
    **dict.fromkeys((State.STOPPING, State.FINAL, State.WAITING, State.ENDED), ()),
}
ROWS_OF = {
    "approve": {"6"},
    "deny": {"8", "11"},
    "return_for_edits": {"7"},
    "release": {"10"},
    "recall": {"14"},
}
"""Of the workflow's rows those that a reviewer's decision leads to."""
DECISIONS = (*ROWS_OF, "uphold", "change")
BY_TABLE = {
    (state, decision)
    for state, decision in product(State, ROWS_OF)
    for row in TABLE
    if row.number in ROWS_OF[decision]
    and row.owner == "validation"
    and not {*row.come_from}.isdisjoint(STANDS_AT[state])
    and (decision != "recall" or state is not State.REVIEW)  # asked anew after a recall is row 14 too
}


class Stage:
    """One version in one state, and what is said when somebody commands."""

    def __init__(self, state: State) -> None:
        submission = received()
        request = Request(submission.request_id)
        past = Past(DUPLICATE_RULES)
        self.work = DecisionWork({request.request_id: request}, BillClaims({}), CATALOGUE, HELD, past)
        self.work.reviewers = frozenset({REVIEWER.person_id})
        self.say = Say(TopicMap("validation"))
        self.version = Version(
            submission, testing.heard(submission).recorded_at, state=state, latest_event=ASKED
        )
        self.version.terms = HELD.terms_for(submission)
        if state in (State.APPROVED, State.STOPPING, State.FINAL):
            self.version.decision_id = ASKED
        if state is State.EXCEPTION:
            self.version.reason = Reason.TOTAL_MISMATCH
        request.versions[1] = self.version

    def hears(self, command: Message, signer: Signer) -> list[Message]:
        heard: Heard[Any] = replace(
            testing.heard(command, str(received().request_id), topic="reviews"), signer=signer
        )
        self.say.hearing(heard)
        decide: Any = {
            DecideReview: decide_review,
            AssignReview: assign_review,
            DisputeDecision: open_dispute,
            SubmissionWithdrawn: withdraw,
        }[type(command)]
        decide(heard, self.work, self.say)
        return [one.message for one in self.say.said]

    @property
    def stands(self) -> tuple[Any, ...]:
        one = self.version
        return one.state, one.reason, one.latest_event, one.stop_cause, one.assignee, one.handling


def decision(stage: Stage, what: str, **changes: Any) -> DecideReview:
    terms = stage.version.terms
    assert terms is not None
    price = quote(stage.version.submission, terms, Tallies({})).price
    return DecideReview(
        request_id=received().request_id,
        version=1,
        answers=DISPUTE if what in ("uphold", "change") else ASKED,
        decision=what,  # type: ignore[arg-type]
        amount_cents=None if price is None else price.paid_cents,
        overrides=(Reason.TOTAL_MISMATCH,) if what == "release" else None,
        note=changes.get("note", "seen"),
        actor=str(REVIEWER.person_id),
    )


def is_refused(stage: Stage, command: Message, signer: Signer = REVIEWER) -> bool:
    """Refused by exactly one event, nothing changed; or carried out without a refusal."""
    before = stage.stands
    said = stage.hears(command, signer)
    if any(isinstance(one, CommandRefused) for one in said):
        assert [type(one) for one in said] == [CommandRefused] and stage.stands == before
        return True
    assert said and stage.stands != before, "what is neither carried out nor refused is silent"
    return False


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("what", DECISIONS)
def test_a_reviewer_decides_what_the_table_names_and_nothing_else(state: State, what: str) -> None:
    stage = Stage(state)
    assert is_refused(stage, decision(stage, what)) is ((state, what) not in BY_TABLE)


def test_the_table_names_every_decision_of_a_reviewer_somewhere() -> None:
    assert {what for _, what in BY_TABLE} == set(ROWS_OF)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("what", DECISIONS)
def test_a_decision_whose_note_says_nothing_is_refused_on_every_state(state: State, what: str) -> None:
    stage = Stage(state)
    assert is_refused(stage, decision(stage, what, note=" \u200b\n"))


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("what", ["uphold", "change"])
def test_a_dispute_is_decided_once_and_where_a_decision_stands(state: State, what: str) -> None:
    stage = Stage(state)
    stage.version.handling = replace(stage.version.handling, dispute=Dispute(DISPUTE, BILLER.person_id))
    assert not is_refused(stage, decision(stage, what))
    assert is_refused(Stage(state), decision(stage, what))


@pytest.mark.parametrize("state", State)
def test_what_waits_for_a_person_is_assigned_and_nothing_else(state: State) -> None:
    command = AssignReview(
        request_id=received().request_id,
        version=1,
        answers=ASKED,
        assignee=REVIEWER.person_id,
        actor=str(REVIEWER.person_id),
    )
    assert is_refused(Stage(state), command) is (state not in (State.REVIEW, State.EXCEPTION))


@pytest.mark.parametrize("state", State)
def test_a_decision_that_stands_is_disputed_and_nothing_else(state: State) -> None:
    stage = Stage(state)
    until = RECEIVED_ON + timedelta(days=APPEAL_DAYS)
    stage.version.handling = replace(stage.version.handling, appeal_until=until)
    command = DisputeDecision(
        request_id=received().request_id,
        version=1,
        payee_id=PAYEE_ID,
        answers=ASKED,
        text=SensitiveText("It was authorised."),
        actor=str(BILLER.person_id),
    )
    stands = state in (State.APPROVED, State.STOPPING, State.FINAL, State.DENIED)
    assert is_refused(stage, command, BILLER) is not stands
    silent = command.model_copy(update={"text": SensitiveText(" ")})
    assert is_refused(Stage(state), silent, BILLER)


@pytest.mark.parametrize("state", State)
def test_a_withdrawal_ends_it_is_asked_of_payout_or_is_refused(state: State) -> None:
    stage = Stage(state)
    command = SubmissionWithdrawn(request_id=received().request_id, version=1, partner="clinic-one")
    said = stage.hears(command, BILLER)
    refused = [one.reason for one in said if isinstance(one, CommandRefused)]
    expected = {
        State.DENIED: [Reason.ALREADY_ENDED],
        State.ENDED: [Reason.ALREADY_ENDED],
        State.FINAL: [Reason.TOO_LATE],
    }
    assert refused == expected.get(state, [])
    assert bool(refused) or stage.version.state is State.ENDED or stage.version.stop_cause == "withdrawal"


def test_the_withdrawal_of_a_version_that_never_came_is_refused_by_an_event() -> None:
    stage = Stage(State.APPROVED)
    before = stage.stands
    command = SubmissionWithdrawn(request_id=received().request_id, version=2, partner="clinic-one")
    (refused,) = stage.hears(command, BILLER)
    assert isinstance(refused, CommandRefused) and refused.reason is Reason.UNKNOWN_SUBJECT
    assert refused.request_id == received().request_id and stage.stands == before
