"""Sensitive values show themselves to nobody who did not ask, and a sealed account opens only under its own names."""

from __future__ import annotations

import json
import logging
import pickle
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from throughline.identifiers import payee_id_for
from throughline.requests import Subject
from throughline.sealed import BankAccount, SealBroken, new_key, open_account, seal_account
from throughline.sensitive import Sensitive, SensitiveTin

SECRET = "CANARY-4711"
PAYEE = payee_id_for("npi", "1234567893")
ACCOUNT = BankAccount("021000021", "000123456789", "checking")


def test_no_way_of_printing_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    value = Sensitive(SECRET)
    subject = Subject(member_id=value, last_name=Sensitive("Doe"))
    with caplog.at_level(logging.INFO):
        logging.info("%s %r %s", value, value, subject)
    shown = [
        str(value),
        repr(value),
        f"{value}",
        f"{value:>20}",
        "%s" % value,  # noqa: UP031 - one of the ways a value gets printed
        repr(subject),
        str(subject),
        caplog.text,
    ]
    shown.append(str(subject.model_dump()))
    assert not any(SECRET in one for one in shown)
    with pytest.raises(TypeError):
        pickle.dumps(value)


def test_the_wire_and_who_asks_get_it() -> None:
    subject = Subject(member_id=Sensitive(SECRET), last_name=Sensitive("Doe"))
    assert json.loads(subject.model_dump_json())["member_id"] == SECRET
    assert subject.member_id.reveal() == SECRET
    assert Subject.model_validate_json(subject.model_dump_json()) == subject


def test_an_error_does_not_repeat_it() -> None:
    with pytest.raises(ValidationError) as refused:
        Subject.model_validate_json(json.dumps({"member_id": SECRET * 20, "last_name": "\u0007"}))
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("tin", ["94123456", "9412345678", "94123456X", ""])
def test_a_tin_has_nine_digits(tin: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(SensitiveTin).validate_json(json.dumps(tin))


def test_a_sealed_account_opens_for_its_payee_and_speaker_only() -> None:
    key = new_key()
    sealed = seal_account(ACCOUNT, payee_id=PAYEE, speaker="enrolment", public_key=key)
    assert ACCOUNT.account not in sealed and "123456789" not in repr(ACCOUNT)
    assert open_account(sealed, payee_id=PAYEE, speaker="enrolment", private_key=key) == ACCOUNT
    for payee, speaker, other in (
        (UUID(int=1), "enrolment", key),
        (PAYEE, "portal", key),
        (PAYEE, "enrolment", new_key()),
    ):
        with pytest.raises(SealBroken):
            open_account(sealed, payee_id=payee, speaker=speaker, private_key=other)


@pytest.mark.parametrize("at", range(0, 500, 7))
def test_a_changed_seal_does_not_open(at: int) -> None:
    key = new_key()
    sealed = seal_account(ACCOUNT, payee_id=PAYEE, speaker="enrolment", public_key=key)
    at %= len(sealed)
    if sealed[at] == "." or at == sealed.rindex(".") - 1 or at == len(sealed) - 1:
        return  # the last character of a part may carry bits that base64 ignores
    changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
    with pytest.raises(SealBroken):
        open_account(changed, payee_id=PAYEE, speaker="enrolment", private_key=key)
