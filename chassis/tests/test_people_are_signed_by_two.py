"""Two founders, then two operators, make people; whoever else writes on the topic changes nothing, and is noticed.

Guards: chassis.people_heard, and that commands find their people in the database.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from chassis import Context, Heard, NoWork, Say, Service, Signer, by, hear, testing
from chassis.people_heard import PEOPLE_HEARING
from chassis.security import logger as security_log
from chassis.signer import Proof
from chassis.testing_people import OPERATIONS, Actor, an, know, signed_by
from chassis.trust import Founder, Trust
from throughline.flow import PEOPLE, REVIEWS
from throughline.people import OrganisationRecorded, PersonRecorded
from throughline.reasons import Reason
from throughline.reviews import DecideReview
from throughline.signed import kid_of, new_signing_key

FIRST, SECOND = an("operator"), an("operator")
"""Who hold the founding keys."""
ONE, TWO, THREE = an("operator"), an("operator"), an("operator")
ANN = an("reviewer")
PORTAL = new_signing_key()


@pytest.fixture
async def context(postgres: Any) -> AsyncIterator[Context]:
    pool = await asyncpg.create_pool(postgres.make_database(f"people_{uuid4().hex[:8]}"))
    await testing.create_chassis_tables_in(pool)
    founders = {kid_of(one.key): Founder(one.person_id, one.key) for one in (FIRST, SECOND)}
    trust = Trust(founders, {kid_of(PORTAL): PORTAL})
    yield testing.context_for(Service("payout"), pool, trust=trust)
    await pool.close()


def recorded(
    message: PersonRecorded | OrganisationRecorded, first: Actor, second: Actor, **how: Any
) -> Heard[Any]:
    return signed_by(first, testing.heard(message, topic=PEOPLE.name), second=second, **how)


async def versions(context: Context) -> dict[UUID, int]:
    rows = await context.pool.fetch("select person_id, version from chassis.people")
    return {row[0]: row[1] for row in rows}


FOUNDING = (
    recorded(OPERATIONS, FIRST, SECOND),
    recorded(ONE.record(), FIRST, SECOND),
    recorded(TWO.record(), SECOND, FIRST),
    recorded(THREE.record(), ONE, TWO),
    recorded(ANN.record(), ONE, THREE),
)


@pytest.fixture
async def founded(context: Context) -> Context:
    await testing.deliver(PEOPLE_HEARING, context, FOUNDING)
    return context


async def test_founders_make_two_operators_who_make_the_others(founded: Context) -> None:
    assert await versions(founded) == {one.person_id: 1 for one in (ONE, TWO, THREE, ANN)}
    again = [recorded(one.message, FIRST, SECOND) for one in FOUNDING]
    await testing.deliver(PEOPLE_HEARING, founded, again)
    assert set((await versions(founded)).values()) == {1}, "read again, nothing changes"


async def test_who_left_out_a_key_revoked_it(founded: Context) -> None:
    await testing.deliver(PEOPLE_HEARING, founded, [recorded(ANN.record(3, keys=()), TWO, THREE)])
    await testing.deliver(PEOPLE_HEARING, founded, [recorded(ANN.record(2), TWO, THREE)])
    assert (await versions(founded))[ANN.person_id] == 3, "a lower version brings no key back"


STRANGER = an("operator")
MALLORY = replace(an("reviewer"), key=ONE.key)
UNSIGNED = testing.heard(ANN.record(2), topic=PEOPLE.name)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        pytest.param(UNSIGNED, Reason.UNSIGNED, id="unsigned"),
        pytest.param(
            signed_by(ONE, replace(UNSIGNED)), Reason.SECOND_PERSON_MISSING, id="signed by one person"
        ),
        pytest.param(recorded(ANN.record(2), ONE, ONE), Reason.SAME_PERSON, id="twice by the same person"),
        pytest.param(recorded(ONE.record(2), ONE, TWO), Reason.SAME_PERSON, id="about the proposer"),
        pytest.param(recorded(TWO.record(2), ONE, TWO), Reason.SAME_PERSON, id="about the approver"),
        pytest.param(recorded(ANN.record(2), ONE, STRANGER), Reason.KEY_UNKNOWN, id="by nobody we know"),
        pytest.param(recorded(ANN.record(2), ONE, ANN), Reason.ROLE_MISSING, id="by who is no operator"),
        pytest.param(
            recorded(ANN.record(2), FIRST, SECOND), Reason.KEY_UNKNOWN, id="by founders, after the founding"
        ),
        pytest.param(
            recorded(ANN.record(10**15), STRANGER, STRANGER), Reason.KEY_UNKNOWN, id="a version to end all"
        ),
        pytest.param(
            recorded(MALLORY.record(), TWO, THREE), Reason.SAME_PERSON, id="a key of another person"
        ),
        pytest.param(
            recorded(replace(ANN, key=PORTAL).record(2), TWO, THREE), Reason.SAME_PERSON, id="a portal's key"
        ),
        pytest.param(
            recorded(
                ANN.record(2, keys=(ANN.record().keys[0].model_copy(update={"kid": kid_of(STRANGER.key)}),)),
                TWO,
                THREE,
            ),
            Reason.KEY_UNKNOWN,
            id="a key under another key's id",
        ),
    ],
)
async def test_what_changes_nobody(
    founded: Context, caplog: pytest.LogCaptureFixture, record: Heard[Any], reason: Reason
) -> None:
    before = await versions(founded)
    with caplog.at_level("WARNING", logger=security_log.name):
        await testing.deliver(PEOPLE_HEARING, founded, [record])
    assert await versions(founded) == before
    assert [line.getMessage().rpartition(": ")[2] for line in caplog.records] == [str(reason)]


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (FIRST, FIRST, Reason.SAME_PERSON),
        (FIRST, STRANGER, Reason.KEY_UNKNOWN),
        (replace(FIRST, person_id=uuid4()), SECOND, Reason.SIGNATURE_ALTERED),
    ],
)
async def test_one_founder_founds_nothing(
    context: Context, caplog: pytest.LogCaptureFixture, first: Actor, second: Actor, reason: Reason
) -> None:
    with caplog.at_level("WARNING", logger=security_log.name):
        await testing.deliver(PEOPLE_HEARING, context, [recorded(ONE.record(), first, second)])
    assert await versions(context) == {}
    assert [line.getMessage().rpartition(": ")[2] for line in caplog.records] == [str(reason)]


async def test_a_decision_finds_who_commands(context: Context) -> None:
    await know(context.pool, OPERATIONS, ANN)
    found: list[Signer | Reason] = []

    def decide(heard: Heard[DecideReview], work: NoWork, say: Say) -> None:
        found.append(heard.signer)

    hearing = hear(
        REVIEWS.name,
        work=NoWork,
        on={DecideReview: decide},
        signed={DecideReview: by("reviewer")},
    )
    asked = DecideReview(
        request_id=uuid4(), version=1, answers=uuid4(), decision="deny", note="no", actor=ANN.name
    )
    unsigned = testing.heard(asked, topic=REVIEWS.name)
    unsigned.proof = Proof(b"{}", None, None, None)
    await testing.deliver(hearing, context, [unsigned, signed_by(ANN, replace(unsigned))])
    assert found[0] is Reason.UNSIGNED
    assert isinstance(found[1], Signer) and found[1].person_id == ANN.person_id
