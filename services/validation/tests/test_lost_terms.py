"""What was on file as a request came in and is no longer: from which day on it is lost, and for which services."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from throughline.identifiers import payee_id_for
from throughline.reasons import Reason
from validation.lost_terms import lost_since, no_longer_good
from validation.reference import Entity, Terms
from validation.testing import authorisation, contract, line, provider

OCT_31, NOV_1, NOV_2, NOV_3 = date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)
LICENSED = provider(licence_expires_on=NOV_3)


@pytest.mark.parametrize(
    ("before", "now", "since"),
    [
        pytest.param(None, provider(enrolled_to=NOV_2), None, id="new"),
        pytest.param(provider(), provider(name="Another"), None, id="another name"),
        pytest.param(provider(), provider(active=False), None, id="inactive as of no day"),
        pytest.param(provider(), provider(enrolled_to=NOV_2), NOV_2, id="enrolment ended"),
        pytest.param(provider(enrolled_to=NOV_2), provider(enrolled_to=NOV_3), None, id="enrolment longer"),
        pytest.param(provider(), provider(enrolled_from=NOV_2), date(2020, 1, 1), id="enrolment later"),
        pytest.param(provider(), LICENSED, NOV_3, id="a licence that ends"),
        pytest.param(LICENSED, provider(licence_expires_on=NOV_2), NOV_2, id="licence ended"),
        pytest.param(LICENSED, provider(), None, id="no licence on file any more"),
        pytest.param(contract(), contract(effective_to=NOV_2), NOV_2, id="contract ended"),
        pytest.param(contract(), contract(payer="other"), date(2020, 1, 1), id="of another payer"),
        pytest.param(contract(), contract(copay_cents=1), None, id="other prices"),
        pytest.param(authorisation(), authorisation(valid_to=NOV_2), NOV_2, id="authorisation ended"),
    ],
)
def test_from_which_day_on_terms_were_taken_back(
    before: Entity | None, now: Entity, since: date | None
) -> None:
    assert lost_since(before, now) == since


THEN = Terms(provider=LICENSED, contract=contract(), authorisation=authorisation())
OTHER = provider(payee_id=payee_id_for("npi", "1558598797"), licence_expires_on=NOV_3)


def now(**changes: Any) -> Terms:
    held = {"provider": LICENSED, "contract": contract(), "authorisation": authorisation(), **changes}
    return Terms(**held)


@pytest.mark.parametrize(
    ("then", "changed", "wanted"),
    [
        pytest.param(THEN, now(), [], id="the same"),
        pytest.param(THEN, now(provider=provider(licence_expires_on=NOV_2)), [Reason.LICENCE_ENDED], id="licence"),
        pytest.param(THEN, now(provider=provider(enrolled_to=NOV_2)), [Reason.ENROLMENT_ENDED], id="enrolment"),
        pytest.param(THEN, now(provider=None), [Reason.ENROLMENT_ENDED], id="not on file"),
        pytest.param(THEN, now(contract=None), [Reason.CONTRACT_ENDED], id="no contract"),
        pytest.param(THEN, now(contract=contract(effective_to=NOV_2)), [Reason.CONTRACT_ENDED], id="contract"),
        pytest.param(THEN, now(contract=contract(contract_id="newer")), [], id="another contract"),
        pytest.param(
            THEN, now(authorisation=authorisation(valid_to=OCT_31)), [Reason.AUTHORISATION_ENDED], id="authorised"
        ),
        pytest.param(
            Terms(rendering=OTHER), Terms(rendering=provider(licence_expires_on=NOV_1)), [Reason.LICENCE_ENDED],
            id="who gave the service",
        ),
        pytest.param(Terms(), Terms(), [], id="never was"),
    ],
)  # fmt: skip
def test_services_whose_terms_were_taken_back(then: Terms, changed: Terms, wanted: list[Reason]) -> None:
    lines = (line(from_date=OCT_31, to_date=OCT_31), line(line_id="2", from_date=NOV_2, to_date=NOV_3))
    found = list(no_longer_good(lines, then, changed))
    of_second = [one.reason for one in found if one.field == "lines[1].from_date"]
    assert of_second == wanted


def test_an_authorisation_is_good_for_the_days_of_care_of_a_form_not_for_its_whole_period() -> None:
    """It may begin within the month, and end within it."""
    whole_month = (line(from_date=date(2026, 11, 1), to_date=date(2026, 11, 30)),)
    begun = Terms(provider=LICENSED, contract=contract(), authorisation=authorisation(valid_from=NOV_2))
    cut = replace(begun, authorisation=authorisation(valid_from=NOV_2, valid_to=NOV_3))
    (found,) = no_longer_good(whole_month, begun, cut, (NOV_2, date(2026, 11, 27)))
    assert found.reason is Reason.AUTHORISATION_ENDED
    assert list(no_longer_good(whole_month, begun, cut, (NOV_2, NOV_3))) == []


def test_who_was_shown_one_licence_was_not_shown_the_other() -> None:
    then = replace(THEN, rendering=OTHER)
    ended = {"licence_expires_on": NOV_1}
    one = now(provider=provider(**ended), rendering=OTHER)
    other = now(rendering=OTHER.model_copy(update=ended))
    rules = [next(iter(no_longer_good((line(),), then, each))).rule for each in (one, other)]
    assert rules == ["licence-ended", "rendering-licence-ended"]
    own = now(provider=provider(**ended), rendering=provider(**ended))
    assert [found.rule for found in no_longer_good((line(),), replace(THEN, rendering=LICENSED), own)] == [
        "licence-ended"
    ]
