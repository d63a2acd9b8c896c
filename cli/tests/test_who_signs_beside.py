"""Where two people sign, a terminal that has both keys signs with both; never one person twice."""

from __future__ import annotations

from uuid import uuid4

import pytest

from stack.people import KeyFile
from throughline.orders import ReissuePayment, ReversePayment
from throughline.payees import EnrolAccount
from throughline.people import Role
from throughline.signed import new_signing_key, verify
from throughline.signed_http import Call, What
from throughline_cli.errors import Problem
from throughline_cli.signing import Signers, call_headers

HOUSE = uuid4()


def a(role: Role) -> KeyFile:
    return KeyFile(uuid4(), HOUSE, (role,), new_signing_key())


ANN, BEA, CLEO = a("releaser"), a("releaser"), a("account_approver")


def test_another_who_may_give_the_command_signs_beside() -> None:
    both = Signers([ANN, CLEO, BEA])
    assert both.beside(ANN, ReversePayment) is BEA
    assert both.beside(BEA, ReversePayment) is ANN
    assert both.beside(CLEO, EnrolAccount) is None, "nobody else here approves accounts"
    assert both.beside(ANN, ReissuePayment) is None, "one suffices"
    assert Signers([ANN, ANN]).beside(ANN, ReversePayment) is None


def test_two_people_sign_a_call_over_http() -> None:
    what: What = "throughline.ResolveFile"
    first, second = Signers([CLEO, ANN, ANN, BEA]).two_who_may_call(what)
    assert (first, second) == (ANN, BEA)
    with pytest.raises(Problem, match="Two people"):
        Signers([ANN, ANN, CLEO]).two_who_may_call(what)
    call = Call(what, "POST", "/v1/batches/x/resolution", "sha-256=:x:")
    signed = list(call_headers(call, first, second).values())
    for person, signature in zip((ANN, BEA), signed, strict=True):
        said = verify(signature.encode(), call.value, person.key)
        assert (said.person_id, said.id, said.topic, said.role) == (
            person.person_id,
            call.id,
            call.target,
            "releaser",
        )
