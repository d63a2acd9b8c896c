"""Who may not be paid: an equal number stops it, a name asks a person, each for the days it is excluded."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from throughline.decisions import ScreenedAgainst
from throughline.exclusions import Exclusion, name_hashes
from throughline.identifiers import payee_id_for
from throughline.reasons import Reason, Severity
from throughline.requests import Payee
from throughline.sensitive import SensitiveTin
from validation.exclusions_repository import stored_part, take_part
from validation.history import Version
from validation.reference import Reference
from validation.screening import ExclusionList
from validation.standing import standing, stored_standing
from validation.testing import NPI, RECEIVED_ON, TIN, excluded, line, provider, received, reference

OTHER = "1558598797"
NOV_1, NOV_2, NOV_3 = (date(2026, 11, day) for day in (1, 2, 3))


def held(*entries: Exclusion, file: Reference | None = None) -> Reference:
    made = reference() if file is None else file
    recorded = excluded(*entries)
    against: Any = {"list_id": recorded.list_id, "dated_on": recorded.dated_on, "sha256": recorded.sha256}
    one = ExclusionList(recorded.version, ScreenedAgainst(**against))
    take_part(one, stored_part(recorded))
    made.screening.hold({recorded.list_id: one})
    return made


def version(**changes: Any) -> Version:
    submission = received(**changes)
    return Version(submission, decided_at=None)  # type: ignore[arg-type]


def found(file: Reference, **changes: Any) -> list[tuple[Reason, str, Severity]]:
    return [(one.reason, one.field or "", one.severity) for one in standing(version(**changes), file).found]


BLOCKED = [(Reason.EXCLUDED, "payee.identifier", Severity.EXCEPTION)]
ASKED = [(Reason.EXCLUSION_NAME, "payee.identifier", Severity.REVIEW)]
NAME = name_hashes("Clinic One")


def by_npi(npi: str = NPI, **changes: Any) -> Exclusion:
    return Exclusion(npi=npi, **changes)


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        pytest.param(by_npi(), BLOCKED, id="equal number"),
        pytest.param(by_npi(OTHER), [], id="another number"),
        pytest.param(by_npi(excluded_on=NOV_2), BLOCKED, id="from that day on"),
        pytest.param(by_npi(excluded_on=NOV_3), [], id="from the next day on"),
        pytest.param(by_npi(excluded_on=NOV_1, reinstated_on=NOV_2), [], id="reinstated that day"),
        pytest.param(by_npi(excluded_on=NOV_1, reinstated_on=NOV_3), BLOCKED, id="reinstated the next day"),
        pytest.param(by_npi(waived=True), ASKED, id="waived somewhere"),
        pytest.param(Exclusion(names=NAME), ASKED, id="the name, no number"),
        pytest.param(Exclusion(names=NAME, excluded_on=NOV_3), [], id="the name, later"),
        pytest.param(Exclusion(names=NAME, npi=OTHER), [], id="the name of a person with another number"),
        pytest.param(Exclusion(names=NAME, npi="0000000000"), ASKED, id="the name, zeros for a number"),
        pytest.param(Exclusion(names=NAME, npi=OTHER, business=True), ASKED, id="the name of a business"),
        pytest.param(Exclusion(names=NAME, npi=NPI), BLOCKED, id="both"),
        pytest.param(Exclusion(names=name_hashes("Clinic Two")), [], id="another name"),
    ],
)
def test_who_bills_is_looked_for(entry: Exclusion, wanted: list[tuple[Reason, str, Severity]]) -> None:
    assert found(held(entry)) == wanted


def test_who_gave_the_service_is_looked_for_by_number_and_by_name_on_file() -> None:
    rendering = provider(payee_id=payee_id_for("npi", OTHER), identifier=OTHER, npi=OTHER, name="Morgan Vale")
    asked = (Reason.EXCLUSION_NAME, "rendering_provider", Severity.REVIEW)
    blocked = (Reason.EXCLUDED, "rendering_provider", Severity.EXCEPTION)
    assert found(held(by_npi(OTHER)), rendering_provider=OTHER) == [blocked]
    entry = Exclusion(names=name_hashes("VALE MORGAN"))
    assert found(held(entry, file=reference(rendering)), rendering_provider=OTHER) == [asked]
    assert found(held(entry), rendering_provider=OTHER) == []  # nobody on file has that number


def test_a_payee_without_a_number_of_its_own_is_looked_for_by_the_number_and_name_on_file() -> None:
    payee = Payee(kind="programme", identifier="P-1", tin=SensitiveTin(TIN), name="Vale Morgan")
    on_file = provider(
        payee_id=payee_id_for("programme", "P-1"), kind="programme", identifier="P-1", npi=OTHER
    )
    assert found(held(by_npi(OTHER), file=reference(on_file)), payee=payee) == BLOCKED
    assert found(held(Exclusion(names=name_hashes("Morgan Vale"))), payee=payee) == ASKED


def test_one_day_of_many_that_is_excluded_is_enough() -> None:
    lines = (line(to_date=NOV_2), line(line_id="2", from_date=NOV_3, to_date=NOV_3))
    assert found(held(by_npi(excluded_on=NOV_3)), lines=lines) == BLOCKED


def test_a_finding_names_list_and_day_and_nobody() -> None:
    (one,) = standing(version(), held(Exclusion(names=NAME))).found
    assert "oig-leie of 2025-12-10" in one.message
    assert "Clinic" not in one.message and NPI not in one.message


def test_what_was_shown_is_not_unseen_and_a_stored_verdict_takes_what_it_went_by() -> None:
    file = held(Exclusion(names=NAME))
    asked = version(received_on=RECEIVED_ON)
    first = standing(asked, file)
    assert first.found == first.unseen and first.stopping is None
    asked.findings = first.found
    assert standing(asked, file).unseen == ()
    assert stored_standing(asked, ("review", "exclusion_name")) == first.found
    assert stored_standing(asked, ("approve",)) == ()
    assert standing(asked, held(by_npi())).stopping is Reason.EXCLUDED
