"""Orders of operations staff: an item is held and let go on, a settled payment taken back by two people."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi.routing import APIRoute
from portal_answers import hidden, said, told
from portal_people import Person, TrueTime, csrf_in, known, sign_in
from portal_stories import Life, Teller

from chassis import Context, testing
from portal.app import service
from portal.people_work import put_person
from portal.rules import Role, rule_of
from portal.tenancy import WRITER, enter
from throughline.commanding import MAY_GIVE
from throughline.message import Message
from throughline.orders import HoldBatch, HoldItem, ReissuePayment, ReleaseBatch, ReleaseItem, ReversePayment
from throughline.payees import ConfirmAccount
from throughline.reasons import Reason
from throughline.signed import SECOND_SIGNATURE, SIGNATURE, read

ROUTES = {
    route.path: rule_of(route)
    for router in service.api
    for route in router.routes
    if isinstance(route, APIRoute) and route.methods == {"POST"}
}


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("/orders/requests/{request_id}/hold", HoldItem),
        ("/orders/requests/{request_id}/release", ReleaseItem),
        ("/orders/payments/{payment_id}/reverse", ReversePayment),
        ("/orders/proposals/{proposal_id}/approve", ReversePayment),
        ("/batches/{batch_id}/hold", HoldBatch),
        ("/batches/{batch_id}/release", ReleaseBatch),
        ("/returns/{payment_id}/reissue", ReissuePayment),
        ("/account-changes/{payee_id}/confirm", ConfirmAccount),
    ],
)
def test_a_page_admits_just_those_whom_payout_believes(path: str, command: type[Message]) -> None:
    rule = ROUTES[path]
    assert rule is not None and {one.value for one in rule.roles} == MAY_GIVE[command]


async def test_an_item_is_held_and_let_go_on(browser: httpx.AsyncClient, context: Context) -> None:
    teller = Teller()
    life = Life(teller, "CLM-1").received().approved()
    await told(context, teller)
    olga = await known(context, "olga", Role.OPERATOR)
    await sign_in(browser, olga)
    assert "CLM-1" in (await browser.get("/orders?find=CLM-1")).text
    where = f"/orders/requests/{life.request_id}"
    asked = []
    for word, command in (("hold", HoldItem), ("release", ReleaseItem)):
        page = await browser.get(where)
        form = {name: hidden(page, name) for name in ("csrf", "once", "version")}
        answer = await browser.post(f"{where}/{word}", data=form | {"note": "Wait for the letter."})
        assert answer.status_code == 303, page.text
        asked.append(
            command(
                request_id=life.request_id, version=1, note="Wait for the letter.", actor=str(olga.person_id)
            )
        )
        life.says("ItemHeld", reason=Reason.HELD_BY_ORDER, payment_id=None)
        await told(context, teller)
        assert "CLM-1" in (await browser.get("/orders")).text, "it is on the list of what is held"
    assert await said(context) == asked


async def settled(context: Context) -> Life:
    teller = Teller()
    life = Life(teller, "CLM-1").paid()
    await told(context, teller)
    return life


async def propose(browser: httpx.AsyncClient, life: Life) -> httpx.Response:
    page = await browser.get(f"/orders/requests/{life.request_id}")
    form = {name: hidden(page, name) for name in ("csrf", "amount_cents")}
    form |= {"cause": "duplicate", "note": "Billed twice by letter."}
    where = f"/orders/payments/{life.payment_id}/reverse"
    assert (await browser.post(where, data=form | {"cause": "regret"})).status_code == 422
    assert (await browser.post(where, data=form | {"amount_cents": "1"})).status_code == 412
    return await browser.post(where, data=form)


async def sign_in_anew(browser: httpx.AsyncClient, person: Person, time: TrueTime) -> None:
    browser.cookies.clear()
    time.pass_by(minutes=1)
    await sign_in(browser, person)


async def test_a_payment_is_taken_back_when_another_person_approves_it_with_a_step_up(
    browser: httpx.AsyncClient, context: Context, true_time: TrueTime
) -> None:
    life = await settled(context)
    rae, ray = await known(context, "rae", Role.RELEASER), await known(context, "ray", Role.RELEASER)
    await sign_in(browser, rae)
    assert (await propose(browser, life)).status_code == 303
    page = await browser.get("/orders")
    assert "Billed twice by letter." in page.text and "/approve" not in page.text, "not by the same person"
    drop = re.search(r"/orders/proposals/[^/]+/drop", page.text)
    assert drop
    approve = drop[0].replace("/drop", "/approve")
    assert (await browser.post(approve, data={"csrf": csrf_in(page)})).status_code == 409
    await sign_in_anew(browser, ray, true_time)
    page = await browser.get("/orders")
    answer = await browser.post(approve, data={"csrf": csrf_in(page)})
    step_up = answer.headers["location"]
    shown = (await browser.get(step_up)).text
    assert "Billed twice" in shown and "Paid twice" in shown, (
        "cause and note are what they prove themselves for"
    )
    assert await said(context) == []
    true_time.pass_by(minutes=1)
    form = {"csrf": csrf_in(page), "code": ray.code}
    assert (await browser.post(step_up, data=form)).headers["location"] == "/orders"
    (order,) = await said(context)
    assert order == ReversePayment(
        payment_id=life.payment_id,
        cause="duplicate",
        note="Billed twice by letter.",
        actor=str(ray.person_id),
    )
    headers = dict((await testing.said_in(context.pool))[0].headers)
    signers = [read(headers[name]).person_id for name in (SIGNATURE, SECOND_SIGNATURE)]
    assert signers == [ray.person_id, rae.person_id]
    assert (await browser.post(approve, data={"csrf": csrf_in(page)})).status_code == 404, "once"


async def test_a_proposal_falls_when_it_is_dropped_a_day_old_or_its_person_may_no_longer(
    browser: httpx.AsyncClient, context: Context, true_time: TrueTime
) -> None:
    life = await settled(context)
    rae, ray = await known(context, "rae", Role.RELEASER), await known(context, "ray", Role.RELEASER)
    for how, expected in (("dropped", 404), ("old", 404), ("no longer", 412)):
        await sign_in_anew(browser, rae, true_time)
        assert (await propose(browser, life)).status_code == 303
        page = await browser.get("/orders")
        drop = re.search(r"/orders/proposals/[^/]+/drop", page.text)
        assert drop
        if how == "dropped":
            assert (await browser.post(drop[0], data={"csrf": csrf_in(page)})).status_code == 303
        elif how == "old":
            true_time.pass_by(hours=25)
        else:
            await no_longer(context, rae)
        await sign_in_anew(browser, ray, true_time)
        csrf = csrf_in(await browser.get("/orders"))
        approve = drop[0].replace("/drop", "/approve")
        assert (await browser.post(approve, data={"csrf": csrf})).status_code == expected, how
    assert await said(context) == []


async def no_longer(context: Context, person: Person) -> None:
    """Their roles end, as two operators recorded."""
    async with context.pool.acquire() as db, db.transaction():
        await enter(db, WRITER)
        await put_person(db, person.record(version=2, roles=()))
