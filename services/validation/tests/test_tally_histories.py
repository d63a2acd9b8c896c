"""Whatever comes in whatever order, the tallies are what the versions that may be paid, or were, have used."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from hypothesis import example, given, settings
from hypothesis import strategies as st

from chassis import Heard, Say, testing
from chassis.topics import TopicMap
from throughline.items import ItemHeld, ItemStopped, ItemTooLate
from throughline.reasons import Reason
from throughline.submissions import SubmissionWithdrawn
from validation.authorised_units import KIND
from validation.domain import COMMITTED, State
from validation.duplicates import BillClaims
from validation.history import Request, Version
from validation.near_duplicates.past import Past
from validation.near_duplicates.rules import load_duplicate_rules
from validation.on_item_held import after_coming_back
from validation.on_item_stopped import after_stop
from validation.on_item_too_late import after_refused_stop
from validation.on_submission_received import decide_submission
from validation.on_submission_withdrawn import withdraw
from validation.plan_year import DEDUCTIBLE, OUT_OF_POCKET
from validation.rules.rule_set import load_catalogue
from validation.tallies import tally_key
from validation.testing import SERVICE_DAY, authorisation, contract, line, received, reference
from validation.work import DecisionWork

UNITS, DEDUCTIBLE_CENTS, MOST_CENTS = 12, 30_000, 36_000
HELD = reference(
    contract(
        version=2,
        deductible_cents=DEDUCTIBLE_CENTS,
        out_of_pocket_max_cents=MOST_CENTS,
        copay_cents=700,
        coinsurance_basis_points=1_000,
    ),
    authorisation(version=2, units=UNITS),
)
CATALOGUE, DUPLICATE_RULES = load_catalogue(), load_duplicate_rules()
YEAR = ("acme", "M100", str(SERVICE_DAY.year))
TALLIES = {
    KIND: tally_key(KIND, "acme", "AUTH1"),
    DEDUCTIBLE: tally_key(DEDUCTIBLE, *YEAR),
    OUT_OF_POCKET: tally_key(OUT_OF_POCKET, *YEAR),
}


class History:
    """Three requests of one member under one authorisation, on days of their own."""

    def __init__(self) -> None:
        past = Past(DUPLICATE_RULES)
        self.work = DecisionWork({}, BillClaims({}), CATALOGUE, HELD, past)
        self.say = Say(TopicMap("validation"))

    def happens(self, what: str, at: int, units: int) -> None:
        number = f"N{at}"
        request = self.work.requests.setdefault(
            received(number).request_id, Request(received(number).request_id)
        )
        latest = max(request.versions, default=0)
        match what:
            case "submit" | "void":
                self._arrives(number, at, latest + 1, units, void=what == "void" and latest > 0)
            case "withdraw" if latest:
                message = SubmissionWithdrawn(
                    request_id=request.request_id, version=latest, partner="clinic-one"
                )
                withdraw(self._heard(message), self.work, self.say)
            case "stop" | "too late" | "comes back":
                for version in list(request):
                    self._payout(what, version)

    def _arrives(self, number: str, at: int, version: int, units: int, void: bool) -> None:
        day = SERVICE_DAY - timedelta(days=at)
        therapy = line(
            code="97110",
            units_thousandths=units * 1000,
            charge_cents=units * 4_100,
            from_date=day,
            to_date=day,
        )
        submission = received(
            number,
            version=version,
            frequency="8" if void else "7" if version > 1 else "1",
            lines=(therapy,),
            authorisation_number="AUTH1",
        )
        heard = self._heard(submission)
        self.work.arriving[heard.envelope.id] = Version(submission, heard.recorded_at)
        decide_submission(heard, self.work, self.say)

    def _payout(self, what: str, version: Version) -> None:
        about: dict[str, Any] = {
            "request_id": version.submission.request_id,
            "version": version.number,
            "decision_id": version.decision_id or uuid4(),
        }
        if what == "comes back":
            held = ItemHeld(**about, reason=Reason.RETURNED, payment_id=uuid4())
            after_coming_back(self._heard(held), self.work, self.say)
        elif version.state is State.STOPPING and what == "stop":
            stopped = ItemStopped(**about, cause=version.stop_cause or "recall")
            after_stop(self._heard(stopped), self.work, self.say)
        elif version.state is State.STOPPING:
            late = ItemTooLate(**about, cause=version.stop_cause or "recall", payment_id=uuid4())
            after_refused_stop(self._heard(late), self.work, self.say)

    def _heard(self, message: Any) -> Heard[Any]:
        one = testing.heard(message, key=str(message.request_id), topic="submissions")
        self.say.hearing(one)
        return one

    def agrees(self) -> None:
        versions = [version for request in self.work.requests.values() for version in request]
        live = [one for one in versions if one.state in COMMITTED]
        units = sum(one.submission.request.lines[0].units_thousandths for one in live)
        assert self.work.tallies.of(TALLIES[KIND]) == units <= UNITS * 1000
        for kind, most in ((DEDUCTIBLE, DEDUCTIBLE_CENTS), (OUT_OF_POCKET, MOST_CENTS)):
            added = [read.added for one in live for read in one.readings if read.kind == kind]
            assert self.work.tallies.of(TALLIES[kind]) == sum(added) <= most
        for one in versions:
            if one not in live:
                assert not any(read.added for read in one.readings), "only what may be paid holds anything"


STEPS = st.tuples(
    st.sampled_from(["submit", "submit", "submit", "void", "withdraw", "stop", "too late", "comes back"]),
    st.integers(min_value=0, max_value=2),
    st.integers(min_value=1, max_value=8),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=25))
@example([("submit", 0, 8), ("submit", 0, 3), ("stop", 0, 1), ("submit", 1, 8)])
@example([("submit", 0, 8), ("withdraw", 0, 1), ("too late", 0, 1), ("comes back", 0, 1), ("stop", 0, 1)])
def test_tallies_are_what_live_versions_used(steps: list[tuple[str, int, int]]) -> None:
    history = History()
    for step in steps:
        history.happens(*step)
        history.agrees()


def test_the_histories_approve_stop_and_refuse() -> None:
    """The property above would hold as well if nothing were ever approved."""
    history = History()
    for step in [("submit", 0, 8), ("submit", 1, 8), ("submit", 0, 3), ("stop", 0, 1), ("submit", 1, 7)]:
        history.happens(*step)
    states = {
        number: [one.state for one in history.work.requests[received(number).request_id]]
        for number in ("N0", "N1")
    }
    assert states == {"N0": [State.ENDED, State.APPROVED], "N1": [State.ENDED, State.APPROVED]}
    assert history.work.tallies.of(TALLIES[KIND]) == 10_000
    assert history.work.tallies.of(TALLIES[DEDUCTIBLE]) == 30_000
