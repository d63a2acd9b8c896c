"""Questions on the record of a request: asked by one side, answered by the other, believed only of who may."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from portal_people import Person, csrf_in, known, sign_in
from portal_stories import Life, Teller
from test_request_pages import ada, of_payee

from chassis import Context, testing
from chassis.testing_people import OPERATIONS, Actor, an, know, signed_by
from portal.app import service
from portal.questions import find_question, questions_of, waiting_for
from portal.rules import Role
from portal.tenancy import WRITER, Scope, Sees, enter, reading
from throughline.envelope import read_envelope
from throughline.people import OrganisationRecorded
from throughline.questions import QuestionAnswered, QuestionAsked
from throughline.sensitive import SensitiveText
from throughline.signed import SIGNATURE, read

__all__ = ["ada"]
CANARY = "Was it Mrs Canary-4711?"
ANOTHERS = UUID(int=4711)


def asked(life: Life, to: str = "provider", **changes: Any) -> QuestionAsked:
    values = {
        "question_id": uuid4(),
        "request_id": life.request_id,
        "version": 1,
        "payee_id": life.payee_id,
        "to": to,
        "text": SensitiveText(CANARY),
        "actor": "-",
    }
    return QuestionAsked(**{**values, **changes})


async def hear(context: Context, who: Actor, message: QuestionAsked | QuestionAnswered) -> None:
    named = message.model_copy(update={"actor": who.name})
    record = testing.heard(named, str(message.request_id), topic="questions")
    await testing.deliver(service, context, [signed_by(who, record)])


async def rows(pool: asyncpg.Pool) -> list[Any]:
    async with pool.acquire() as db, db.transaction():
        await enter(db, WRITER)
        found: list[Any] = await db.fetch("select * from questions order by asked_at")
        return found


async def a_life(context: Context) -> Life:
    teller = Teller()
    life = Life(teller, "CLM-1").received().says("ReviewOpened")
    await testing.deliver(service, context, teller.told)
    return life


async def the_cast(context: Context, life: Life) -> tuple[Actor, Actor, Actor]:
    """A reviewer, a biller of the payee, and one of another's."""
    own = OrganisationRecorded(organisation_id=uuid4(), version=1, kind="provider", payees=(life.payee_id,))
    other = OrganisationRecorded(organisation_id=uuid4(), version=1, kind="provider", payees=(ANOTHERS,))
    cast = an("reviewer"), an("biller", own), an("biller", other)
    await know(context.pool, OPERATIONS, own, other, *cast)
    return cast


async def test_a_question_waits_for_the_provider_until_they_answer(
    context: Context, pool: asyncpg.Pool, browser: httpx.AsyncClient, ada: Person
) -> None:
    life = await a_life(context)
    reviewer, biller, _ = await the_cast(context, life)
    question = asked(life)
    await hear(context, reviewer, question)
    (row,) = await rows(pool)
    assert CANARY.encode() not in row["text"] and row["to_side"] == "provider"
    assert "One question waits for you" in (await browser.get("/")).text
    page = await browser.get(f"/requests/{life.request_id}")
    assert CANARY in page.text and "A question was asked" in page.text
    where = f"/requests/{life.request_id}/questions/{question.question_id}"
    form = {"csrf": csrf_in(page), "text": "The second\r\nroom. "}
    for _ in range(2):
        assert (await browser.post(where, data=form)).status_code == 303
    assert (await browser.post(where, data=form | {"text": "  "})).status_code == 422
    (record,) = {one.value: one for one in await testing.said_in(pool) if one.topic == "questions"}.values()
    answer = QuestionAnswered.model_validate_json(record.value)
    assert answer.text.reveal() == "The second\nroom." and record.key == str(life.request_id).encode()
    headers = dict(record.headers)
    signature = read(headers[SIGNATURE])
    assert (signature.person_id, signature.role) == (ada.person_id, "biller")
    assert read_envelope(record.headers).correlation_id == str(life.request_id)
    assert "Canary" not in str(headers)
    await hear(context, biller, answer)
    assert "question waits for you" not in (await browser.get("/")).text
    assert "The second\nroom." in (await browser.get(f"/requests/{life.request_id}")).text
    assert (await browser.post(where, data=form)).status_code == 412


