"""The read model shows where the shared fold says a request stands, in whatever order the topics are read."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from portal_stories import Life, Teller, example, in_topic_order

from chassis import Context, testing
from chassis.signer import Proof
from chassis.testing_people import OPERATIONS, Actor, an, know, signed_by
from portal.app import service
from portal.read_model.facts import MOVES_STATE, fold_facts, told_again
from portal.read_model.rebuild import forget
from portal.read_model.tables import KEYS
from portal.tenancy import WRITER, Scope, Sees, enter
from throughline.lifecycle import Told, fold
from throughline.people import OrganisationRecorded

PRACTICE = OrganisationRecorded(organisation_id=uuid4(), version=1, kind="provider")


def _returned_for_edits(life: Life) -> Life:
    return life.received().says("ReviewOpened").says("SubmissionExcepted").received(total_cents=20000)


LIVES: dict[str, tuple[Callable[[Life], Life], str, str, str]] = {
    "received": (lambda life: life.received(), "Submitted", "", ""),
    "in review": (lambda life: life.received().says("ReviewOpened"), "In review", "", "operations"),
    "approved": (lambda life: life.received().approved(), "Approved", "", ""),
    "mend it": (lambda life: life.received().says("SubmissionExcepted"), "Exception", "", "provider"),
    "corrected": (_returned_for_edits, "Submitted", "", ""),
    "on hold": (
        lambda life: life.received().approved().says("ItemHeld", "no-account", payment_id=None),
        "Exception",
        "on hold",
        "provider",
    ),
    "scheduled": (lambda life: life.received().approved().scheduled().sent(), "Payout scheduled", "", ""),
    "awaiting release": (
        lambda life: life.received().approved().scheduled().says("BatchHeld", batch_id=life.batch_id),
        "Payout scheduled",
        "on hold",
        "operations",
    ),
    "released": (
        lambda life: (
            life.received()
            .approved()
            .scheduled()
            .says("BatchHeld", batch_id=life.batch_id)
            .says("BatchReleased", batch_id=life.batch_id)
            .sent()
        ),
        "Payout scheduled",
        "",
        "",
    ),
    "paid": (lambda life: life.paid(), "Paid", "", ""),
    "returned": (lambda life: life.paid().returned(), "Exception", "returned", "provider"),
    "reissued": (
        lambda life: life.paid().returned().scheduled().sent().settled().remitted(),
        "Paid",
        "",
        "",
    ),
    "withdrawn": (
        lambda life: life.received().says("ReviewOpened").says("SubmissionWithdrawn"),
        "In review",
        "withdrawn",
        "",
    ),
}


def all_lives() -> tuple[Teller, dict[str, Life]]:
    teller = Teller()
    lives = {}
    for at, (name, (tell, *_)) in enumerate(LIVES.items()):
        lives[name] = tell(Life(teller, f"CLM-{at}", ("1234567893", "1558598797")[at % 2]))
    return teller, lives


async def everything(pool: asyncpg.Pool) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the read model. Sealed columns are told by whether they are there: their nonces differ."""
    found = {}
    async with pool.acquire() as db, db.transaction():
        await enter(db, WRITER)
        for table, key in KEYS.items():
            rows = await db.fetch(
                f"select * from {table} order by {', '.join(f'{one!r}' for one in key)}".replace("'", '"')
            )
            found[table] = [
                tuple(value is not None if isinstance(value, bytes) else value for value in row.values())
                for row in rows
            ]
    return found


async def test_each_life_stands_where_the_fold_says(pool: asyncpg.Pool, context: Context) -> None:
    teller, lives = all_lives()
    await testing.deliver(service, context, teller.told)
    rows = {row["request_id"]: row for row in await seen(pool, WRITER, "select * from requests")}
    for name, (_, state, substatus, acts) in LIVES.items():
        row = rows[lives[name].request_id]
        assert (row["state"], row["substatus"], row["acts"]) == (state, substatus, acts), name
        assert row["number"] == lives[name].number and row["payee_id"] == lives[name].payee_id
    assert rows[lives["returned"].request_id]["reason"] == "returned"
    assert rows[lives["corrected"].request_id]["charge_cents"] == 20000


async def test_the_order_in_which_topics_are_read_does_not_matter(
    pool: asyncpg.Pool, context: Context
) -> None:
    teller, _ = all_lives()
    await testing.deliver(service, context, teller.told)
    first = await everything(pool)
    assert first["requests"] and first["told"] and first["payments"]
    chance = random.Random(7)
    topics = sorted({one.topic for one in teller.told})
    for _ in range(3):
        async with pool.acquire() as db, db.transaction():
            await forget(db)
        assert not any((await everything(pool)).values())
        chance.shuffle(topics)
        for one in in_topic_order(teller.told, topics):
            await testing.deliver(service, context, [one])
        assert await everything(pool) == first


