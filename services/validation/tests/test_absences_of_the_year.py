"""Days on which a provider was closed are counted over the forms of the fiscal year, and decide without a person."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from test_programme import CASE, PACK, PACKS, authorised, part
from validation_stories import Line, only

from chassis import Context
from throughline.decisions import ReviewOpened, SubmissionApproved, SubmissionExcepted
from throughline.items import ItemStopped
from throughline.packs.earlier_days import year_of
from throughline.packs.form import Form, day_of
from throughline.packs.header import Past
from throughline.packs.travel import sent_of
from throughline.reasons import Reason
from throughline.sensitive import Sensitive
from throughline.submissions import SubmissionReceived, SubmissionWithdrawn
from validation import repository
from validation.domain import State
from validation.form_days import Told
from validation.form_days_repository import read_form_days
from validation.history import Request, Version
from validation.replay import replay
from validation.stored_requests import read_pinned_requests
from validation.testing import line, payer, received

FOUR_WEEKS = timedelta(days=28)
WEEKENDS_OF_AUGUST = ("2026-08-08", "2026-08-09", "2026-08-15", "2026-08-16", "2026-08-22", "2026-08-23",
                      "2026-08-29", "2026-08-30")  # fmt: skip
WEEKDAYS_OF_AUGUST = tuple([f"2026-08-{day:02d}" for day in (3, 4, 5, 6)])
WEEKENDS_OF_SEPTEMBER = ("2026-09-05", "2026-09-06", "2026-09-12")


def closed(days: tuple[str, ...]) -> tuple[dict[str, Any], ...]:
    return tuple([{"on": day, "absence": "provider_closed"} for day in days])


def september(number: str, days: tuple[str, ...], member: str = "M100") -> SubmissionReceived:
    form = part(False)
    return sent(number, Form(form.values, {**form.rows, "days": (*form.rows["days"], *closed(days))}),
                date(2026, 9, 1), date(2026, 9, 30), 118_800, date(2026, 10, 2), member)  # fmt: skip


def august(number: str, days: tuple[str, ...], member: str = "M100") -> SubmissionReceived:
    """The base example four weeks earlier, as far as it then lies in August."""
    rows = CASE.form.rows
    care = tuple([
        {**row, "on": str(on)} for row in rows["days"] if (on := earlier(row["on"])) <= date(2026, 8, 30)
    ])  # fmt: skip
    weeks = tuple([{**row, "starts_on": str(earlier(row["starts_on"]))} for row in rows["weeks"][:4]])
    said: dict[str, Any] = {
        "service_month": "2026-08",
        "parent_signed_on": "2026-08-31",
        "provider_signed_on": "2026-09-01",
        "total_billed_cents": 102_600,
    }
    form = Form({**part(False).values, **said}, {"days": (*care, *closed(days)), "weeks": weeks})
    return sent(number, form, date(2026, 8, 1), date(2026, 8, 31), 102_600, date(2026, 9, 2), member)


def earlier(day: Any) -> date:
    found = day_of(day)
    assert found is not None
    return found - FOUR_WEEKS


def sent(
    number: str, form: Form, first: date, last: date, cents: int, received_on: date, member: str
) -> SubmissionReceived:
    days: dict[str, Any] = {"from_date": first, "to_date": last, "diagnosis_pointers": ()}
    made = received(
        number, programme="child-care", lines=(line(line_id="1", code="CHCARE", charge_cents=cents, **days),),
        diagnoses=(), authorisation_number=f"AUTH-{member}", received_on=received_on, form=sent_of(PACK, form),
    )  # fmt: skip
    subject = made.request.subject.model_copy(update={"member_id": Sensitive(member)})
    if member != "M100":
        subject = subject.model_copy(
            update={"first_name": Sensitive("Quentin"), "birth_date": Sensitive("2019-05-05")}
        )
    return made.model_copy(update={"request": made.request.model_copy(update={"subject": subject})})


async def stage(on: Line, context: Context) -> None:
    context.resources.packs = PACKS
    printed = authorised(authorisation_number="AUTH-M100").printed
    assert printed is not None
    open_month = printed.model_copy(
        update={"values": {name: value for name, value in printed.values.items() if name != "service_month"}}
    )
    await on.hears(payer(version=2, auto_approve_below_cents=200_000))
    for member in ("M100", "M200"):
        await on.hears(
            authorised().model_copy(
                update={"number": f"AUTH-{member}", "member_id": Sensitive(member), "printed": open_month}
            )
        )


async def test_a_clean_form_is_approved_by_rules_alone_and_one_over_the_limit_of_the_year_is_held(
    on: Line, context: Context
) -> None:
    await stage(on, context)
    first = august("AUG-1", WEEKENDS_OF_AUGUST)
    assert only(await on.hears(first), SubmissionApproved).adjudication.paid_cents == 96_600
    # The same eight days again, told for another child, are no further days of the provider.
    only(await on.hears(august("AUG-2", WEEKENDS_OF_AUGUST, "M200")), SubmissionApproved)

    within = september("SEP-1", WEEKENDS_OF_SEPTEMBER[:2])
    only(await on.hears(within), SubmissionApproved)

    over = september("SEP-2", WEEKENDS_OF_SEPTEMBER, "M200")
    opened = only(await on.hears(over), ReviewOpened)
    assert [(one.rule, one.field, one.severity) for one in opened.findings] == [
        ("absences-within-limits", "days", "review")
    ]
    assert opened.findings[0].reason is Reason.RULE_ASKS_REVIEW

    async with context.pool.acquire() as db:
        ids = [one.request_id for one in (first, within, over)]
        stored = await read_pinned_requests(db, context.resources, ids)
    read = {
        (request.request_id, one.kind): one.before
        for request in stored
        for one in next(iter(request)).settled_readings
    }
    assert read[first.request_id, "form.closed_days_before"] == 0
    assert read[within.request_id, "form.closed_days_before"] == 8
    assert read[over.request_id, "form.closed_days_before"] == 8
    again = replay(stored, date(2026, 1, 1), date(2026, 12, 31), context.resources.catalogue, PACKS)
    assert (again.compared, again.differences) == (3, [])


async def test_two_forms_that_come_together_are_measured_by_one_another(on: Line, context: Context) -> None:
    await stage(on, context)
    said = await on.hears(august("AUG-1", WEEKENDS_OF_AUGUST), september("SEP-1", WEEKENDS_OF_SEPTEMBER))
    assert [type(one) for one in said] == [SubmissionApproved, ReviewOpened]


async def test_neither_the_order_of_forms_nor_how_they_are_cut_makes_more_days_of_the_year(
    on: Line, context: Context
) -> None:
    await stage(on, context)
    only(await on.hears(september("SEP-1", WEEKENDS_OF_SEPTEMBER)), SubmissionApproved)
    opened = only(await on.hears(august("AUG-1", WEEKENDS_OF_AUGUST)), ReviewOpened)
    assert [one.rule for one in opened.findings] == ["absences-within-limits"], "a month that comes late"
    opened = only(await on.hears(august("AUG-2", WEEKDAYS_OF_AUGUST, "M200")), ReviewOpened)
    assert [one.rule for one in opened.findings] == ["absences-within-limits"], "the month of another child"


async def test_a_form_of_the_same_hours_is_found_when_it_comes_beside_one_that_a_person_looks_at(
    on: Line, context: Context
) -> None:
    await stage(on, context)
    only(await on.hears(september("SEP-1", ("2026-09-05",) * 11)), ReviewOpened)
    stopped = only(await on.hears(september("SEP-2", ())), SubmissionExcepted)
    assert (stopped.reason, stopped.other_request_id) == (
        Reason.DUPLICATE_NEAR,
        september("SEP-1", ()).request_id,
    )
    assert [(one.rule, one.rule_version) for one in stopped.findings] == [("shared-hours", 1)]


async def test_a_form_that_was_withdrawn_tells_no_days_any_more(on: Line, context: Context) -> None:
    await stage(on, context)
    first = august("AUG-1", WEEKENDS_OF_AUGUST)
    only(await on.hears(first), SubmissionApproved)
    about: dict[str, Any] = {"request_id": first.request_id, "version": 1}
    stopped = ItemStopped(**about, decision_id=on.last_id, cause="withdrawal")
    await on.hears(SubmissionWithdrawn(**about, partner="clinic-one"))
    only(await on.hears(september("SEP-1", WEEKENDS_OF_SEPTEMBER)), ReviewOpened)
    await on.hears(stopped)
    only(await on.hears(september("SEP-2", WEEKENDS_OF_SEPTEMBER, "M200")), SubmissionApproved)


def test_the_year_of_a_day_begins_where_the_pack_says() -> None:
    fiscal = Past(fact="closed_on", of="payee", year_begins="07-01")
    assert [year_of(fiscal, day) for day in (date(2026, 6, 30), date(2026, 7, 1))] == [
        date(2025, 7, 1),
        date(2026, 7, 1),
    ]
    assert year_of(Past(fact="closed_on", of="payee"), date(2026, 12, 31)) == date(2026, 1, 1)


async def test_more_forms_than_are_read_are_not_counted_though_some_of_them_ended(context: Context) -> None:
    """5,400 days of other forms, of which one form ended: what was cut off is as unknown as if none had."""
    one = Version(received("F0"), datetime(2026, 10, 2, tzinfo=UTC), state=State.APPROVED)
    whom, first = b"0123456789abcdef", date(2026, 1, 1)
    async with context.pool.acquire() as db:
        await repository.store_versions(db, {one.submission.request_id: Request(uuid4(), {1: one})})
        await db.execute(
            "insert into versions select (jsonb_populate_record(v, jsonb_build_object('request_id',"
            " gen_random_uuid(), 'state', case n when 1 then 'ended' else 'approved' end))).*"
            " from versions v, generate_series(1, 17) as made (n)"
        )
        await db.execute(
            "insert into form_days select $1, $2::date + n, request_id, version"
            " from versions, generate_series(0, 299) as days (n)", whom, first,
        )  # fmt: skip
        told = Told("closed", whom, (), first, date(2027, 1, 1))
        days = await read_form_days(db, [told])
    assert days.count((told,), uuid4(), lambda *_: False) == {}
