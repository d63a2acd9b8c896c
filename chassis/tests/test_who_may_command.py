"""A command is believed or not: every way in which a signature, a key, a role or a step-up can be wrong, by its reason.

Guards: chassis.authority, chassis.passkeys, throughline.signed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis import Signer, by
from chassis.authority import Authority, Command, Standing
from chassis.passkeys import check_passkey
from chassis.signer import Proof
from chassis.testing_people import OPERATIONS, Actor, SoftPasskey, an
from chassis.trust import Trust
from throughline.people import OrganisationRecorded, RelyingParty
from throughline.reasons import Reason
from throughline.signed import challenge_of, kid_of, new_signing_key

AT = datetime(2026, 11, 16, 15, 0, tzinfo=UTC)
ID = UUID("0d7b8d2d-62ea-57ad-a89d-d6e22b9ff567")
VALUE = b'{"decision":"approve"}'
TYPE, TOPIC = "throughline.DecideReview", "reviews"

ANN, BOB = an("reviewer"), an("reviewer")
CLINIC = OrganisationRecorded(organisation_id=uuid4(), version=1, kind="provider", payees=(uuid4(),))
CARA = an("provider_admin", CLINIC)
PORTAL = new_signing_key()
PEOPLE = {one.person_id: one.record() for one in (ANN, BOB, CARA)}
ORGANISATIONS = {one.organisation_id: one for one in (OPERATIONS, CLINIC)}


def judged(command: Command, *, is_sandbox: bool = True, **changed: Any) -> Signer | Reason:
    standing = Standing(changed.pop("people", PEOPLE), changed.pop("organisations", ORGANISATIONS))
    trust = Trust(portals={kid_of(PORTAL): PORTAL}, is_sandbox=is_sandbox)
    return Authority(standing, trust, check_passkey).signer_of(command, changed.pop("by", by("reviewer")))


def command(by: Actor = ANN, *, value: bytes = VALUE, at: datetime = AT, **how: Any) -> Command:
    signature = by.sign(value, **{"message": TYPE, "id": ID, "topic": TOPIC, "at": at, **how})
    return Command(TYPE, ID, TOPIC, AT, Proof(VALUE, signature, None, None), actor=by.name)


def with_proof(one: Command, **changed: Any) -> Command:
    assert one.proof is not None
    return replace(one, proof=replace(one.proof, **changed))


def test_what_a_person_signed_is_theirs() -> None:
    signer = judged(command())
    assert isinstance(signer, Signer)
    assert (signer.person_id, signer.role, signer.method) == (ANN.person_id, "reviewer", "key")
    assert signer.organisation_id == OPERATIONS.organisation_id


def test_a_portal_signs_for_the_person_of_its_session() -> None:
    signer = judged(command(key=PORTAL, method="passkey"))
    assert isinstance(signer, Signer) and signer.person_id == ANN.person_id and not signer.stepped_up


@pytest.mark.parametrize(
    ("first", "second", "two"),
    [
        ({}, {}, True),
        ({"key": PORTAL, "method": "totp"}, {}, False),
        ({}, {"key": PORTAL, "method": "passkey"}, False),
    ],
    ids=["each with their own key", "the first by the portal", "the second by the portal"],
)
def test_a_portal_does_not_stand_for_a_second_person(
    first: dict[str, Any], second: dict[str, Any], two: bool
) -> None:
    beside = command(BOB, **second).proof
    assert beside is not None
    signer = judged(with_proof(command(**first), second=beside.signature), is_sandbox=False)
    assert isinstance(signer, Signer) and signer.second_person_id == BOB.person_id
    assert (signer.is_of_two_keys, signer.stepped_up) == (two, False)


def changed(**changes: Any) -> Callable[[], Signer | Reason]:
    return lambda: judged(replace(command(), **changes))


def revoked() -> Signer | Reason:
    """The next version of the person leaves the key out."""
    return judged(command(), people={**PEOPLE, ANN.person_id: ANN.record(2, keys=())})


def _person(**changes: Any) -> Callable[[], Signer | Reason]:
    return lambda: judged(command(), people={**PEOPLE, ANN.person_id: ANN.record(2, **changes)})


def _closed() -> Signer | Reason:
    closed = OPERATIONS.model_copy(update={"active": False})
    return judged(command(), organisations={OPERATIONS.organisation_id: closed})


def _of_clinic(**how: Any) -> Actor:
    return replace(ANN, organisation_id=CLINIC.organisation_id, **how)


@pytest.mark.parametrize(
    ("attempt", "reason"),
    [
        pytest.param(changed(proof=None), Reason.UNSIGNED, id="no proof at all"),
        pytest.param(lambda: judged(with_proof(command(), signature=None)), Reason.UNSIGNED, id="unsigned"),
        pytest.param(
            lambda: judged(with_proof(command(), signature=b"")), Reason.SIGNATURE_FORM, id="empty signature"
        ),
        pytest.param(
            lambda: judged(with_proof(command(), value=VALUE.replace(b"approve", b"deny"))),
            Reason.SIGNATURE_ALTERED,
            id="altered body",
        ),
        pytest.param(changed(id=uuid4()), Reason.SIGNATURE_ALTERED, id="altered header: id"),
        pytest.param(
            changed(type="throughline.HoldItem"), Reason.SIGNATURE_ALTERED, id="altered header: type"
        ),
        pytest.param(changed(topic="orders"), Reason.SIGNATURE_ALTERED, id="copied to another topic"),
        pytest.param(
            lambda: judged(command(id=uuid4())), Reason.SIGNATURE_ALTERED, id="signature of another command"
        ),
        pytest.param(
            lambda: judged(command(value=b"{}")), Reason.SIGNATURE_ALTERED, id="signature over other bytes"
        ),
        pytest.param(
            lambda: judged(command(key=BOB.key)), Reason.KEY_UNKNOWN, id="signed with another person's key"
        ),
        pytest.param(
            lambda: judged(command(key=new_signing_key())), Reason.KEY_UNKNOWN, id="a key nobody knows"
        ),
        pytest.param(lambda: judged(command(an("reviewer"))), Reason.KEY_UNKNOWN, id="nobody we know"),
        pytest.param(revoked, Reason.KEY_UNKNOWN, id="revoked key"),
        pytest.param(
            lambda: judged(command(key=PORTAL)), Reason.KEY_UNKNOWN, id="a portal's key used as a person's"
        ),
        pytest.param(
            lambda: judged(command(method="passkey")), Reason.KEY_UNKNOWN, id="own key says it saw a passkey"
        ),
        pytest.param(
            lambda: judged(command(method="totp")), Reason.KEY_UNKNOWN, id="own key says it saw TOTP"
        ),
        pytest.param(
            lambda: judged(command(at=AT - timedelta(minutes=11))), Reason.SIGNATURE_EXPIRED, id="expired"
        ),
        pytest.param(
            lambda: judged(command(at=AT + timedelta(minutes=2))), Reason.SIGNATURE_EXPIRED, id="future"
        ),
        pytest.param(_person(active=False), Reason.PERSON_INACTIVE, id="inactive person"),
        pytest.param(_closed, Reason.PERSON_INACTIVE, id="inactive organisation"),
        pytest.param(
            lambda: judged(command(), organisations={}), Reason.PERSON_INACTIVE, id="unknown organisation"
        ),
        pytest.param(
            lambda: judged(command(), by=by("releaser")), Reason.ROLE_MISSING, id="role not of this command"
        ),
        pytest.param(
            lambda: judged(command(role="releaser"), by=by("releaser")),
            Reason.ROLE_MISSING,
            id="a role the person does not hold",
        ),
        pytest.param(_person(roles=()), Reason.ROLE_MISSING, id="role taken away"),
        pytest.param(
            lambda: judged(command(_of_clinic())), Reason.ROLE_MISSING, id="role held in another organisation"
        ),
        pytest.param(
            lambda: judged(
                command(_of_clinic()),
                people={ANN.person_id: _of_clinic().record()},
            ),
            Reason.ROLE_MISSING,
            id="role of operations in a provider's organisation",
        ),
        pytest.param(changed(actor="reviewer-1"), Reason.ACTOR_DIFFERS, id="a name for an actor"),
        pytest.param(changed(actor=BOB.name), Reason.ACTOR_DIFFERS, id="another actor in the body"),
    ],
)
def test_what_is_not_believed(attempt: Callable[[], Signer | Reason], reason: Reason) -> None:
    assert attempt() is reason


@pytest.mark.parametrize("at", [AT - timedelta(minutes=9), AT + timedelta(seconds=50)])
def test_ten_minutes_and_a_clock_a_little_ahead_are_allowed(at: datetime) -> None:
    assert isinstance(judged(command(at=at)), Signer)


def second(other: Actor | None, **how: Any) -> Signer | Reason:
    signed = None
    if other is not None:
        signed = other.sign(VALUE, **{"message": TYPE, "id": ID, "topic": TOPIC, "at": AT, **how})
    return judged(with_proof(command(), second=signed), by=by("reviewer", two=True))


def test_two_people_are_two_people() -> None:
    signer = second(BOB)
    assert isinstance(signer, Signer) and signer.second_person_id == BOB.person_id
    assert second(None) is Reason.SECOND_PERSON_MISSING
    assert second(ANN) is Reason.SAME_PERSON
    assert second(CARA) is Reason.ROLE_MISSING
    assert second(BOB, id=uuid4()) is Reason.SIGNATURE_ALTERED
    other_key = replace(ANN, key=PORTAL)
    assert second(other_key, method="passkey") is Reason.SAME_PERSON, "by person, not by key"


def test_a_second_signature_that_is_there_must_hold() -> None:
    """Also where one person suffices: who carries the command out may make more of two."""
    beside = BOB.sign(VALUE, message=TYPE, id=ID, topic=TOPIC, at=AT)
    signer = judged(with_proof(command(), second=beside))
    assert isinstance(signer, Signer) and signer.second_person_id == BOB.person_id and signer.stepped_up
    assert judged(with_proof(command(), second=b"none")) is Reason.SIGNATURE_FORM


def test_a_time_that_the_sender_gave_lets_nothing_in() -> None:
    assert judged(with_proof(command(), is_timed=False)) is Reason.SIGNATURE_EXPIRED


def test_a_person_acts_for_the_payees_of_their_organisation() -> None:
    signer = judged(command(CARA), by=by("provider_admin"))
    assert isinstance(signer, Signer)
    assert signer.acts_for(CLINIC.payees[0]) and not signer.acts_for(uuid4())
    reviewer = judged(command())
    assert isinstance(reviewer, Signer) and reviewer.acts_for(uuid4())


# Step-up.

CHALLENGE = challenge_of(ID, VALUE)
SAFE = RelyingParty(id="pay.example.org", origin="https://pay.example.org")
DAN = replace(an("releaser"), passkey=SoftPasskey(SAFE))


def stepping(assertion: bytes | None, *, is_sandbox: bool = False, **how: Any) -> Signer | Reason:
    one = with_proof(command(DAN, key=PORTAL, method="passkey", **how), step_up=assertion)
    people = {DAN.person_id: DAN.record()}
    return judged(one, people=people, by=by("releaser"), is_sandbox=is_sandbox)


def test_a_passkey_over_this_command_steps_up_also_in_live() -> None:
    signer = stepping(DAN.passkey.answer(CHALLENGE))
    assert isinstance(signer, Signer) and signer.stepped_up


@pytest.mark.parametrize(
    "assertion",
    [
        pytest.param(DAN.passkey.answer(challenge_of(uuid4(), VALUE)), id="replayed from another command"),
        pytest.param(DAN.passkey.answer(challenge_of(ID, b"{}")), id="over another amount"),
        pytest.param(DAN.passkey.answer(b"\x00" * 32), id="over nothing of ours"),
        pytest.param(DAN.passkey.answer(CHALLENGE, rp_id="pay.example.com"), id="wrong relying party"),
        pytest.param(DAN.passkey.answer(CHALLENGE, origin="https://evil.example.org"), id="wrong origin"),
        pytest.param(DAN.passkey.answer(CHALLENGE, is_verified=False), id="person not verified"),
        pytest.param(SoftPasskey(SAFE).answer(CHALLENGE), id="another passkey"),
        pytest.param(replace(SoftPasskey(SAFE), kid=DAN.passkey.kid).answer(CHALLENGE), id="another key"),
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="not an object"),
        pytest.param(b"[" * 15_000, id="deep"),
        pytest.param(b'{"id": 7}', id="id not a text"),
        pytest.param(json.dumps({"id": DAN.passkey.kid}).encode(), id="no answer"),
        pytest.param(b"{}" + b" " * 30_000, id="huge"),
    ],
)
def test_an_assertion_that_does_not_hold_refuses_the_command(assertion: bytes) -> None:
    assert stepping(assertion) is Reason.STEP_UP_REFUSED
    assert stepping(assertion, is_sandbox=True) is Reason.STEP_UP_REFUSED


@pytest.mark.parametrize(
    ("method", "is_sandbox", "stepped_up"),
    [
        ("totp", True, True),
        ("totp", False, False),
        ("passkey", True, False),
        ("passkey", False, False),
        ("key", True, True),
        ("key", False, False),
    ],
)
def test_without_an_assertion_only_a_sandbox_takes_less(
    method: str, is_sandbox: bool, stepped_up: bool
) -> None:
    key = ANN.key if method == "key" else PORTAL
    signer = judged(command(key=key, method=method), is_sandbox=is_sandbox)
    assert isinstance(signer, Signer) and signer.stepped_up is stepped_up


def test_a_passkey_of_a_page_without_tls_does_not_count_in_live() -> None:
    assert ANN.passkey.relying_party.origin.startswith("http://")
    one = with_proof(command(), step_up=ANN.passkey.answer(CHALLENGE))
    assert isinstance(judged(one, is_sandbox=True), Signer)
    assert judged(one, is_sandbox=False) is Reason.STEP_UP_REFUSED
