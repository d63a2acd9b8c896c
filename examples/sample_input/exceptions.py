"""Requests that a rule stops, denies, or shows to a person: one scenario for each check of the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from sample_input import codes, numbers
from sample_input.claims import BUSINESS_DAY
from sample_input.feed import FIRST
from sample_input.reference import EXCLUSIVE_PAYER, authorise
from sample_input.scenario import Scenario, with_charge, with_line
from throughline.requests import PaymentRequest
from throughline.sensitive import Sensitive, SensitiveTin

Spoil = Callable[[Scenario, PaymentRequest], PaymentRequest]


def _bad_npi(scenario: Scenario, request: PaymentRequest) -> PaymentRequest:
    wrong = numbers.npi_with_wrong_digit(request.payee.identifier)
    return request.model_copy(update={"payee": request.payee.model_copy(update={"identifier": wrong})})


def _with_tin(tin: str) -> Spoil:
    def spoil(scenario: Scenario, request: PaymentRequest) -> PaymentRequest:
        return request.model_copy(
            update={"payee": request.payee.model_copy(update={"tin": SensitiveTin(tin)})}
        )

    return spoil


def _bad_rendering(scenario: Scenario, request: PaymentRequest) -> PaymentRequest:
    npi = scenario.world.of_role("clean")[0].record.npi or ""
    return request.model_copy(update={"rendering_provider": numbers.npi_with_wrong_digit(npi)})


def _repeated_line(scenario: Scenario, request: PaymentRequest) -> PaymentRequest:
    line = request.lines[0]
    lines = (line, line.model_copy(update={"line_id": "again"}))
    return request.model_copy(update={"lines": lines, "total_cents": 2 * line.charge_cents})


def _repeated_line_id(scenario: Scenario, request: PaymentRequest) -> PaymentRequest:
    line = request.lines[0]
    other = line.model_copy(update={"code": "G0108" if line.code != "G0108" else "G0270"})
    return request.model_copy(update={"lines": (line, other), "total_cents": 2 * line.charge_cents})


def _member_blank(scenario: Scenario, request: PaymentRequest) -> PaymentRequest:
    blank = request.subject.model_copy(update={"member_id": Sensitive(" ")})
    return request.model_copy(update={"subject": blank})


def _total_off(scenario: Scenario, request: PaymentRequest) -> PaymentRequest:
    return request.model_copy(update={"total_cents": request.total_cents + 100})


def _zero_charge(scenario: Scenario, request: PaymentRequest) -> PaymentRequest:
    first = request.lines[0]
    free = first.model_copy(update={"line_id": "free", "code": "A9300", "charge_cents": 0})
    return request.model_copy(update={"lines": (first, free), "total_cents": first.charge_cents})


def _line(**changes: object) -> Spoil:
    return lambda scenario, request: with_line(request, 0, **changes)


def _claim(**changes: object) -> Spoil:
    return lambda scenario, request: request.model_copy(update=changes)


def _diagnosis_twice(scenario: Scenario, request: PaymentRequest) -> PaymentRequest:
    return request.model_copy(update={"diagnoses": (request.diagnoses[0], request.diagnoses[0])})


TOMORROW = BUSINESS_DAY + timedelta(days=3)
EXCEPTIONS: dict[str, Spoil] = {
    "npi_check_digit": _bad_npi,
    "npi_check_digit of the rendering provider": _bad_rendering,
    "tin_format": _with_tin("000112233"),
    "tin_mismatch": _with_tin("912345678"),
    "total_mismatch": _total_off,
    "zero_charge": _zero_charge,
    "service_date_future": _line(from_date=TOMORROW, to_date=TOMORROW),
    "service_dates_reversed": _line(from_date=date(2026, 11, 10), to_date=date(2026, 11, 9)),
    "diagnosis_pointer": _line(diagnosis_pointers=(9,)),
    "diagnosis_missing": _claim(diagnoses=()),
    "diagnosis_repeated": _diagnosis_twice,
    "units": _line(units_thousandths=0),
    "place_of_service": _claim(place_of_service="96"),
    "line_id_repeated": _repeated_line_id,
    "line_repeated": _repeated_line,
    "modifier": _line(modifiers=("LT", "LT")),
    "procedure_code": _line(code="ABCDEF"),
    "payer_unknown": _claim(payer="NOBODYHEALTH"),
    "subscriber_missing": _member_blank,
}


def rule_exceptions(scenario: Scenario, times: int) -> None:
    """One broken claim for each check, each otherwise clean."""
    for turn in range(times):
        for case, spoil in EXCEPTIONS.items():
            request = spoil(scenario, scenario.maker.clean())
            reason = case.split(" ")[0]
            through_837p = turn % 2 == 1 and reason in ("total_mismatch", "tin_mismatch", "diagnosis_pointer")
            made = scenario.send(FIRST, request, "837p" if through_837p else "kafka")
            scenario.feed.expect(made, 1, case, "Exception", reason=reason)


def not_enrolled_or_contracted(scenario: Scenario, times: int) -> None:
    for _ in range(times):
        before = scenario.maker.clean(scenario.world.one("new"), last=date(2026, 9, 15))
        gone = scenario.maker.clean(scenario.world.one("inactive"))
        for request in (before, gone):
            made = scenario.send(FIRST, request)
            scenario.feed.expect(
                made, 1, "provider not enrolled", "Exception", reason="provider_not_enrolled"
            )
        scenario.send_paid(
            FIRST,
            scenario.maker.clean(scenario.world.one("new"), first=date(2026, 10, 1)),
            "newly enrolled provider",
        )
        outsider = scenario.maker.clean().model_copy(update={"payer": EXCLUSIVE_PAYER})
        made = scenario.send(FIRST, outsider)
        scenario.feed.expect(made, 1, "no contract", "Exception", reason="no_contract")
        own = scenario.maker.clean(scenario.world.one("exclusive"), "BLUEHARBOR")
        made = scenario.send(FIRST, own.model_copy(update={"payer": EXCLUSIVE_PAYER}))
        scenario.expect_paid(made, own, "contract of its own")


def authorisations(scenario: Scenario, times: int) -> None:
    """Without one: denied. With one that does not cover it: stopped. With the right one: paid."""
    for _ in range(times):
        missing = authorised_claim(scenario)
        made = scenario.send(FIRST, missing)
        scenario.feed.expect(
            made,
            1,
            "authorisation missing",
            "Submitted",
            "denied",
            reason="authorisation_missing",
            remitted=True,
        )
        wrong = authorised_claim(scenario)
        number = _authorise(scenario, wrong, member_id="M9999999")
        made = scenario.send(FIRST, wrong.model_copy(update={"authorisation_number": number}))
        scenario.feed.expect(made, 1, "authorisation of another", "Exception", reason="authorisation_invalid")
        right = authorised_claim(scenario)
        number = _authorise(scenario, right, member_id=right.subject.member_id.reveal())
        scenario.send_paid(
            FIRST, right.model_copy(update={"authorisation_number": number}), "authorised", "837p"
        )


def authorised_claim(scenario: Scenario) -> PaymentRequest:
    return scenario.maker.clean(code=codes.AUTHORISED_CODE, payer="BLUEHARBOR")


def _authorise(scenario: Scenario, request: PaymentRequest, *, member_id: str) -> str:
    provider = next(
        one for one in scenario.world.of_role("clean") if one.record.identifier == request.payee.identifier
    )
    day = request.lines[0].from_date
    return authorise(
        scenario.world, payer=request.payer, provider=provider, member_id=member_id,
        first=day - timedelta(days=5), last=day + timedelta(days=60),
    )  # fmt: skip


def filed_late(scenario: Scenario, times: int) -> None:
    for turn in range(times):
        request = scenario.maker.clean(payer="STATEPLAN", first=date(2026, 1, 5), last=date(2026, 4, 30))
        made = scenario.send(FIRST, request, "csv" if turn % 2 else "kafka")
        scenario.feed.expect(
            made, 1, "filed late", "Submitted", "denied", reason="timely_filing", remitted=True
        )


def paid_nothing(scenario: Scenario, times: int) -> None:
    """Approved, and the contract pays zero: a rate of zero, or a copay above what is allowed."""
    for turn in range(times):
        if turn % 2:
            request = with_line(
                scenario.maker.clean(payer="BLUEHARBOR", lines_max=1),
                0,
                code=codes.ZERO_RATE_CODE,
                modifiers=(),
            )
        else:
            request = with_line(
                scenario.maker.clean(payer="VALLEYHMO", lines_max=1),
                0,
                code="J1100",
                units_thousandths=1000,
                modifiers=(),
            )
            request = with_charge(request, 0, 1_200)
        made = scenario.send(FIRST, request)
        scenario.feed.expect(made, 1, "paid nothing", "Paid", paid_cents=0, remitted=True)
