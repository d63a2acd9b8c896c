"""Approved for a payee without an account: held at the cutoff; enrolled at a terminal, it leaves with the next."""

from __future__ import annotations

from tests.whole_line import WholeLine

from throughline.accounts import AccountVerified
from throughline.items import ItemHeld, ItemReleased


def test_an_item_without_account_is_held_and_paid_when_the_account_arrives(line: WholeLine) -> None:
    payee = line.world.one("no-account")
    bill = line.bill(payee)
    request = line.submit(bill)
    line.until_state(request, "Approved")
    line.pass_the_cutoff()
    line.until_state(request, "Exception (on hold)")
    assert [one.reason for one in line.said(ItemHeld, request_id=request)] == ["no_account"]
    line.until_status(request, "Exception (on hold)", "The payee has no verified bank account")

    account = "4777000111"
    line.command(
        "payee", "enrol", payee.record.identifier, "--tin", payee.record.tin.reveal(), "--name", payee.bank_name,
        "--routing", payee.routing, "--account", account,
    )  # fmt: skip
    verified = line.until_said(AccountVerified, payee_id=payee.record.payee_id)
    assert account not in verified.model_dump_json()
    line.until_said(ItemReleased, request_id=request)
    line.until_state(request, "Approved")

    line.pass_the_settlement(line.pass_the_cutoff())
    line.until_state(request, "Paid")
    (entry,) = line.entries(account)
    assert entry.amount_cents == line.worth(bill)