async def test_a_provider_asks_and_the_staff_see_it_in_their_queue(
    context: Context, pool: asyncpg.Pool, browser: httpx.AsyncClient, ada: Person
) -> None:
    life = await a_life(context)
    _, biller, _ = await the_cast(context, life)
    page = await browser.get(f"/requests/{life.request_id}")
    form = {"csrf": csrf_in(page), "once": str(uuid4()), "text": "When is it paid?"}
    for _ in range(2):
        assert (await browser.post(f"/requests/{life.request_id}/questions", data=form)).status_code == 303
    (body,) = {one.value for one in await testing.said_in(pool) if one.topic == "questions"}
    said = QuestionAsked.model_validate_json(body)
    assert (said.to, said.payee_id, said.version) == ("operations", life.payee_id, 1)
    await hear(context, biller, said)
    browser.cookies.clear()
    await sign_in(browser, await known(context, "rita", Role.REVIEWER))
    assert "One question waits for the staff" in (await browser.get("/reviews")).text
    case = await browser.get(f"/reviews/{life.request_id}")
    assert "When is it paid?" in case.text
    where = f"/reviews/{life.request_id}/questions/{said.question_id}"
    answer = {"csrf": csrf_in(case), "text": "On Friday."}
    assert (await browser.post(where, data=answer)).status_code == 303
    foreign = f"/reviews/{life.request_id}/questions/{UUID(int=7)}"
    assert (await browser.post(foreign, data=answer)).status_code == 404


async def test_no_word_is_believed_of_who_may_not_say_it(context: Context, pool: asyncpg.Pool) -> None:
    life = await a_life(context)
    reviewer, biller, stranger = await the_cast(context, life)
    await hear(context, stranger, asked(life, "operations"))  # another's payee
    await hear(context, biller, asked(life, "provider"))  # as if the staff had asked
    await hear(context, reviewer, asked(life, "operations"))
    auditor = an("auditor")
    await know(context.pool, auditor)
    await hear(context, auditor, asked(life))
    assert await rows(pool) == []
    question = asked(life)
    await hear(context, reviewer, question)
    answer = QuestionAnswered(
        question_id=question.question_id,
        request_id=life.request_id,
        payee_id=life.payee_id,
        text=SensitiveText("No."),
        actor="-",
    )
    await hear(context, stranger, answer)
    # Under a payee of their own they may speak, and still not in a question of another's, nor on another's request.
    await hear(context, stranger, answer.model_copy(update={"payee_id": ANOTHERS}))
    await hear(
        context, stranger, asked(life, "operations", payee_id=ANOTHERS, question_id=question.question_id)
    )
    await hear(context, stranger, asked(life, "operations", payee_id=ANOTHERS))
    row, foreign = await rows(pool)
    assert (row["payee_id"], row["to_side"], row["answer"]) == (life.payee_id, "provider", None)
    async with reading(context, Scope(Sees.OPERATIONS)) as db:
        shown = await questions_of(db, life.request_id, context.resources.content_key)
        assert [one.question_id for one in shown] == [question.question_id]
        assert await waiting_for(db, "operations") == []
        assert await find_question(db, life.request_id, foreign["question_id"]) is None


async def test_another_organisation_neither_sees_nor_asks(
    context: Context, pool: asyncpg.Pool, browser: httpx.AsyncClient
) -> None:
    life = await a_life(context)
    reviewer, *_ = await the_cast(context, life)
    question = asked(life)
    await hear(context, reviewer, question)
    eve = await known(context, "eve", Role.BILLER)
    await of_payee(context.pool, eve, uuid4())
    await sign_in(browser, eve)
    home = await browser.get("/")
    assert "question waits for you" not in home.text
    form = {"csrf": csrf_in(home), "once": str(uuid4()), "text": "Let me see."}
    for where in (
        f"/requests/{life.request_id}/questions",
        f"/requests/{life.request_id}/questions/{question.question_id}",
    ):
        assert (await browser.post(where, data=form)).status_code == 404
    assert [one for one in await testing.said_in(pool) if one.topic == "questions"] == []
