"""What operations staff see and decide: reviews, batches, returns, accounts, parked records, audit."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from portal_answers import hidden, said, told
from portal_people import csrf_in, known, sign_in
from portal_stories import Life, Teller, example

from chassis import Context, testing
from portal.app import service
from portal.audit_log import AuditLog, AuditUnreachable
from portal.review_queue import place_after, place_of, side_by_side
from portal.rules import Role
from portal.texts import catalogue
from throughline.findings import DuplicateMatch, Finding
from throughline.payees import ConfirmAccount
from throughline.reasons import Reason, Severity
from throughline.repairs import RedriveRecord, RedriveRecords
from throughline.reviews import AssignReview, DecideReview


def test_every_reason_has_a_short_name() -> None:
    named = {key.removeprefix("causes.") for key in catalogue("en") if key.startswith("causes.")}
    assert {one.value for one in Reason} <= named


async def test_the_queue_shows_what_waits_by_cause_and_age(
    browser: httpx.AsyncClient, context: Context
) -> None:
    teller = Teller()
    Life(teller, "OLD-1").received().says("ReviewOpened")
    Life(teller, "NEW-2").received().says("ReviewOpened")
    Life(teller, "EXC-3").received().says("SubmissionExcepted")
    Life(teller, "PAID-4").paid()
    await told(context, teller)
    await sign_in(browser, await known(context, "rita", Role.REVIEWER))
    page = (await browser.get("/reviews")).text
    assert page.index("OLD-1") < page.index("NEW-2")
    assert "EXC-3" not in page and "PAID-4" not in page
    assert "EXC-3" in (await browser.get("/reviews?queue=exception")).text
    assert "OLD-1" not in (await browser.get("/reviews?at_least=99999999")).text
    assert (await browser.get("/reviews?after=nowhere")).status_code == 400


async def test_a_list_goes_on_where_it_stopped(browser: httpx.AsyncClient, context: Context) -> None:
    teller = Teller()
    for number in range(53):
        Life(teller, f"CLM-{number:03}").received().says("ReviewOpened")
    await told(context, teller)
    await sign_in(browser, await known(context, "rita", Role.REVIEWER))
    first = await browser.get("/reviews")
    more = re.search(r'href="(/reviews\?[^"]*after=[^"]+)"', first.text)
    assert more
    second = await browser.get(more[1].replace("&amp;", "&"))
    shown = re.findall(r"CLM-\d{3}(?=</a>)", first.text + second.text)
    assert shown == [f"CLM-{number:03}" for number in range(53)]


async def test_a_decision_leaves_as_a_signed_command_with_what_was_seen(
    browser: httpx.AsyncClient, context: Context
) -> None:
    teller = Teller()
    payer = example("PayerRecorded").model_copy(update={"second_approval_cents": 12_346})
    teller.tell(payer)
    life = Life(teller, "CLM-1").received(payer=payer.payer).says("ReviewOpened", proposed_cents=12_345)
    opened = teller.told[-1].envelope.id
    await told(context, teller)
    rita = await known(context, "rita", Role.REVIEWER)
    await sign_in(browser, rita)
    page = await browser.get(f"/reviews/{life.request_id}")
    assert "$123.45" in page.text
    form = {name: hidden(page, name) for name in ("csrf", "once", "version", "answers", "amount_cents")}
    sent = form | {"decision": "approve", "note": "Looked at it."}
    for _ in range(2):  # pressed twice, it is one command
        answer = await browser.post(f"/reviews/{life.request_id}/decide", data=sent)
        assert answer.status_code == 303
    (command,) = await said(context)
    assert command == DecideReview(
        request_id=life.request_id,
        version=1,
        answers=opened,
        decision="approve",
        amount_cents=12_345,
        note="Looked at it.",
        actor=str(rita.person_id),
    )
    assert "on its way" in (await browser.get(f"/reviews/{life.request_id}")).text


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"version": "2"}, 412),
        ({"answers": str(uuid4())}, 412),
        ({"version": None}, 428),
        ({"answers": None}, 428),
        ({"decision": "approve", "amount_cents": "101"}, 412),
        ({"decision": "approve", "amount_cents": None}, 412),
    ],
    ids=["another version", "another event", "no version", "no event", "another amount", "no amount"],
)
async def test_h4_what_was_not_seen_is_not_decided(
    browser: httpx.AsyncClient, context: Context, changed: dict[str, str | None], status: int
) -> None:
    teller = Teller()
    life = Life(teller, "CLM-1").received().says("ReviewOpened", proposed_cents=100)
    await told(context, teller)
    await sign_in(browser, await known(context, "rita", Role.REVIEWER))
    page = await browser.get(f"/reviews/{life.request_id}")
    form = {name: hidden(page, name) for name in ("csrf", "once", "version", "answers", "amount_cents")}
    form |= {"decision": "deny", "note": "Not covered."}
    sent = {name: value for name, value in (form | changed).items() if value is not None}
    answer = await browser.post(f"/reviews/{life.request_id}/decide", data=sent)
    assert answer.status_code == status
    assert await said(context) == []
    changed_one = {"version": form["version"], "answers": form["answers"], "amount_cents": "100"} | changed
    if None not in changed_one.values():
        ticked = "~".join(str(changed_one[name]) for name in ("version", "answers", "amount_cents"))
        many = {
            "csrf": form["csrf"],
            "once": form["once"],
            "note": "All.",
            "chosen": f"{life.request_id}~{ticked}",
        }
        answer = await browser.post("/reviews/decide", data=many | {"decision": "approve"})
        assert answer.status_code == 412, "of many it is the same"
        assert await said(context) == []


async def needs_what_was_seen(
    browser: httpx.AsyncClient, where: str, form: dict[str, str], **stale: str
) -> None:
    """H4: without what was seen, and with what no longer is, nothing is asked."""
    assert (await browser.post(where, data=form)).status_code == 428
    assert (await browser.post(where, data=form | stale)).status_code == 412


async def test_h8_a_form_says_one_thing_however_often_it_comes(
    browser: httpx.AsyncClient, context: Context
) -> None:
    teller = Teller()
    life = Life(teller, "CLM-1").received().says("ReviewOpened", proposed_cents=100)
    await told(context, teller)
    await sign_in(browser, await known(context, "rita", Role.REVIEWER))
    page = await browser.get(f"/reviews/{life.request_id}")
    form = {name: hidden(page, name) for name in ("csrf", "once", "version", "answers", "amount_cents")}
    deny = form | {"decision": "deny", "note": "Not covered."}
    path = f"/reviews/{life.request_id}/decide"
    at_once = await asyncio.gather(*[browser.post(path, data=deny) for _ in range(3)])
    assert {answer.status_code for answer in at_once} == {303}
    other = await browser.post(path, data=deny | {"note": "Covered, but late."})
    assert other.status_code == 409 and "was not sent" in other.text
    later = await browser.post(path, data=deny)
    assert later.status_code == 303
    (command,) = await said(context)
    assert command.note == "Not covered."
    without = {name: value for name, value in deny.items() if name != "once"}
    assert (await browser.post(path, data=without)).status_code == 400, "H7: it must be named"
    assert (await browser.post(path, data=deny | {"once": "x"})).status_code == 400


async def test_an_approval_of_much_money_asks_for_a_step_up_over_the_amount(
    browser: httpx.AsyncClient, context: Context
) -> None:
    teller = Teller()
    payer = example("PayerRecorded").model_copy(update={"auto_approve_below_cents": 12_345})
    payer = payer.model_copy(update={"second_approval_cents": None})
    teller.tell(payer)
    life = Life(teller, "CLM-1").received(payer=payer.payer).says("ReviewOpened", proposed_cents=12_345)
    await told(context, teller)
    await sign_in(browser, await known(context, "rita", Role.REVIEWER))
    page = await browser.get(f"/reviews/{life.request_id}")
    form = {name: hidden(page, name) for name in ("csrf", "once", "version", "answers", "amount_cents")}
    answer = await browser.post(
        f"/reviews/{life.request_id}/decide", data=form | {"decision": "approve", "note": "Looked at it."}
    )
    assert answer.headers["location"].startswith("/step-up/")
    assert "$123.45" in (await browser.get(answer.headers["location"])).text
    ticked = re.findall(r'name="chosen"[^>]*value="([^"]+)"', (await browser.get("/reviews")).text)
    many = {
        "csrf": form["csrf"],
        "once": form["once"],
        "decision": "approve",
        "note": "All.",
        "chosen": ticked,
    }
    assert (await browser.post("/reviews/decide", data=many)).status_code == 428
    assert await said(context) == []


async def test_a_review_is_taken_shown_with_its_owner_and_handed_over(
    browser: httpx.AsyncClient, context: Context
) -> None:
    teller = Teller()
    life = Life(teller, "CLM-1").received().says("ReviewOpened")
    opened = teller.told[-1].envelope.id
    Life(teller, "CLM-2").received().says("ReviewOpened")
    rita, rosa = await known(context, "rita", Role.REVIEWER), await known(context, "rosa", Role.REVIEWER)
    await told(context, teller)
    await sign_in(browser, rita)
    page = await browser.get("/reviews?whose=nobody")
    row = f"{life.request_id}~1~{opened}~"
    assert f'value="{row}"' in page.text
    form = {"csrf": csrf_in(page), "once": hidden(page, "once"), "one": row}
    assert (await browser.post("/reviews/take", data=form)).status_code == 303
    assert (await browser.post("/reviews/take", data=form | {"one": "any"})).status_code == 422
    wanted = AssignReview(request_id=life.request_id, version=1, answers=opened, actor=str(rita.person_id))
    (taken,) = await said(context)
    assert taken == wanted.model_copy(update={"assignee": rita.person_id})
    life.says("ReviewAssigned", answers=opened, assignee=rita.person_id, assigned_by=rita.person_id)
    await told(context, teller)
    mine = (await browser.get("/reviews?whose=mine")).text
    assert "CLM-1" in mine and "CLM-2" not in mine
    assert "CLM-1</a>" not in (await browser.get("/reviews?whose=nobody")).text
    case = await browser.get(f"/reviews/{life.request_id}")
    assert "Rosa Example" in case.text
    form = {name: hidden(case, name) for name in ("csrf", "once", "version", "answers", "held_by")}
    to = form | {"to": str(rosa.person_id)}
    assert (await browser.post(f"/reviews/{life.request_id}/assign", data=to)).status_code == 303
    assert (await said(context))[-1] == wanted.model_copy(
        update={"assignee": rosa.person_id, "held_by": rita.person_id}
    )
    life.says("ReviewAssigned", answers=opened, assignee=rosa.person_id, assigned_by=rita.person_id)
    life.says("SubmissionExcepted")
    await told(context, teller)
    assert "nobody" in (await browser.get("/reviews?queue=exception&whose=nobody")).text


async def test_several_are_decided_with_one_note(browser: httpx.AsyncClient, context: Context) -> None:
    teller = Teller()
    lives = [Life(teller, f"CLM-{at}").received().says("ReviewOpened") for at in range(3)]
    await told(context, teller)
    await sign_in(browser, await known(context, "rita", Role.REVIEWER))
    page = await browser.get("/reviews")
    ticked = re.findall(r'name="chosen"[^>]*value="([^"]+)"', page.text)[:2]
    form = {"csrf": csrf_in(page), "once": hidden(page, "once"), "decision": "deny", "note": "Not covered."}
    answer = await browser.post("/reviews/decide", data=form | {"chosen": ticked})
    assert answer.status_code == 303
    commands = await said(context)
    assert [one.request_id for one in commands] == [one.request_id for one in lives[:2]]
    assert {(one.decision, one.note, one.amount_cents) for one in commands} == {
        ("deny", "Not covered.", None)
    }
    particulars = {"reason": "timely_filing", "field": ["lines.code", "attachments"]}
    for what in ("deny", "return_for_edits"):
        more = form | particulars | {"decision": what, "once": str(uuid4()), "chosen": ticked}
        assert (await browser.post("/reviews/decide", data=more)).status_code == 303
    denied, returned = (await said(context))[2::2]
    assert (denied.reason, denied.fields) == (Reason.TIMELY_FILING, None)
    assert (returned.reason, returned.fields) == (None, ("lines.code", "attachments"))
    for chosen in ("everything", f"{uuid4()}~1000~{uuid4()}~"):
        wrong = await browser.post("/reviews/decide", data=form | {"chosen": [chosen]})
        assert wrong.status_code == 422
    buttons = page.text.split('action="/reviews/decide"')[1].split("<button")
    assert buttons[1].startswith(" disabled hidden>"), "Enter in the note takes no row"


async def test_a_duplicate_stands_beside_the_other_with_its_differences_marked(
    browser: httpx.AsyncClient, context: Context
) -> None:
    teller = Teller()
    first = Life(teller, "CLM-1").received().approved()
    second = Life(teller, "CLM-2").received()
    second.says("SubmissionExcepted", reason=Reason.DUPLICATE, other_request_id=first.request_id)
    await told(context, teller)
    await sign_in(browser, await known(context, "ada", Role.AUDITOR))
    page = (await browser.get(f"/reviews/{second.request_id}")).text
    assert f"/reviews/{first.request_id}" in page and "CLM-1" in page
    assert 'class="differs"' not in page and "decide" not in page.lower().split("<main")[1]


async def test_a_suspected_duplicate_says_what_both_have_in_common_and_how_much(
    browser: httpx.AsyncClient, context: Context
) -> None:
    teller = Teller()
    first = Life(teller, "CLM-1").received().approved()
    second = Life(teller, "CLM-2").received()
    match = DuplicateMatch(
        kind="suspect", other_request_id=first.request_id, keys=("member", "birth_typo", "attachment"), score=85,
        rules="duplicates-1", rules_sha256="5a" * 32,
    )  # fmt: skip
    found = Finding(rule="suspect-duplicate", rule_version=1, severity=Severity.REVIEW,
                    reason=Reason.DUPLICATE_SUSPECT, message="m", duplicate=match)  # fmt: skip
    second.says("ReviewOpened", reasons=(Reason.DUPLICATE_SUSPECT,), findings=(found,))
    await told(context, teller)
    await sign_in(browser, await known(context, "ada", Role.AUDITOR))
    page = (await browser.get(f"/reviews/{second.request_id}")).text
    assert "85 of 100" in page and "birth date, but for a slip" in page and "5a" * 6 in page
    assert f"/reviews/{first.request_id}" in page and "CLM-1" in page


def test_everything_that_can_match_has_a_name() -> None:
    named = {key.removeprefix("reviews.key_") for key in catalogue("en") if key.startswith("reviews.key_")}
    assert named == {
        "payee", "payee_tin", "member", "member_typo", "name", "name_typo", "birth", "birth_typo", "dates", "code",
        "modifiers", "units", "hours", "amount", "amount_close", "invoice", "number", "attachment",
    }  # fmt: skip


def test_lines_are_paired_by_what_they_share() -> None:
    request = example("SubmissionReceived", "first").request
    one = request.lines[0]
    dearer = one.model_copy(update={"charge_cents": one.charge_cents + 1})
    later = one.model_copy(update={"from_date": one.from_date + timedelta(days=1), "code": "T1019"})
    here = request.model_copy(update={"lines": (later, one)})
    there = request.model_copy(update={"lines": (dearer,)})
    pairs = side_by_side(here, there)
    assert [(bool(pair.here), bool(pair.there)) for pair in pairs] == [(True, True), (True, False)]
    pairs = side_by_side(request.model_copy(update={"lines": (one,)}), there)
    assert [pair.differs for pair in pairs] == [frozenset({"charge_cents"})]


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "2026-01-01~1",
        f"2026-01-01T00:00:00~{UUID(int=7)}",
        f"0001-01-01T00:00:00+14:00~{UUID(int=7)}",
    ],
)
def test_a_place_that_no_page_wrote_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        place_of(text)


def test_a_place_comes_back_as_it_was_written() -> None:
    row = {"received_at": example("BatchClosed").closed_at, "request_id": uuid4()}
    assert place_of(place_after(row)) == (row["received_at"], row["request_id"])


async def test_a_batch_shows_its_payments_and_a_return_is_paid_again(
    browser: httpx.AsyncClient, context: Context
) -> None:
    teller = Teller()
    closed = example("BatchClosed", payment_count=1, total_cents=10_000)
    teller.tell(closed)
    life = Life(teller, "CLM-1").paid().returned()
    batch_id = next(
        one.message.batch_id for one in teller.told if type(one.message).__name__ == "PaymentSent"
    )
    if batch_id != closed.batch_id:
        teller.tell(closed.model_copy(update={"batch_id": batch_id}))
    teller.tell(example("AccountVerified", payee_id=life.payee_id, account_mask="...6789"))
    await told(context, teller)
    rae = await known(context, "rae", Role.RELEASER)
    await sign_in(browser, rae)
    assert str(batch_id) in (await browser.get("/batches")).text
    assert "Returned" in (await browser.get(f"/batches/{batch_id}")).text
    assert (await browser.get(f"/batches/{uuid4()}")).status_code == 404
    page = await browser.get("/returns")
    form = {"csrf": csrf_in(page), "once": hidden(page, "once"), "note": "New account."}
    await needs_what_was_seen(browser, f"/returns/{life.payment_id}/reissue", form, amount_cents="1")
    form |= {"amount_cents": hidden(page, "amount_cents")}
    answer = await browser.post(f"/returns/{life.payment_id}/reissue", data=form)
    assert answer.headers["location"].startswith("/step-up/"), "paying again is a person's twice"
    assert "...6789" in (await browser.get(answer.headers["location"])).text, "the account it goes to"
    assert await said(context) == []


async def test_a_held_batch_is_released_with_a_step_up_over_its_sum(
    browser: httpx.AsyncClient, context: Context
) -> None:
    teller = Teller()
    life = Life(teller, "CLM-1").received().approved().scheduled()
    amount = f"${teller.told[-1].message.amount_cents / 100:,.2f}"
    batch_id = life.batch_id
    closed = example("BatchClosed", batch_id=batch_id, payment_count=2, total_cents=765_432)
    teller.tell(closed)
    teller.tell(example("BatchHeld", batch_id=closed.batch_id, payment_count=2, total_cents=765_432))
    await told(context, teller)
    await sign_in(browser, await known(context, "rae", Role.RELEASER))
    page = await browser.get(f"/batches/{closed.batch_id}")
    assert amount in page.text and "Nothing waited" not in page.text, "who releases it sees what it pays"
    form = {"csrf": csrf_in(page), "once": hidden(page, "once"), "note": "The sums agree."}
    where = f"/batches/{closed.batch_id}/release"
    await needs_what_was_seen(browser, where, form, total_cents="765433", entry_count="2")
    form |= {name: hidden(page, name) for name in ("total_cents", "entry_count")}
    answer = await browser.post(where, data=form)
    assert answer.headers["location"].startswith("/step-up/")
    assert "$7,654.32" in (await browser.get(answer.headers["location"])).text
    assert await said(context) == []
    assert (await browser.post(f"/batches/{uuid4()}/hold", data=form)).status_code == 404
    life.says("PaymentRefused", payment_id=life.payment_id, batch_id=batch_id, reason=Reason.ACCOUNT_HELD)
    life.says("ItemHeld", payment_id=life.payment_id, reason=Reason.ACCOUNT_HELD)
    teller.tell(example("BatchRedated", batch_id=batch_id, payment_count=1, total_cents=111_111))
    await told(context, teller)
    assert "Nothing came back" in (await browser.get("/returns")).text, (
        "it never left: it waits for its account"
    )
    assert "$1,111.11" in (await browser.get(f"/batches/{batch_id}")).text
    member = example("SubmissionReceived", "first").request.subject.member_id.reveal()
    assert member not in (await browser.get(f"/reviews/{life.request_id}")).text, (
        "reviewers and auditors alone"
    )


async def test_a_changed_account_is_confirmed_by_another_person_after_a_step_up(
    browser: httpx.AsyncClient, context: Context
) -> None:
    teller = Teller()
    changed = example("AccountChanged")
    teller.tell(changed)
    await told(context, teller)
    amy = await known(context, "amy", Role.ACCOUNT_APPROVER)
    await sign_in(browser, amy)
    page = await browser.get("/account-changes")
    form = {name: hidden(page, name) for name in ("csrf", "once", "token")}
    stale = await browser.post(f"/account-changes/{changed.payee_id}/confirm", data=form | {"token": "x"})
    assert stale.status_code == 412
    answer = await browser.post(f"/account-changes/{changed.payee_id}/confirm", data=form)
    assert answer.status_code == 303 and answer.headers["location"].startswith("/step-up/")
    assert changed.account_mask in (await browser.get(answer.headers["location"])).text
    assert not [one for one in await said(context) if isinstance(one, ConfirmAccount)]


async def test_a_parked_record_is_put_through_again_and_leaves_the_list(
    browser: httpx.AsyncClient, context: Context
) -> None:
    teller = Teller()
    parked = example("RecordParked")
    at = parked.coordinates
    topic = f"parked.{parked.service}"
    teller.tell(parked, topic, at.topic)
    await told(context, teller)
    olga = await known(context, "olga", Role.OPERATOR)
    await sign_in(browser, olga)
    where = f"{at.topic}/{at.partition}@{at.offset}"
    page = await browser.get("/parked")
    assert where in page.text
    form = {
        "csrf": csrf_in(page),
        "once": hidden(page, "once"),
        "service": parked.service,
        "topic": at.topic,
        "partition": str(at.partition),
        "offset": str(at.offset),
    }
    assert (await browser.post("/parked/redrive", data=form)).status_code == 303
    assert (await browser.post("/parked/redrive", data=form | {"service": "nobody"})).status_code == 422
    many = form | {"reason": parked.reason.value}
    assert (await browser.post("/parked/redrive-all", data=many)).status_code == 303
    one, all_of_them = await said(context)
    assert one == RedriveRecord(service=parked.service, coordinates=at, actor=str(olga.person_id))
    assert isinstance(all_of_them, RedriveRecords) and all_of_them.reason is parked.reason
    redriven = example("RecordRedriven", service=parked.service, coordinates=at)
    teller.tell(redriven, topic, at.topic)
    await testing.deliver(service, context, teller.told[-1:])
    assert where not in (await browser.get("/parked")).text


WHO_MAY_NOT: Sequence[tuple[str, Role]] = [
    ("/reviews/decide", Role.AUDITOR),
    (f"/reviews/{UUID(int=1)}/decide", Role.RELEASER),
    (f"/returns/{UUID(int=1)}/reissue", Role.REVIEWER),
    (f"/account-changes/{UUID(int=1)}/confirm", Role.OPERATOR),
    (f"/batches/{UUID(int=1)}/hold", Role.REVIEWER),
    (f"/batches/{UUID(int=1)}/release", Role.OPERATOR),
    (f"/orders/requests/{UUID(int=1)}/hold", Role.AUDITOR),
    (f"/orders/payments/{UUID(int=1)}/reverse", Role.OPERATOR),
    ("/parked/redrive", Role.REVIEWER),
    ("/parked/redrive-all", Role.AUDITOR),
    ("/audit/verify", Role.REVIEWER),
]


@pytest.mark.parametrize(("path", "role"), WHO_MAY_NOT)
async def test_another_role_may_look_and_not_act(
    browser: httpx.AsyncClient, context: Context, path: str, role: Role
) -> None:
    await sign_in(browser, await known(context, "otto", role))
    csrf = csrf_in(await browser.get("/batches"))
    assert (await browser.post(path, data={"csrf": csrf})).status_code == 403
    assert await said(context) == []


@pytest.mark.parametrize(
    "path", ["/reviews", "/batches", "/returns", "/account-changes", "/orders", "/parked", "/audit"]
)
async def test_providers_see_none_of_it(browser: httpx.AsyncClient, context: Context, path: str) -> None:
    await sign_in(browser, await known(context, "bill", Role.BILLER))
    assert (await browser.get(path)).status_code == 403


class SealedLog:
    """Audit's HTTP API, as it answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, away: bool = False) -> None:
        answers = {
            "/v1/root": {"size": 7, "root": "ab" * 32, "written_at": "2026-11-16T15:00:00+00:00"},
            f"/v1/requests/{UUID(int=5)}/timeline": {
                "request_id": str(UUID(int=5)),
                "state": "Paid",
                "versions": [],
                "events": [
                    {
                        "topic": "reviews",
                        "partition": 0,
                        "offset": 3,
                        "leaf_index": 6,
                        "at": "2026-11-16T15:00:00+00:00",
                        "type": "DecideReview",
                        "source": "portal",
                        "message": {"version": 1, "actor": "person-9"},
                        "signed": {"person_id": "person-8", "role": "reviewer"},
                    },
                    {
                        "topic": "submissions",
                        "partition": 1,
                        "offset": 2,
                        "leaf_index": None,
                        "at": "2026-11-16T15:00:01+00:00",
                        "type": None,
                        "source": None,
                        "message": None,
                    },
                ],
            },
            "/v1/proofs/reviews/0/3": {"leaf_index": 6},
        }

        def answer(request: httpx.Request) -> httpx.Response:
            if away:
                raise httpx.ConnectError("refused")
            assert request.headers["authorization"] == "Bearer of-audit"
            if request.method == "POST":
                report = {"holds": True, "size": 7, "roots": 2, "partitions": [{}], "finding_counts": {}}
                return httpx.Response(200, json={"report": report})
            found = answers.get(request.url.path)
            return httpx.Response(404) if found is None else httpx.Response(200, json=found)

        transport = httpx.MockTransport(answer)
        headers = {"Authorization": "Bearer of-audit"}
        monkeypatch.setattr(
            AuditLog,
            "_client",
            lambda log, timeout_s: httpx.AsyncClient(
                base_url="http://a", headers=headers, transport=transport
            ),
        )


