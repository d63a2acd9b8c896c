"""Dates foretold at approval, and whether they held; what is new since a person looked; redrives asked for by two."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import asyncpg
import httpx
import pytest
from portal_answers import said
from portal_people import Person, TrueTime, csrf_in, known, sign_in
from portal_stories import BEGAN, Life, Teller, example
from test_request_pages import ada

from chassis import Context, FixedClock, testing
from chassis.metrics import REGISTRY
from portal.app import service
from portal.foretold import count_dates, held
from portal.read_model.rebuild import forget
from portal.rules import Role
from portal.stage_notices import see, stage_of
from portal.tenancy import WRITER, Scope, Sees, enter, writing
from throughline.envelope import read_envelope
from throughline.parked import RecordParked
from throughline.repairs import RedriveRecords
from throughline.signed import SECOND_SIGNATURE, SIGNATURE, read

__all__ = ["ada"]


async def dates(pool: asyncpg.Pool, today: date = date(2026, 3, 3)) -> tuple[list[date], tuple[int, int]]:
    async with pool.acquire() as db, db.transaction():
        await enter(db, WRITER)
        rows = await db.fetch("select foretold_on from foretold order by foretold_on")
        return [row[0] for row in rows], await held(db, BEGAN - timedelta(days=1), today)


async def test_a_date_is_foretold_at_the_approval_once_and_held_against_the_settlement(
    context: Context, pool: asyncpg.Pool, clock: FixedClock, true_time: TrueTime, browser: httpx.AsyncClient
) -> None:
    true_time.now = BEGAN
    clock.instant = datetime(2026, 3, 2, 15, tzinfo=UTC)  # a Monday, business time: before the cutoff
    teller = Teller()
    claim = example("SubmissionApproved").adjudication
    teller.tell(example("PayerRecorded", payer=claim.payer, bank="sandbox-bank"))
    names = ("CLM-1", "CLM-2", "CLM-3", "CLM-4")
    on_time, late, waits, ends = (Life(teller, name).received().approved() for name in names)
    await testing.deliver(service, context, teller.told)
    foretold, count = await dates(pool)
    assert foretold == [date(2026, 3, 3)] * 4 and count == (0, 0)
    for life, settled_on in ((on_time, date(2026, 3, 3)), (late, date(2026, 3, 4))):
        life.scheduled().says(
            "PaymentSent", payment_id=life.payment_id, batch_id=life.batch_id, effective_date=date(2026, 3, 3)
        )
        life.says("PaymentSettled", payment_id=life.payment_id, settled_on=settled_on)
    assert waits.payments == 0
    ends.says("ApprovalRevoked", cause="withdrawal").says("ItemStopped", cause="withdrawal")
    await testing.deliver(service, context, teller.told)
    assert await dates(pool) == ([date(2026, 3, 3)] * 4, (1, 2))
    await sign_in(browser, await known(context, "rita", Role.REVIEWER))
    page = (await browser.get("/figures/dates")).text
    assert "CLM-2" in page and "CLM-1" not in page
    assert "Settled on the very day foretold" in (await browser.get("/figures")).text
    next_day = date(2026, 3, 4)
    assert (await dates(pool, next_day))[1] == (1, 3), (
        "its day passed: it is missed, but not what was withdrawn"
    )
    clock.instant += timedelta(days=2)
    await count_dates(context)
    assert REGISTRY.get_sample_value("throughline_portal_dates", {"outcome": "missed"}) == 2.0
    page = (await browser.get("/figures/dates")).text
    assert all((name in page) == (name in ("CLM-2", "CLM-3")) for name in names)
    clock.instant += timedelta(days=30)
    true_time.now += timedelta(days=2)
    async with pool.acquire() as db, db.transaction():
        await forget(db)
    await testing.deliver(service, context, teller.told)
    assert await dates(pool) == ([date(2026, 3, 3)] * 4, (1, 2)), "read again, nothing is foretold anew"


@pytest.mark.parametrize(
    ("state", "substatus", "acts", "stage"),
    [
        ("Submitted", "", "", "accepted"),
        ("In review", "", "operations", "in_review"),
        ("Approved", "", "", "approved"),
        ("Payout scheduled", "", "", "scheduled"),
        ("Paid", "", "", "paid"),
        ("Exception", "", "provider", "needs_you"),
        ("Exception", "returned", "provider", "returned"),
        ("Exception", "", "operations", "looked_at"),
        ("Submitted", "denied", "", "denied"),
        ("In review", "withdrawn", "", "ended"),
    ],
)
def test_each_stage_has_its_word(state: str, substatus: str, acts: str, stage: str) -> None:
    assert stage_of(state, substatus, acts) == stage


async def test_what_is_new_is_told_until_the_person_has_seen_it(
    context: Context, browser: httpx.AsyncClient, ada: Person, true_time: TrueTime
) -> None:
    teller = Teller()
    first = Life(teller, "CLM-1").received()
    second = Life(teller, "CLM-2").received().approved().scheduled().sent()
    await testing.deliver(service, context, teller.told)

    async def news() -> str:
        page = (await browser.get("/")).text
        return page.split('id="news"')[1].split("</section>")[0] if 'id="news"' in page else ""

    shown = await news()
    assert "accepted" in shown and "in a bank batch, settles on" in shown
    async with writing(context, Scope(Sees.OWN, ada.person_id, (ada.organisation_id,))) as db:
        await see(db, first.request_id, BEGAN - timedelta(seconds=1))
    assert "CLM-1" in await news(), "an earlier state was looked at"
    await browser.get(f"/requests/{first.request_id}")
    shown = await news()
    assert "CLM-1" not in shown and "CLM-2" in shown, "looked at one"
    first.says("ReviewOpened")
    await testing.deliver(service, context, teller.told)
    assert "a person looks at it" in await news(), "changed since"
    home = await browser.get("/")
    until = home.text.split('name="until" value="')[1].split('"')[0]
    form = {"csrf": csrf_in(home), "until": until}
    assert (await browser.post("/notices/seen", data=form)).status_code == 303
    assert await news() == ""
    assert (await browser.post("/notices/seen", data=form | {"until": "x"})).status_code == 422
    second.settled()
    await testing.deliver(service, context, teller.told)
    assert "CLM-2" in await news()
    true_time.pass_by(minutes=1)
    await sign_in(browser, await known(context, "eve", Role.BILLER))
    assert await news() == "", "another organisation's"


async def test_a_redrive_of_many_leaves_when_a_second_operator_approves_it(
    context: Context, pool: asyncpg.Pool, browser: httpx.AsyncClient
) -> None:
    parked: RecordParked = example("RecordParked")
    coordinates = parked.coordinates
    records = [
        testing.heard(
            parked.model_copy(update={"coordinates": coordinates.model_copy(update={"offset": at})}),
            coordinates.topic,
            topic=f"parked.{parked.service}",
        )
        for at in range(101)
    ]
    await testing.deliver(service, context, records)
    olga, otto = await known(context, "olga", Role.OPERATOR), await known(context, "otto", Role.OPERATOR)
    await sign_in(browser, olga)
    page = await browser.get("/parked")
    assert "Propose all 101" in page.text
    wanted = {"service": parked.service, "reason": parked.reason.value, "count_max": "101"}
    form = {"csrf": csrf_in(page), **wanted}
    assert (await browser.post("/parked/propose", data=form | {"count_max": "100"})).status_code == 400
    assert (await browser.post("/parked/propose", data=form)).status_code == 303
    page = await browser.get("/parked")
    proposals = "select proposal_id from redrive_proposals"
    async with pool.acquire() as db, db.transaction():
        await enter(db, WRITER)
        proposal = await db.fetchval(proposals)
    approve = f"/parked/proposals/{proposal}/approve"
    assert (await browser.post(approve, data={"csrf": csrf_in(page)})).status_code == 409
    assert await said(context) == []
    browser.cookies.clear()
    await sign_in(browser, otto)
    page = await browser.get("/parked")
    assert "Olga Example" in page.text
    assert (await browser.post(approve, data={"csrf": csrf_in(page)})).status_code == 303
    assert (await browser.post(approve, data={"csrf": csrf_in(page)})).status_code == 404
    (command,) = await said(context)
    assert command == RedriveRecords(
        service=parked.service,
        reason=parked.reason,
        count_max=101,
        actor=str(olga.person_id),
        second_actor=str(otto.person_id),
    )
    headers = dict((await testing.said_in(pool))[0].headers)
    signers = [read(headers[name]).person_id for name in (SIGNATURE, SECOND_SIGNATURE)]
    assert signers == [olga.person_id, otto.person_id]
    assert read_envelope(tuple(headers.items())).id == read(headers[SIGNATURE]).id
