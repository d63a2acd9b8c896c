"""Who may ask what of payout. What nobody may ask is refused, is noticed, and moves nothing.

Every way in which a signature itself can be wrong is tabled in the chassis' `test_who_may_command`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from chassis import Heard, Say, Signer, testing
from chassis.security import logger as security_log
from chassis.signer import Proof
from chassis.testing_people import Actor, an, called, know, signed_by
from chassis.topics import TopicMap
from payout.app import service
from payout.believed import believed
from throughline.accounts import AccountChanged, AccountVerified
from throughline.commanding import BY_TWO, MAY_GIVE
from throughline.decisions import CommandRefused, Decider
from throughline.flow import ORDERS, PAYEES
from throughline.identifiers import payee_id_for
from throughline.message import Message
from throughline.orders import HoldBatch, HoldItem, ReissuePayment, ReleaseBatch, ReleaseItem, ReversePayment
from throughline.payees import ChangeAccount, ConfirmAccount
from throughline.payments import BatchReleased
from throughline.people import OPERATIONS_ROLES, OrganisationRecorded
from throughline.reasons import Reason
from throughline.signed import kid_of, new_signing_key

if TYPE_CHECKING:
    from conftest import House

NPI = "1234567893"
PAYEE = payee_id_for("npi", NPI)
ANN, BEA = called("ann"), called("bea")
PORTAL = new_signing_key()
SOME = uuid4()


def commands(house: House) -> dict[str, Message]:
    about: dict[str, Any] = {"note": "n", "actor": ANN.name}
    return {
        "HoldItem": HoldItem(request_id=SOME, version=1, **about),
        "ReleaseItem": ReleaseItem(request_id=SOME, version=1, **about),
        "HoldBatch": HoldBatch(batch_id=SOME, **about),
        "ReleaseBatch": ReleaseBatch(batch_id=SOME, total_cents=1, entry_count=1, **about),
        "ReissuePayment": ReissuePayment(payment_id=SOME, **about),
        "ReversePayment": ReversePayment(payment_id=SOME, **about),
        "EnrolAccount": house.enrolment(NPI),
        "ChangeAccount": ChangeAccount(
            payee_id=PAYEE,
            speaker="portal",
            sealed_account=house.sealed(PAYEE, "555555555", speaker="portal"),
            requested_by=ANN.name,
        ),
        "ConfirmAccount": ConfirmAccount(
            payee_id=PAYEE, account_token="ba_x", account_mask="x", confirmed_by=ANN.name
        ),
    }


def heard(message: Message) -> Heard[Any]:
    topic = ORDERS if type(message) in ORDERS.messages else PAYEES
    return testing.heard(message, "k", topic=topic.name)


async def told(house: House, one: Heard[Any]) -> list[Message]:
    return [said.message for said in await testing.deliver(service, house.context, [one])]


def roles_beside(message: Message) -> list[Any]:
    return sorted(OPERATIONS_ROLES - MAY_GIVE[type(message)])


ATTEMPTS: dict[str, tuple[Callable[[Message], Heard[Any]], Reason]] = {
    "unsigned": (lambda one: replace(heard(one), proof=Proof(b"{}", None, None, None)), Reason.UNSIGNED),
    "signature of another": (
        lambda one: replace(
            signed_by(replace(ANN, role=sorted(MAY_GIVE[type(one)])[0]), heard(one)),
            envelope=heard(one).envelope,
        ),
        Reason.SIGNATURE_ALTERED,
    ),
    "wrong role": (
        lambda one: signed_by(replace(ANN, role=roles_beside(one)[0]), heard(one)),
        Reason.ROLE_MISSING,
    ),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
@pytest.mark.parametrize(
    "name",
    [message.__name__ for topic in (ORDERS, PAYEES) for message in topic.messages],
)
async def test_what_nobody_may_ask_moves_nothing(
    house: House, caplog: pytest.LogCaptureFixture, name: str, attempt: str
) -> None:
    made, reason = ATTEMPTS[attempt]
    with caplog.at_level("WARNING", logger=security_log.name):
        (refused,) = await told(house, made(commands(house)[name]))
    assert isinstance(refused, CommandRefused) and refused.reason is reason
    assert len(caplog.records) == 1, "recorded as a security event"
    assert await house.rows("select count(*) from accounts") == [(0,)]


@pytest.mark.parametrize(
    "name",
    ["ReleaseBatch", "ReissuePayment", "ReversePayment", "ChangeAccount", "ConfirmAccount", "EnrolAccount"],
)
async def test_what_moves_money_needs_the_passkey(
    house: House, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    house.context.trust.portals[kid_of(PORTAL)] = PORTAL
    message = commands(house)[name]
    ann = replace(ANN, role=sorted(MAY_GIVE[type(message)] & OPERATIONS_ROLES)[0])
    second = replace(BEA, role=ann.role) if type(message) in BY_TWO else None
    one = signed_by(ann, heard(message), key=PORTAL, method="passkey")
    if second is not None:
        one = with_second(one, ann, second)
    with caplog.at_level("WARNING", logger=security_log.name):
        (refused,) = await told(house, one)
    assert isinstance(refused, CommandRefused) and refused.reason is Reason.STEP_UP_MISSING
    assert len(caplog.records) == 1
    again = signed_by(ann, heard(message), key=PORTAL, method="passkey", stepping_up=True)
    if second is not None:
        again = with_second(again, ann, second)
    (answer,) = await told(house, again)
    if name == "EnrolAccount":
        assert isinstance(answer, AccountChanged)
    else:
        assert isinstance(answer, CommandRefused) and answer.reason is Reason.UNKNOWN_SUBJECT


def with_second(one: Heard[Any], first: Actor, second: Actor) -> Heard[Any]:
    """The same command, signed by another person too."""
    other = signed_by(second, one).proof
    assert one.proof is not None and other is not None
    return replace(one, proof=replace(one.proof, second=other.signature))


async def test_one_person_alone_takes_no_payment_back(house: House) -> None:
    releaser = replace(ANN, role="releaser")
    one = heard(commands(house)["ReversePayment"])
    for proof, reason in (
        (signed_by(releaser, one), Reason.SECOND_PERSON_MISSING),
        (signed_by(releaser, one, second=releaser), Reason.SAME_PERSON),
        (signed_by(releaser, one, second=replace(BEA, role="operator")), Reason.ROLE_MISSING),
    ):
        (refused,) = await told(house, proof)
        assert isinstance(refused, CommandRefused) and refused.reason is reason


async def test_an_account_that_one_person_enrolled_is_paid_when_another_confirmed_it(house: House) -> None:
    await house.payer()
    ann, bea = (replace(one, role="account_approver") for one in (ANN, BEA))
    (asked,) = await told(house, signed_by(ann, heard(house.enrolment(NPI))))
    assert isinstance(asked, AccountChanged) and asked.previous_token is None
    await house.approve(10_000, NPI)
    await house.cutoff()
    assert await house.states() == {"held:no_account": 1}
    for confirmer, expected in ((ann, Reason.SAME_PERSON), (bea, None)):
        confirm = ConfirmAccount(
            payee_id=PAYEE,
            account_token=asked.account_token,
            account_mask=asked.account_mask,
            confirmed_by=confirmer.name,
        )
        (answer,) = await told(house, signed_by(confirmer, heard(confirm)))
        if expected is not None:
            assert isinstance(answer, CommandRefused) and answer.reason is expected
        else:
            assert isinstance(answer, AccountVerified)
            assert answer.payable_from == house.clock.today(), "there is no former account to cool off from"
    await house.work()
    assert await house.states() == {"waiting": 1}


async def test_one_person_ends_no_hold_by_enrolling_the_account_again(house: House) -> None:
    await house.payer()
    await house.enrol(NPI)
    await house.pool.execute("update accounts set state = 'held', return_code = 'R03'")
    await house.approve(10_000, NPI)
    ann, bea = (replace(one, role="account_approver") for one in (ANN, BEA))
    for _ in range(2):  # the second takes the place of the first
        (asked,) = await told(house, signed_by(ann, heard(house.enrolment(NPI))))
    assert isinstance(asked, AccountChanged) and asked.previous_token is not None
    await house.cutoff()
    assert await house.states() == {"held:account_held": 1}, "nothing is paid before another person looked"
    (other,) = await told(house, signed_by(ann, heard(house.enrolment(NPI, "987654321"))))
    assert isinstance(other, CommandRefused) and other.reason is Reason.NOT_ALLOWED_NOW
    answers = []
    for confirmer in (ann, bea):
        confirm = ConfirmAccount(
            payee_id=PAYEE,
            account_token=asked.account_token,
            account_mask=asked.account_mask,
            confirmed_by=confirmer.name,
        )
        answers += await told(house, signed_by(confirmer, heard(confirm)))
    refused, verified = answers
    assert isinstance(refused, CommandRefused) and refused.reason is Reason.SAME_PERSON
    assert isinstance(verified, AccountVerified)
    assert verified.payable_from == house.clock.today(), "it is the same account: nothing cools off"
    await house.work()
    assert await house.states() == {"waiting": 1}
    assert sorted(await house.rows("select state from accounts")) == [
        ("active",),
        ("replaced",),
        ("replaced",),
    ]


async def test_two_people_end_a_hold_by_enrolling_the_account_again(house: House) -> None:
    await house.enrol(NPI)
    await house.pool.execute("update accounts set state = 'held', return_code = 'R03'")
    (verified,) = await house.enrol(NPI)
    assert isinstance(verified, AccountVerified)
    assert await house.rows("select state, return_code from accounts") == [("active", None)]


async def test_a_newer_enrolment_takes_the_place_of_one_that_nobody_confirmed(house: House) -> None:
    ann = replace(ANN, role="account_approver")
    await told(house, signed_by(ann, heard(house.enrolment(NPI))))
    (second,) = await told(house, signed_by(ann, heard(house.enrolment(NPI, "987654321"))))
    assert isinstance(second, AccountChanged)
    (verified,) = await house.enrol(NPI, "555666777")  # signed by two
    assert isinstance(verified, AccountVerified)
    assert sorted(await house.rows("select state from accounts")) == [
        ("active",),
        ("replaced",),
        ("replaced",),
    ]


async def test_a_provider_changes_the_account_of_its_own_payees_only(house: House) -> None:
    await house.enrol(NPI)
    message = commands(house)["ChangeAccount"]
    for payees, expected in (((PAYEE,), AccountChanged), ((uuid4(),), CommandRefused)):
        clinic = OrganisationRecorded(organisation_id=uuid4(), version=1, kind="provider", payees=payees)
        carl = an("provider_admin", clinic)
        await know(house.pool, clinic, carl)
        own = message.model_copy(update={"requested_by": carl.name})
        (answer,) = await told(house, signed_by(carl, heard(own)))
        assert type(answer) is expected
        assert not isinstance(answer, CommandRefused) or answer.reason is Reason.ROLE_MISSING


async def test_who_confirms_an_account_saw_which(house: House) -> None:
    await house.enrol(NPI)
    (changed,) = await house.hears(
        commands(house)["ChangeAccount"].model_copy(update={"requested_by": "ann"})
    )
    assert isinstance(changed, AccountChanged)
    for mask, expected in (
        (None, CommandRefused),
        ("••••1111", CommandRefused),
        (changed.account_mask, None),
    ):
        confirm = ConfirmAccount(
            payee_id=PAYEE, account_token=changed.account_token, account_mask=mask, confirmed_by="bea"
        )
        (answer,) = await house.hears(confirm)
        if expected is None:
            assert isinstance(answer, AccountVerified)
        else:
            assert isinstance(answer, CommandRefused) and answer.reason is Reason.STALE_AMOUNT


@pytest.mark.parametrize(
    ("releaser", "first", "released"),
    [(ANN, None, False), (BEA, None, True), (BEA, BEA.name, False)],
    ids=["who approved", "another", "the first of two who approved"],
)
async def test_who_approved_something_in_a_batch_does_not_release_it(
    house: House, releaser: Actor, first: str | None, released: bool
) -> None:
    await house.payer()
    await house.enrol(NPI)
    approved = house.approved(10_000, NPI)
    people = Decider(kind="person", actor=ANN.name, first_actor=first)
    by_ann = approved.model_copy(update={"decided_by": people})
    await house.hears(by_ann, house.approved(20_000, NPI))
    await house.cutoff()
    ((batch_id,),) = await house.rows("select batch_id from batches where state <> 'empty'")
    batch = UUID(int=batch_id.int)
    await house.hears(HoldBatch(batch_id=batch, note="wait", actor="cleo"))
    release = ReleaseBatch(batch_id=batch, total_cents=30_000, entry_count=1, note="go", actor=releaser.name)
    (answer,) = await told(house, signed_by(replace(releaser, role="releaser"), heard(release)))
    if released:
        assert isinstance(answer, BatchReleased)
    else:
        assert isinstance(answer, CommandRefused) and answer.reason is Reason.SAME_PERSON


def test_an_order_whose_note_says_nothing_is_refused_before_it_is_decided() -> None:
    order = HoldItem(request_id=SOME, version=1, note=" \n", actor=ANN.name)
    signer = Signer(ANN.person_id, SOME, "operator", "key", True, frozenset())
    say = Say(TopicMap("payout"))
    heard: Heard[Any] = replace(testing.heard(order, str(SOME), topic=ORDERS.name), signer=signer)
    say.hearing(heard)
    decided: list[Any] = []
    believed(lambda *about: decided.append(about))(heard, None, say)
    (said,) = say.said
    assert isinstance(said.message, CommandRefused) and said.message.reason is Reason.NOTE_BLANK
    assert decided == []