async def test_the_timeline_names_who_acted_and_gives_a_proof(
    browser: httpx.AsyncClient, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    SealedLog(monkeypatch)
    await sign_in(browser, await known(context, "ada", Role.AUDITOR))
    page = (await browser.get(f"/audit/requests/{UUID(int=5)}")).text
    assert "person-8" in page and ">reviewer<" in page
    assert "/audit/proofs/reviews/0/3" in page and "not sealed yet" in page
    proof = await browser.get("/audit/proofs/reviews/0/3")
    assert proof.json() == {"leaf_index": 6}
    assert proof.headers["content-disposition"] == 'attachment; filename="proof-reviews-0-3.json"'
    assert (await browser.get("/audit/proofs/reviews/0/4")).status_code == 404
    assert (await browser.get(f"/audit/requests/{uuid4()}")).status_code == 404
    page_of_log = await browser.get("/audit")
    report = await browser.post("/audit/verify", data={"csrf": csrf_in(page_of_log)})
    assert "Everything holds" in report.text


async def test_a_request_is_found_by_its_number(
    browser: httpx.AsyncClient, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    SealedLog(monkeypatch)
    teller = Teller()
    life = Life(teller, "CLM-77").paid()
    await told(context, teller)
    await sign_in(browser, await known(context, "ada", Role.AUDITOR))
    for wanted in ("CLM-77", str(life.request_id), str(life.payment_id)):
        assert str(life.request_id) in (await browser.get("/audit", params={"find": wanted})).text
    assert "Nothing by that number" in (await browser.get("/audit?find=CLM-78")).text


async def test_without_audit_the_page_says_so(
    browser: httpx.AsyncClient, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    SealedLog(monkeypatch, away=True)
    await sign_in(browser, await known(context, "ada", Role.AUDITOR))
    assert "does not answer" in (await browser.get("/audit")).text
    assert (await browser.get(f"/audit/requests/{uuid4()}")).status_code == 503
    with pytest.raises(AuditUnreachable):
        await AuditLog(context.settings).root()
