"""Every day of a service is a covered day, and every service a benefit on it; a licence lasts to its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from throughline.identifiers import payee_id_for
from throughline.members import Benefit, Span, member_key_for
from throughline.reasons import Reason
from throughline.reference import ProviderRecorded
from throughline.sensitive import Sensitive
from validation.coverage import Coverage, coverage_of, first_day_outside
from validation.lost_coverage import lost_since, no_longer_covered
from validation.rules.engine import evaluate
from validation.rules.facts import facts_of_claim, facts_of_line
from validation.rules.rule_set import load_catalogue
from validation.testing import SERVICE_DAY, insured, line, payer, provider, received, reference

CATALOGUE = load_catalogue()
NOV_1, NOV_2, NOV_3, NOV_4 = (date(2026, 11, day) for day in (1, 2, 3, 4))
OPEN = Span(from_date=date(2020, 1, 1))
RENDERING = "1558598797"


def span(first: date, last: date | None = None) -> Span:
    return Span(from_date=first, to_date=last)


@pytest.mark.parametrize(
    ("spans", "outside"),
    [
        pytest.param([], NOV_1, id="never covered"),
        pytest.param([OPEN], None, id="without end"),
        pytest.param([span(NOV_1, NOV_3)], None, id="exactly those days"),
        pytest.param([span(NOV_1, NOV_2)], NOV_3, id="ends a day before"),
        pytest.param([span(NOV_2)], NOV_1, id="begins a day after"),
        pytest.param([span(NOV_2, NOV_3), span(date(2026, 1, 1), NOV_1)], None, id="two that touch"),
        pytest.param([span(NOV_3), span(date(2026, 1, 1), NOV_1)], NOV_2, id="a day between two"),
        pytest.param([span(date(2026, 1, 1), NOV_2), span(NOV_1, NOV_1), span(NOV_2)], None, id="overlap"),
        pytest.param([span(NOV_4)], NOV_1, id="begins after all of them"),
        pytest.param([span(date(2020, 1, 1), date(2026, 10, 31))], NOV_1, id="over before"),
        pytest.param([span(date(2020, 1, 1), date.max)], None, id="to the last day there is"),
    ],
)
def test_the_first_day_that_no_span_has(spans: list[Span], outside: date | None) -> None:
    assert first_day_outside(spans, NOV_1, NOV_3) == outside


def test_a_day_is_outside_as_long_as_counting_by_hand_says_so() -> None:
    days = [NOV_1 + timedelta(days=at) for at in range(8)]
    for mask in range(1 << 6):
        covered = [day for at, day in enumerate(days[1:7]) if mask >> at & 1]
        by_hand = next((day for day in days[1:7] if day not in covered), None)
        assert first_day_outside([span(day, day) for day in covered], days[1], days[6]) == by_hand


def reasons(
    coverage: Coverage | None, *changed: ProviderRecorded, checked: bool | None = True
) -> list[Reason]:
    submission = received(
        lines=(line(to_date=NOV_3), line(line_id="2", code="99214")), rendering_provider=RENDERING
    )
    rendering = provider(payee_id=payee_id_for("npi", RENDERING), identifier=RENDERING, npi=RENDERING)
    held = reference(payer(version=2, coverage_checked=checked), rendering, *changed)
    terms = replace(held.terms_for(submission), coverage=coverage)
    found = evaluate(
        CATALOGUE.in_force_on(SERVICE_DAY),
        facts_of_claim(submission, terms, submission.received_on),
        [facts_of_line(submission.request, one, terms) for one in submission.request.lines],
    )
    return [one.reason for one in found]


def covered(*spans: Span, benefits: tuple[Benefit, ...] | None = None) -> Coverage:
    return coverage_of(insured(coverage=spans, benefits=benefits))


OFFICE = Benefit(category="office-visits", codes=("99213", "99214"), from_date=date(2020, 1, 1))
SHORT = Benefit(category="visits", codes=("99213",), from_date=date(2020, 1, 1), to_date=NOV_2)
ALL = Benefit(category="everything", from_date=NOV_1)


@pytest.mark.parametrize(
    ("coverage", "wanted"),
    [
        pytest.param(covered(OPEN), [], id="covered"),
        pytest.param(None, [Reason.MEMBER_UNKNOWN], id="unknown member"),
        pytest.param(covered(span(NOV_1, NOV_2)), [Reason.NOT_COVERED], id="one line runs a day longer"),
        pytest.param(covered(), [Reason.NOT_COVERED] * 2, id="covered on no day"),
        pytest.param(covered(OPEN, benefits=(OFFICE,)), [], id="both services are benefits"),
        pytest.param(covered(OPEN, benefits=(ALL,)), [], id="a benefit of every service"),
        pytest.param(covered(OPEN, benefits=()), [Reason.BENEFIT_NOT_COVERED] * 2, id="no benefits at all"),
        pytest.param(covered(OPEN, benefits=(SHORT, OFFICE)), [], id="one benefit ends, another goes on"),
        pytest.param(
            covered(OPEN, benefits=(SHORT,)), [Reason.BENEFIT_NOT_COVERED] * 2, id="ended, and another code"
        ),
        pytest.param(
            covered(span(NOV_1, NOV_2), benefits=(SHORT,)),
            [Reason.BENEFIT_NOT_COVERED, Reason.NOT_COVERED],
            id="a line that is not covered is not asked for its benefit",
        ),
    ],
)
def test_what_a_payer_who_checks_coverage_finds(coverage: Coverage | None, wanted: list[Reason]) -> None:
    assert sorted(reasons(coverage)) == sorted(wanted)


@pytest.mark.parametrize("checked", [None, False])
def test_nobody_is_asked_for_coverage_where_the_payer_does_not_say_so(checked: bool | None) -> None:
    assert reasons(None, checked=checked) == []
    assert reasons(covered(OPEN), checked=checked) == []


@pytest.mark.parametrize(
    ("expires_on", "wanted"),
    [(None, []), (NOV_3, []), (NOV_2, [Reason.LICENCE_EXPIRED]), (NOV_1, [Reason.LICENCE_EXPIRED] * 2)],
)
@pytest.mark.parametrize("who", ["billing", "rendering"])
def test_a_licence_lasts_to_the_last_day_of_each_service(
    expires_on: date | None, wanted: list[Reason], who: str
) -> None:
    changes = {"payee_id": payee_id_for("npi", RENDERING)} if who == "rendering" else {}
    changed = provider(version=2, licence_number="PT-1", licence_expires_on=expires_on, **changes)
    assert reasons(covered(OPEN), changed) == wanted


def test_a_finding_names_the_day_and_not_the_member() -> None:
    submission = received()
    terms = replace(
        reference(payer(version=2, coverage_checked=True)).terms_for(submission), coverage=covered()
    )
    (found,) = evaluate(
        CATALOGUE.in_force_on(SERVICE_DAY),
        facts_of_claim(submission, terms, submission.received_on),
        [facts_of_line(submission.request, submission.request.lines[0], terms)],
    )
    assert "2026-11-02" in found.message and "M100" not in found.message + (found.fix or "")


def test_a_member_is_one_by_payer_and_id_however_it_is_typed() -> None:
    key = member_key_for("acme", Sensitive("m100 "))
    assert key == member_key_for("acme", Sensitive("M100"))
    assert key != member_key_for("other", Sensitive("M100"))


HAD = covered(OPEN)
PLAN = covered(OPEN, benefits=(OFFICE,))


@pytest.mark.parametrize(
    ("before", "now", "since"),
    [
        pytest.param(HAD, HAD, None, id="the same"),
        pytest.param(HAD, covered(span(date(2020, 1, 1), NOV_2)), NOV_3, id="ended"),
        pytest.param(HAD, covered(), date(2020, 1, 1), id="all of it"),
        pytest.param(HAD, covered(span(date(2021, 1, 1))), date(2020, 1, 1), id="begins later"),
        pytest.param(HAD, covered(span(date(2019, 1, 1))), None, id="begins earlier"),
        pytest.param(
            covered(span(date(2020, 1, 1), NOV_2)), covered(span(date(2020, 1, 1), NOV_1)), NOV_2, id="a day"
        ),
        pytest.param(PLAN, HAD, None, id="every service is a benefit now"),
        pytest.param(HAD, PLAN, date(2020, 1, 1), id="not every service is a benefit any more"),
        pytest.param(PLAN, covered(OPEN, benefits=(SHORT,)), date(2020, 1, 1), id="a code fewer"),
        pytest.param(PLAN, covered(OPEN, benefits=(ALL,)), date(2020, 1, 1), id="more codes, later"),
        pytest.param(
            covered(OPEN, benefits=(SHORT,)), covered(OPEN, benefits=(OFFICE,)), None, id="a longer benefit"
        ),
    ],
)
def test_from_which_day_on_coverage_was_taken_back(
    before: Coverage, now: Coverage, since: date | None
) -> None:
    assert lost_since(before, now) == since


@pytest.mark.parametrize(
    ("then", "now", "fields"),
    [
        pytest.param(HAD, covered(span(NOV_1, NOV_2)), ["lines[0].from_date"], id="one line runs longer"),
        pytest.param(HAD, covered(), ["lines[0].from_date", "lines[1].from_date"], id="both"),
        pytest.param(covered(), covered(), [], id="never was"),
        pytest.param(covered(span(NOV_1, NOV_2)), covered(), ["lines[1].from_date"], id="one of them was"),
        pytest.param(HAD, covered(OPEN, benefits=()), ["lines[0].from_date", "lines[1].from_date"], id="benefits"),
        pytest.param(None, covered(), [], id="was unknown"),
        pytest.param(HAD, None, [], id="nobody asks"),
    ],
)  # fmt: skip
def test_what_was_covered_as_it_came_in_and_is_not_any_more(
    then: Coverage | None, now: Coverage | None, fields: list[str]
) -> None:
    lines = received(lines=(line(to_date=NOV_3), line(line_id="2", code="99214"))).request.lines
    found = list(no_longer_covered(lines, then, now))
    assert [one.field for one in found] == fields
    assert {one.reason for one in found} <= {Reason.COVERAGE_ENDED}
