"""What comes on the portal's topic is believed when a person signed it who acts for the payee; nothing else comes in.

Every way in which a signature itself can be wrong is tabled in the chassis' `test_who_may_command`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from chassis import Context, testing
from chassis.heard import RawRecord
from chassis.security import logger as security_log
from chassis.testing_people import OPERATIONS, Actor, an, know
from intake.app import service
from intake.signed_arrivals import PORTAL_TOPIC
from throughline.answers import RequestAnswered
from throughline.identifiers import payee_id_for
from throughline.people import OrganisationRecorded
from throughline.reasons import Reason
from throughline.reference import PartnerRegistered
from throughline.signed import SIGNATURE
from throughline.submissions import SubmissionReceived

EXAMPLE = Path(__file__).parents[3] / "contracts/examples/SubmitRequest/v1/medical.json"
COMMAND = json.loads(EXAMPLE.read_text())
COMMAND["request"]["attachments"] = []  # they have tests of their own
VALUE = json.dumps(COMMAND).encode()
PAYEE = COMMAND["request"]["payee"]
TYPE = "throughline.SubmitRequest"

CLINIC = OrganisationRecorded(
    organisation_id=uuid4(),
    version=1,
    kind="provider",
    payees=(payee_id_for(PAYEE["kind"], PAYEE["identifier"]),),
)
OTHER = OrganisationRecorded(organisation_id=uuid4(), version=1, kind="biller", payees=(uuid4(),))
BILLIE, OSCAR = an("biller", CLINIC), an("biller", OTHER)
REVA = an("reviewer")


@pytest.fixture
async def portal(context: Context, pool: asyncpg.Pool) -> Context:
    await know(pool, OPERATIONS, CLINIC, OTHER, BILLIE, OSCAR, REVA)
    await testing.deliver(service, context, [PartnerRegistered(partner="portal", version=1, name="Portal")])
    return context


def record(
    by: Actor | None, value: bytes = VALUE, *, signed_value: bytes | None = None, id: UUID | None = None
) -> RawRecord:
    """A record as the broker stamps it, now."""
    identity, now = id or uuid4(), datetime.now(UTC)
    headers = [("ce_id", str(identity).encode()), ("ce_type", TYPE.encode())]
    if by is not None:
        signature = by.sign(
            value if signed_value is None else signed_value,
            message=TYPE,
            id=identity,
            topic=PORTAL_TOPIC,
            at=now,
        )
        headers.append((SIGNATURE, signature))
    stamp = int(now.timestamp() * 1000)
    return testing.raw(PORTAL_TOPIC, value, headers=tuple(headers), timestamp_ms=stamp)


async def said(context: Context, *records: RawRecord) -> tuple[RequestAnswered, list[SubmissionReceived]]:
    messages: list[Any] = [one.message for one in await testing.deliver(service, context, list(records))]
    answers = [one for one in messages if isinstance(one, RequestAnswered)]
    return answers[-1], [one for one in messages if isinstance(one, SubmissionReceived)]


async def test_what_a_person_signed_comes_in_and_names_them(portal: Context) -> None:
    answer, received = await said(portal, record(BILLIE))
    assert answer.outcome == "accepted"
    assert [one.submitted_by for one in received] == [BILLIE.person_id]


CHANGED = VALUE.replace(b'"units_thousandths": 2000', b'"units_thousandths": 3000')
BY_NAME: dict[str, tuple[Callable[[], RawRecord], Reason]] = {
    "unsigned": (lambda: record(None), Reason.UNSIGNED),
    "altered body": (lambda: record(BILLIE, CHANGED, signed_value=VALUE), Reason.SIGNATURE_ALTERED),
    "nobody we know": (lambda: record(an("biller", CLINIC)), Reason.KEY_UNKNOWN),
    "another's key": (lambda: record(replace(BILLIE, key=OSCAR.key)), Reason.KEY_UNKNOWN),
    "not this payee's": (lambda: record(OSCAR), Reason.PAYEE_NOT_YOURS),
    "of operations": (lambda: record(REVA), Reason.ROLE_MISSING),
}


@pytest.mark.parametrize("attempt", BY_NAME)
async def test_what_is_not_so_signed_is_refused_and_noticed(
    portal: Context, caplog: pytest.LogCaptureFixture, attempt: str
) -> None:
    made, reason = BY_NAME[attempt]
    with caplog.at_level("WARNING", logger=security_log.name):
        answer, received = await said(portal, made())
    assert (answer.outcome, [one.reason for one in answer.problems]) == ("refused", [reason])
    assert received == [] and len(caplog.records) == 1


async def test_a_forged_copy_does_not_take_the_id_of_the_true_one(portal: Context) -> None:
    identity = uuid4()
    answer, received = await said(portal, record(None, id=identity), record(BILLIE, id=identity))
    assert answer.outcome == "accepted" and len(received) == 1


async def test_the_same_signed_request_again_is_one_request(portal: Context) -> None:
    once = record(BILLIE)
    answer, received = await said(portal, once, replace(once, offset=once.offset + 1_000_000))
    assert answer.outcome == "repeated" and len(received) == 1