async def test_hearing_it_all_again_changes_nothing(pool: asyncpg.Pool, context: Context) -> None:
    teller, _ = all_lives()
    await testing.deliver(service, context, teller.told)
    first = await everything(pool)
    await testing.deliver(service, context, teller.told)
    assert await everything(pool) == first


async def commanded(pool: asyncpg.Pool, teller: Teller, lives: dict[str, Life]) -> Actor:
    """What people asked for beside what was said, each signed. One of them, a reviewer."""
    reviewer, releaser, asks = an("reviewer"), an("releaser"), an("reviewer")
    owner = PRACTICE.model_copy(update={"payees": (lives["returned"].payee_id,)})
    admin = an("provider_admin", owner)
    await know(pool, OPERATIONS, owner, reviewer, releaser, asks, admin)
    about: dict[str, Any] = {"actor": releaser.name}
    back, held = lives["returned"], lives["on hold"]
    given = [
        (reviewer, example("DecideReview", request_id=lives["in review"].request_id, actor=reviewer.name)),
        (asks, example("AssignReview", request_id=lives["in review"].request_id, actor=asks.name)),
        (releaser, example("ReleaseItem", request_id=held.request_id, **about)),
        (releaser, example("ReleaseBatch", batch_id=lives["released"].batch_id, **about)),
        (releaser, example("ReissuePayment", payment_id=back.payment_id, **about)),
        (admin, example("ChangeAccount", payee_id=back.payee_id, requested_by=admin.name)),
    ]
    for signer, command in given:
        told = teller.tell(command)
        teller.told[-1] = signed_by(signer, told)
    return reviewer


async def test_a_rebuild_tells_what_people_asked_for_again(pool: asyncpg.Pool, context: Context) -> None:
    """Judged by the people of today: who was shut out since is not told of again, and nothing else changes."""
    teller, lives = all_lives()
    reviewer = await commanded(pool, teller, lives)
    await testing.deliver(service, context, teller.told)
    first = await everything(pool)
    asked = {"DecideReview", "AssignReview", "ReleaseItem", "ReleaseBatch", "ReissuePayment", "ChangeAccount"}
    rows = await seen(pool, WRITER, "select distinct type from told")
    assert asked <= {row["type"] for row in rows}
    chance, topics = random.Random(11), sorted({one.topic for one in teller.told})
    for _ in range(2):
        async with pool.acquire() as db, db.transaction():
            await forget(db)
        chance.shuffle(topics)
        for one in in_topic_order(teller.told, topics):
            await testing.deliver(service, context, [one])
        assert await everything(pool) == first
    await know(pool, reviewer.record(version=2, roles=()))
    async with pool.acquire() as db, db.transaction():
        await forget(db)
    await testing.deliver(service, context, teller.told)
    again = await everything(pool)
    assert {table for table in again if again[table] != first[table]} == {"told"}
    assert len(again["told"]) == len(first["told"]) - 1


def test_the_fold_cannot_tell_the_kept_facts_from_the_events() -> None:
    teller, _ = all_lives()
    for cause in ("recall", "void", "correction", "withdrawal"):
        life = Life(teller, f"STOP-{cause}").received().approved()
        life.says("ApprovalRevoked", cause=cause).says("ItemStopped", cause=cause)
    whole: list[Told] = []
    slim: list[Told] = []
    for one in (one for one in teller.told if type(one.message) in MOVES_STATE):
        assert one.key is not None and one.envelope.sequence is not None
        at = (one.topic, one.key, one.envelope.sequence, one.envelope.id, one.envelope.time)
        whole.append(Told(*at, one.message))
        slim.append(told_again(*at, type(one.message).__name__, fold_facts(one.message)))
    assert shape_of(whole) == shape_of(slim)


def shape_of(told: list[Told]) -> list[tuple[object, ...]]:
    return [
        (v.version, v.label, v.payment_id, v.remitted, len(v.steps), len(v.pending), len(v.refused))
        for v in fold(told).values()
    ]


async def test_nothing_that_names_a_person_is_kept_in_the_clear(pool: asyncpg.Pool, context: Context) -> None:
    teller, lives = all_lives()
    teller.tell(example("ProviderRecorded"))
    await testing.deliver(service, context, teller.told)
    subject = example("SubmissionReceived", "first").request.subject
    secrets = [
        subject.member_id.reveal(),
        subject.last_name.reveal(),
        example("ProviderRecorded").tin.reveal(),
    ]
    async with pool.acquire() as db, db.transaction():
        await enter(db, WRITER)
        for table in KEYS:
            text = await db.fetchval(f"select coalesce(string_agg(t::text, ' '), '') from {table} t")
            assert not [one for one in secrets if one in text], table
        row = await db.fetchrow("select * from versions where request_id = $1", lives["paid"].request_id)
    opened = context.resources.content_key.open(row["content"], "versions", row["request_id"], row["version"])
    assert secrets[0].encode() in opened


