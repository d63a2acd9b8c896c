"""A timesheet of a programme that no service has code for: priced, approved, paid and explained by its pack."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from sample_input.reference import COUNTY_PAYER, Provider
from tests.whole_line import WholeLine

from stack.environment import PACKS
from throughline.decisions import SubmissionApproved
from throughline.packs.directory import load_packs
from throughline.packs.form import Form, day_of, days_of_month
from throughline.packs.lint_examples import Case, case_of
from throughline.packs.travel import sent_of
from throughline.payments import PaymentSent
from throughline.reference import AuthorisationRecorded
from throughline.remittances import RemittancePosted
from throughline.requests import PaymentRequest, ServiceLine, Subject
from throughline.sensitive import Sensitive
from throughline_cli.demo import reference

PACK = load_packs(PACKS)["in-home-support", 1]
NUMBER = "WALK-HOME-1"
CHARGE_CENTS, PAID_CENTS, SHARE_OF_COST_CENTS = 190_000, 187_500, 2_500
"""What the pack's own example comes to: two weeks of 45 hours at $20, five hours of each half as much again."""


def month_before(day: date) -> tuple[date, date]:
    """First and last day."""
    return days_of_month(f"{day.replace(day=1) - timedelta(days=1):%Y-%m}")


def example_of(month: date, signed_on: date) -> Case:
    """The pack's example as if it were of this month, authorised for its year: its first day of work is the month's
    first Monday."""
    base = case_of(PACK, "base")
    monday = month + timedelta(days=-month.weekday() % 7)
    first = day_of(base.form.rows["visits"][0]["on"])
    assert first is not None and first.weekday() == 0
    moved = []
    for visit in base.form.rows["visits"]:
        on = day_of(visit["on"])
        assert on is not None
        moved.append({**visit, "on": str(monday + (on - first))})
    signed = {f"{who}_signed_on": str(signed_on) for who in ("provider", "recipient")}
    authorised = {"authorised_from": f"{month.year}-01-01", "authorised_to": f"{month.year}-12-31"}
    values = {
        **base.form.values,
        **signed,
        **authorised,
        "service_month": f"{month:%Y-%m}",
        "authorisation_number": NUMBER,
    }
    printed = {name: values[name] for name in base.authorised.values if name != "service_month"}
    return replace(base, form=Form(values, {"visits": tuple(moved)}), authorised=Form(printed, {}))


def timesheet(payee: Provider, case: Case, first: date, last: date) -> PaymentRequest:
    line = ServiceLine(
        line_id="1", from_date=first, to_date=last, code=PACK.header.request.code,
        units_thousandths=1000, charge_cents=CHARGE_CENTS,
    )  # fmt: skip
    return PaymentRequest(
        number=f"{NUMBER} {first:%Y-%m}", programme=PACK.header.programme, payer=COUNTY_PAYER, payee=payee.payee(),
        subject=Subject(member_id=Sensitive("RC-0007"), last_name=Sensitive("Example"), first_name=Sensitive("Ada")),
        lines=(line,), total_cents=CHARGE_CENTS, currency="USD", authorisation_number=NUMBER,
        form=sent_of(PACK, case.form),
    )  # fmt: skip


def test_a_timesheet_goes_from_a_record_to_ppd_and_a_plain_remittance(line: WholeLine) -> None:
    payee = line.new_payee()
    today = line.now().date()
    first, last = month_before(today)
    case = example_of(first, today)
    authorisation = AuthorisationRecorded(
        number=NUMBER, version=1, payer=COUNTY_PAYER, payee_id=payee.record.payee_id, member_id=Sensitive("RC-0007"),
        valid_from=date(first.year, 1, 1), valid_to=date(first.year, 12, 31), printed=sent_of(PACK, case.authorised),
    )  # fmt: skip
    reference.publish(line.speaker, "authorisations", [authorisation])
    line.rest()

    request = line.submit(timesheet(payee, case, first, last))
    approved = line.until_said(SubmissionApproved, request_id=request)
    assert approved.decided_by.kind == "system", (
        "nothing stands against it, and it lies below the payer's tier"
    )
    told = approved.adjudication
    assert (told.paid_cents, told.patient_responsibility_cents) == (PAID_CENTS, SHARE_OF_COST_CENTS)
    assert told.entry is not None and (told.entry.rail, told.entry.description) == ("ppd", "HOME CARE")

    line.rest()
    batch = line.pass_the_cutoff()
    payment = line.until_said(PaymentSent, batch_id=batch.batch_id, payee_id=payee.record.payee_id)
    line.pass_the_settlement(batch)
    line.until_state(request, "Paid")
    assert [one.amount_cents for one in line.entries(str(payee.account))] == [PAID_CENTS]
    assert line.until_said(RemittancePosted, payment_id=payment.payment_id).format == "advice"
