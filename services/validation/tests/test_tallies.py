"""Tallies in memory: added once, given back once, and what the database is told of it. Units of an authorisation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.reasons import Reason
from throughline.sensitive import Sensitive
from validation.duplicates import BillClaims
from validation.history import Version
from validation.near_duplicates.past import Past
from validation.near_duplicates.rules import load_duplicate_rules
from validation.quote import Quote, quote, tally_keys
from validation.reference import Reference
from validation.rules.rule_set import Catalogue
from validation.tallies import Reading, Tallies, readings_from_json, readings_to_json, tally_key
from validation.testing import RECEIVED_ON, authorisation, contract, line, received, reference
from validation.work import DecisionWork

KEY, OTHER = tally_key("authorisation", "acme", "AUTH1"), tally_key("authorisation", "acme", "AUTH2")
SIX = (line(code="97110", units_thousandths=6_000, charge_cents=60_000),)


def asked(units_thousandths: int = 6_000) -> Quote:
    held = reference(authorisation(version=2, units=10))
    submission = received(
        lines=(line(code="97110", units_thousandths=units_thousandths, charge_cents=60_000),),
        authorisation_number="AUTH1",
    )
    return quote(submission, held.terms_for(submission), Tallies({KEY: 5_000}))


def test_too_few_units_name_the_authorisation_and_what_is_left() -> None:
    short = asked().shortage
    assert short is not None and short.reason is Reason.AUTHORISATION_UNITS
    assert short.message == "Authorisation AUTH1 has 5 of 10 units left; 6 are billed."


def test_the_last_unit_is_enough_and_a_thousandth_more_is_not() -> None:
    assert asked(5_000).shortage is None
    short = asked(5_001).shortage
    assert short is not None and "5.001 are billed" in short.message


def test_an_authorisation_cut_below_what_was_used_has_nothing_left() -> None:
    held = reference(authorisation(version=2, units=3))
    submission = received(lines=SIX, authorisation_number="AUTH1")
    short = quote(submission, held.terms_for(submission), Tallies({KEY: 5_000})).shortage
    assert short is not None and "has 0 of 3 units left" in short.message


@pytest.mark.parametrize(
    "changes",
    [
        {"units": None},
        {"units": 10, "active": False},
        {"units": 10, "payer": "other"},
        {"units": 10, "member_id": Sensitive("M999")},
    ],
    ids=lambda changes: next(reversed(changes)),
)
def test_what_counts_no_units_or_is_not_for_this_request_uses_none(changes: dict[str, object]) -> None:
    held = reference(authorisation(version=2, **changes))
    submission = received(lines=SIX, authorisation_number="AUTH1")
    terms = held.terms_for(submission)
    assert quote(submission, terms, Tallies({})).readings == ()
    assert list(tally_keys(submission, terms)) == []


def test_units_are_those_of_the_services_it_covers() -> None:
    lines = (line(), line(line_id="2", code="97110", units_thousandths=2_500))
    submission = received(lines=lines, authorisation_number="AUTH1")
    for codes in (("97110",), ()):  # where it names none, what the contract asks an authorisation for
        held = reference(
            contract(authorisation_codes=("97110",)), authorisation(version=2, units=10, codes=codes)
        )
        readings = quote(submission, held.terms_for(submission), Tallies({})).readings
        assert readings == (Reading("authorisation", KEY, 0, 2_500),)


def work_with(tallies: Tallies) -> DecisionWork:
    made = DecisionWork({}, BillClaims({}), Catalogue(()), Reference(), Past(load_duplicate_rules()))
    made.tallies = tallies
    return made


def test_a_version_adds_once_and_gives_back_once() -> None:
    work = work_with(Tallies({KEY: 1_000}))
    version = Version(received(lines=SIX, authorisation_number="AUTH1"), RECEIVED_ON)  # type: ignore[arg-type]
    quoted = Quote(None, (Reading("authorisation", KEY, 1_000, 6_000),))
    work.use_up(version, quoted)
    work.use_up(version, quoted)
    assert work.tallies.of(KEY) == 7_000
    work.give_back(version)
    work.give_back(version)
    assert work.tallies.of(KEY) == 1_000 and work.tallies.changed() == []
    assert version.readings == (Reading("authorisation", KEY, 1_000, 0),), "what it read is still told"


def test_what_is_stored() -> None:
    tallies = Tallies({KEY: 5})
    tallies.add([Reading("authorisation", KEY, 5, 2), Reading("authorisation", OTHER, 0, 3)])
    assert tallies.new() == [(OTHER, "authorisation", 3)]
    assert tallies.changed() == [(KEY, 7)]
    tallies.add([Reading("authorisation", tally_key("x"), 0, 0)])
    assert len(tallies.new()) == 1, "what adds nothing makes no row"


READINGS = st.builds(
    Reading, st.sampled_from(["authorisation"]), st.sampled_from([KEY, OTHER]), st.just(0), st.integers(0, 9)
)


@given(st.lists(READINGS, max_size=20), st.randoms(use_true_random=False))
def test_whatever_is_given_back_in_whatever_order_leaves_what_was(
    readings: list[Reading], random: object
) -> None:
    tallies = Tallies({KEY: 4})
    for one in readings:
        tallies.add([one])
    random.shuffle(readings)  # type: ignore[attr-defined]
    for one in readings:
        tallies.give_back([one])
    assert (tallies.of(KEY), tallies.of(OTHER)) == (4, 0)


@given(st.lists(READINGS).map(tuple))
def test_readings_come_back_from_the_row_as_they_went(readings: tuple[Reading, ...]) -> None:
    assert readings_from_json(readings_to_json(readings)) == readings
