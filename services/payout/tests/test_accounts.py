"""Accounts: sealed for one payee and speaker, changed by two people, cooled off, and never shown."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from throughline.accounts import AccountChanged, AccountVerified
from throughline.decisions import CommandRefused
from throughline.identifiers import payee_id_for
from throughline.items import ItemReleased
from throughline.payees import ChangeAccount, ConfirmAccount
from throughline.reasons import Reason

if TYPE_CHECKING:
    from conftest import House

NPI = "1234567893"
PAYEE = payee_id_for("npi", NPI)


def change(house: House, account: str = "555555555", **changes: Any) -> ChangeAccount:
    values = {
        "payee_id": PAYEE, "speaker": "portal", "requested_by": "ann",
        "sealed_account": house.sealed(PAYEE, account, speaker="portal"),
    }  # fmt: skip
    return ChangeAccount(**{**values, **changes})


async def test_an_enrolled_account_is_told_by_token_and_mask(house: House) -> None:
    (verified,) = await house.enrol(account="123456789")
    assert isinstance(verified, AccountVerified)
    assert verified.account_mask == "••••6789" and verified.payable_from == date(2026, 11, 23)
    ((sealed, token),) = await house.rows("select sealed, token from accounts")
    assert house.vault.decrypt(sealed, payee_id=PAYEE, token=token).number == "123456789"
    assert token == verified.account_token


async def test_no_number_stands_in_the_database_or_in_what_is_said(house: House) -> None:
    said = await house.enrol(account="314159265")
    said += await house.hears(change(house, "271828182"))
    dumped = "".join(one.model_dump_json() for one in said)
    for (table,) in await house.rows(
        "select tablename from pg_tables where schemaname in ('public', 'chassis')"
    ):
        for schema in ("public", "chassis"):
            if await house.rows("select to_regclass($1)", f"{schema}.{table}") != [(None,)]:
                dumped += str(await house.rows(f"select t::text from {schema}.{table} t"))
    for number in ("314159265", "271828182"):
        assert number not in dumped
        assert number.encode().hex() not in dumped


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"payee_id": uuid4()}, Reason.UNKNOWN_SUBJECT),
        ({"speaker": "somebody"}, Reason.SEAL),
        ({"sealed_account": "abc.def.ghi"}, Reason.SEAL),
    ],
)
async def test_a_bad_enrolment_is_refused(house: House, changes: dict[str, Any], reason: Reason) -> None:
    (refused,) = await house.enrol(**changes)
    assert isinstance(refused, CommandRefused) and refused.reason is reason
    assert await house.rows("select count(*) from accounts") == [(0,)]


async def test_a_malformed_account_is_refused(house: House) -> None:
    for account, routing in (
        ("1234567890123456789", "091000019"),
        ("12 34", "091000019"),
        ("123456789", "091000018"),
    ):
        (refused,) = await house.enrol(sealed_account=house.sealed(PAYEE, account, routing))
        assert isinstance(refused, CommandRefused) and refused.reason is Reason.ACCOUNT_INVALID


async def test_an_account_sealed_for_another_payee_is_refused(house: House) -> None:
    (refused,) = await house.enrol(
        sealed_account=house.sealed(payee_id_for("npi", "1558598797"), "123456789")
    )
    assert isinstance(refused, CommandRefused) and refused.reason is Reason.SEAL


async def test_a_second_enrolment_cannot_replace_an_account(house: House) -> None:
    await house.enrol(account="123456789")
    (again,) = await house.enrol(account="123456789", name="OAKWOOD CLINIC INC")
    assert isinstance(again, AccountVerified)
    (refused,) = await house.enrol(account="999999999")
    assert isinstance(refused, CommandRefused) and refused.reason is Reason.NOT_ALLOWED_NOW
    assert await house.rows("select name from payees") == [("OAKWOOD CLINIC INC",)]


async def test_a_change_needs_a_second_person_and_cools_off(house: House) -> None:
    await house.payer()
    await house.enrol()
    await house.approve(10_000)
    (changed,) = await house.hears(change(house))
    assert isinstance(changed, AccountChanged)
    await house.cutoff()
    assert await house.states() == {
        "held:cooling_off": 1
    }  # not to the new account, and not silently to the old

    def confirm(by: str, token: str = changed.account_token) -> ConfirmAccount:
        return ConfirmAccount(
            payee_id=PAYEE, account_token=token, account_mask=changed.account_mask, confirmed_by=by
        )

    answers = await house.hears(confirm("ANN "), confirm("bea", "ba_unknown"))
    assert [one.reason for one in answers] == [Reason.SAME_PERSON, Reason.UNKNOWN_SUBJECT]  # type: ignore[attr-defined]
    (verified,) = await house.hears(confirm("bea"))
    assert isinstance(verified, AccountVerified)
    assert verified.payable_from == date(2026, 12, 1)  # five banking days, Thanksgiving between
    assert [one.reason for one in await house.hears(confirm("cleo"))] == [Reason.NOT_ALLOWED_NOW]  # type: ignore[attr-defined]
    await house.work()
    assert await house.states() == {"held:cooling_off": 1}
    house.clock.instant = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
    await house.work()
    assert [one.reason for one in await house.said_of(ItemReleased)] == [Reason.ACCOUNT_ARRIVED]
    await house.cutoff(datetime(2026, 12, 1, 20, 0, tzinfo=UTC))
    await house.work()
    assert b"555555555" in house.inbox()[0].read_bytes()
    assert await house.rows("select state, count(*) from accounts group by 1 order by 1") == [
        ("active", 1), ("replaced", 1),
    ]  # fmt: skip


async def test_a_newer_change_takes_the_place_of_an_unconfirmed_one(house: House) -> None:
    await house.enrol()
    (first,) = await house.hears(change(house, "555555555"))
    (second,) = await house.hears(change(house, "666666666"))
    assert isinstance(first, AccountChanged) and isinstance(second, AccountChanged)
    confirm = ConfirmAccount(payee_id=PAYEE, account_token=first.account_token, confirmed_by="bea")
    (refused,) = await house.hears(confirm)
    assert isinstance(refused, CommandRefused) and refused.reason is Reason.NOT_ALLOWED_NOW


async def test_a_change_for_a_payee_without_account_is_refused(house: House) -> None:
    (refused,) = await house.hears(change(house))
    assert isinstance(refused, CommandRefused) and refused.reason is Reason.UNKNOWN_SUBJECT
