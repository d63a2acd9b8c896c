"""Where two people sign, a terminal that has both keys signs with both; never one person twice."""

from __future__ import annotations

from uuid import uuid4

from stack.people import KeyFile
from throughline.orders import ReissuePayment, ReversePayment
from throughline.payees import EnrolAccount
from throughline.people import Role
from throughline.signed import new_signing_key
from throughline_cli.signing import Signers

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
