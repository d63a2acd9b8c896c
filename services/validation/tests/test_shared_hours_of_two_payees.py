"""Two payees who bill the same hours of one child are found as the second form comes, whichever way it comes."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from test_absences_of_the_year import september, stage
from test_programme import authorised
from test_two_replicas import Replica, waits_for_a_lock
from validation_stories import Line

from chassis import Context
from chassis.database import is_transient
from throughline.decisions import ReviewOpened, SubmissionApproved
from throughline.identifiers import payee_id_for
from throughline.message import Message
from throughline.reasons import Reason
from throughline.requests import Payee
from throughline.sensitive import SensitiveTin
from throughline.submissions import SubmissionReceived
from validation.repository import ClaimedByAnother
from validation.testing import payer, provider

OTHER = Payee(kind="npi", identifier="1558598797", tin=SensitiveTin("912345678"))
OTHER_ID = payee_id_for("npi", OTHER.identifier)
ONE = september("SEP-1", ())


def of_another_payee() -> SubmissionReceived:
    made = september("SEP-2", ())
    request = made.request.model_copy(update={"payee": OTHER, "authorisation_number": "AUTH-OTHER"})
    return made.model_copy(update={"request": request, "payee_id": OTHER_ID})


async def two_payees(on: Line, context: Context) -> None:
    await stage(on, context)
    printed = authorised(authorisation_number="AUTH-OTHER").printed
    assert printed is not None
    month_open = {name: value for name, value in printed.values.items() if name != "service_month"}
    await on.hears(
        provider(
            payee_id=OTHER_ID,
            identifier=OTHER.identifier,
            npi=OTHER.identifier,
            name="Day Nest",
            tin=OTHER.tin,
        ),
        authorised().model_copy(
            update={
                "number": "AUTH-OTHER",
                "payee_id": OTHER_ID,
                "printed": printed.model_copy(update={"values": month_open}),
            }
        ),
        payer(version=3, auto_approve_below_cents=200_000),
    )


def is_asked_about_the_hours(said: Message) -> None:
    assert isinstance(said, ReviewOpened) and said.reasons == (Reason.DUPLICATE_SUSPECT,), said
    assert [one.rule for one in said.findings] == ["shared-hours"]


async def test_in_one_slice(on: Line, context: Context) -> None:
    await two_payees(on, context)
    first, second = await on.hears(ONE, of_another_payee())
    assert isinstance(first, SubmissionApproved), first
    is_asked_about_the_hours(second)


async def test_in_two_slices_at_once(on: Line, context: Context, pool: asyncpg.Pool) -> None:
    await two_payees(on, context)
    first, second = Replica(context, "submissions", ONE), Replica(context, "submissions", of_another_payee())
    await first.begin()
    await second.begin()
    assert [type(one) for one in await first.decide()] == [SubmissionApproved]
    racing = asyncio.create_task(second.decide())
    await waits_for_a_lock(pool)
    await first.end()
    with pytest.raises(ClaimedByAnother) as lost:
        await racing
    assert is_transient(lost.value)
    await second.end(commit=False)
    again = Replica(context, "submissions", of_another_payee())
    await again.begin()
    (said,) = await again.decide()
    await again.end()
    is_asked_about_the_hours(said)
