"""Whose records are answered: of partners that are registered, for their payers; nobody's wait or are parked."""

from __future__ import annotations

import pytest
from test_records_are_answered import answers, registered, submit, told

from chassis import Context, testing
from chassis.database import is_transient
from intake.app import service
from intake.on_record import RecordsWork
from intake.registration import RegistrationAwaited
from throughline.reasons import Reason
from throughline.reference import PartnerRegistered

__all__ = ["registered"]


async def test_two_partners_may_use_one_number_and_one_id(context: Context) -> None:
    for name in ("acme", "beta"):
        partner = PartnerRegistered(partner=name, version=1, name=name)
        await testing.deliver(service, context, [testing.heard(partner, topic="reference.partners")])
    said = await testing.deliver(service, context, [submit(id="1"), submit(id="1", topic="intake.beta")])
    assert told(said) == [("accepted", None), ("accepted", None)]
    assert len({one.request_id for one in answers(said)}) == 2


async def test_nobodys_record_is_parked_and_answered_once_somebody_is_registered(context: Context) -> None:
    sent = submit(id="1", topic="intake.nobody")
    async with context.pool.acquire() as db:
        work = await RecordsWork.load(db, [sent], context)
        from chassis import Say
        from intake.on_record import answer_record

        say = Say(context.topics)
        say.hearing_record(sent)
        answer_record(sent, work, say)
    assert [(one.reason, one.record.value) for one in say.parked] == [
        (Reason.UNREGISTERED_PARTNER, sent.value)
    ]
    assert say.said == []


async def test_nobodys_records_wait_for_a_registration_that_is_on_its_way(context: Context) -> None:
    sent = submit(id="1", topic="intake.late")
    context.resources.registrations.wait_s = 60
    with pytest.raises(RegistrationAwaited) as awaited:
        await testing.deliver(service, context, [sent])
    assert is_transient(awaited.value)
    partner = PartnerRegistered(partner="late", version=1, name="late")
    await testing.deliver(service, context, [testing.heard(partner, topic="reference.partners")])
    assert told(await testing.deliver(service, context, [sent])) == [("accepted", None)]


async def test_a_closed_partner_is_nobody_and_a_lower_version_changes_nothing(registered: Context) -> None:
    async def hear(version: int, active: bool) -> None:
        partner = PartnerRegistered(partner="acme", version=version, name="Acme", active=active)
        await testing.deliver(service, registered, [testing.heard(partner, topic="reference.partners")])

    await hear(3, False)
    await hear(2, True)
    assert answers(await testing.deliver(service, registered, [submit(id="1")])) == []
    await hear(4, True)
    assert told(await testing.deliver(service, registered, [submit(id="1")])) == [("accepted", None)]


async def test_a_partner_may_be_bound_to_payers(context: Context) -> None:
    partner = PartnerRegistered(partner="acme", version=1, name="Acme", payers=("PAYER2",))
    await testing.deliver(service, context, [testing.heard(partner, topic="reference.partners")])
    said = await testing.deliver(service, context, [submit(id="1"), submit(id="2", payer="PAYER2")])
    assert told(said) == [("refused", "not_of_this_payer"), ("accepted", None)]