async def test_a_payee_is_seen_by_its_organisations_and_by_operations(
    pool: asyncpg.Pool, context: Context
) -> None:
    teller, lives = all_lives()
    await testing.deliver(service, context, teller.told)
    mine, theirs = lives["paid"], lives["returned"]
    assert mine.payee_id != theirs.payee_id
    organisation = UUID(int=77)
    async with pool.acquire() as db, db.transaction():
        await enter(db, WRITER)
        await db.execute(
            "insert into organisations (organisation_id, kind, active, version) values ($1, 'biller', true, 1)",
            organisation,
        )
        await db.execute("insert into organisation_payees values ($1, $2)", organisation, mine.payee_id)
    own = Scope(Sees.OWN, UUID(int=1), (organisation,))
    for table in ("requests", "versions", "payments", "payment_items", "remittances"):
        payees = {row["payee_id"] for row in await seen(pool, own, f"select payee_id from {table}")}
        assert payees == {mine.payee_id}, table
    subjects = {row["subject"] for row in await seen(pool, own, "select subject from told")}
    assert mine.request_id in subjects and mine.payment_id in subjects
    assert theirs.request_id not in subjects and theirs.payment_id not in subjects
    nobody = Scope(Sees.OWN, UUID(int=1), ())
    for table in KEYS:
        if table not in ("payers", "partners"):
            assert not await seen(pool, nobody, f"select from {table}"), table
    assert len(await seen(pool, Scope(Sees.OPERATIONS), "select from requests")) == len(LIVES)


async def seen(pool: asyncpg.Pool, scope: Scope, sql: str) -> list[Any]:
    async with pool.acquire() as db, db.transaction():
        await enter(db, scope)
        found: list[Any] = await db.fetch(sql)
        return found


@pytest.mark.parametrize("table", sorted(KEYS))
async def test_every_table_forces_row_level_security(pool: asyncpg.Pool, table: str) -> None:
    row = await pool.fetchrow(
        "select relrowsecurity, relforcerowsecurity from pg_class where relname = $1", table
    )
    assert tuple(row) == (True, True)


@pytest.mark.parametrize("forged", ["unsigned", "another's key", "another role", "another's payee"])
async def test_what_nobody_may_ask_is_told_to_nobody(
    pool: asyncpg.Pool, context: Context, forged: str
) -> None:
    reviewer, biller = an("reviewer"), an("provider_admin", PRACTICE)
    await know(pool, OPERATIONS, PRACTICE, reviewer, biller)
    decide = example("DecideReview", actor=reviewer.name)
    change = example("ChangeAccount", requested_by=biller.name)
    asked = testing.heard(change if forged == "another's payee" else decide)
    asked = replace(asked, topic="payees" if forged == "another's payee" else "reviews")
    if forged == "unsigned":
        asked = replace(asked, proof=Proof(decide.model_dump_json().encode(), None, None, None))
    elif forged == "another's payee":
        asked = signed_by(biller, asked)
    else:
        key = an("reviewer").key if forged == "another's key" else None
        asked = signed_by(reviewer, asked, key=key, role="auditor" if key is None else None)
    await testing.deliver(service, context, [asked])
    assert await seen(pool, WRITER, "select * from told") == []


async def test_a_command_under_the_id_of_an_event_takes_nothing_from_it(
    pool: asyncpg.Pool, context: Context
) -> None:
    """Whoever may publish commands chooses their ids."""
    reviewer = an("reviewer")
    await know(pool, OPERATIONS, reviewer)
    teller = Teller()
    life = Life(teller).received().says("ReviewOpened")
    await testing.deliver(service, context, teller.told)
    opened = teller.told[-1].envelope.id
    asked = [
        signed_by(
            reviewer,
            testing.heard(
                example("DecideReview", request_id=life.request_id, actor=reviewer.name, note=note),
                topic="reviews",
                id=opened,
            ),
        )
        for note in ("first", "second")
    ]
    for one in asked:
        await testing.deliver(service, context, [one])
    await testing.deliver(service, context, asked)
    rows = await seen(pool, WRITER, "select type, note, subject, id from told order by topic, type")
    assert [row["type"] for row in rows] == ["ReviewOpened", "DecideReview", "SubmissionReceived"]
    kept = context.resources.content_key.open(rows[1]["note"], "told", life.request_id, opened)
    assert kept == b"first"
    (row,) = await seen(pool, WRITER, "select state from requests")
    assert row["state"] == "In review"


async def test_a_payment_that_was_taken_back_is_reversed(pool: asyncpg.Pool, context: Context) -> None:
    teller = Teller()
    life = Life(teller).paid()
    life.says("PaymentReversed", payment_id=life.payment_id)
    await testing.deliver(service, context, teller.told)
    (row,) = await seen(pool, WRITER, "select state from payments where settled_on is not null")
    assert row["state"] == "reversed"
