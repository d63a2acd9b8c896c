"""What the bank says: posted once, whole or not at all; what does not match is kept and pages."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from payout.bank_files import keep, next_to_post
from payout.camt053 import StatementRefused, read_statement
from payout.findings import page_open_findings
from payout.read_bank_files import FileRefused, interpret, read_bank_files
from payout.testing import CENTS, TRACE, acknowledgement, returns, statement
from throughline.accounts import AccountHeld
from throughline.items import ItemHeld, ItemReleased, ItemStopped
from throughline.orders import ReleaseItem
from throughline.payments import BatchRefused, PaymentRefused, PaymentReturned, PaymentSent, PaymentSettled
from throughline.reasons import Reason

if TYPE_CHECKING:
    from conftest import House


@pytest.fixture
async def sent(house: House) -> House:
    """One payment of $100.00, told of as sent."""
    await house.payer()
    await house.enrol()
    await house.approve(6_000)
    await house.approve(4_000)
    await house.pay()
    return house


async def test_accepted_settled_and_told(sent: House) -> None:
    sent.bank_says("ack-1.json", acknowledgement(sent.file, sent.file_name))
    sent.bank_says("camt.xml", statement((TRACE, "100.00")))
    await sent.work()
    (settled,) = await sent.said_of(PaymentSettled)
    assert (settled.amount_cents, settled.settled_on, settled.return_window_ends_on) == (
        CENTS, date(2026, 11, 24), date(2026, 11, 27),
    )  # fmt: skip
    assert await sent.rows("select state from batches") == [("acknowledged",)]
    assert await sent.balances() == {"claims": CENTS, "cash": -CENTS}
    assert await sent.rows("select count(*) from findings") == [(0,)]


async def test_every_file_read_again_under_any_name_changes_nothing(sent: House) -> None:
    files = {
        "ack-1.json": json.dumps(acknowledgement(sent.file, sent.file_name)).encode(),
        "camt.xml": statement((TRACE, "100.00")),
        "return-1.ach": returns(),
    }
    for name, content in files.items():
        sent.bank_says(name, content)
        await sent.work()
    before = [await sent.said(), await sent.balances(), await sent.states()]
    for name, content in files.items():
        sent.bank_says("again-" + name, content)
        sent.bank_says(name, content)
    sent.bank_says("return-2.ach", returns(modifier="B"))  # the same return in another file
    sent.bank_says("return-3.ach", returns().replace(b"\n", b"\r\n"))
    await sent.work()
    sent.context.resources.seen_files.clear()  # a restart looks at everything again
    await sent.work()
    assert [await sent.said(), await sent.balances(), await sent.states()] == before
    assert await sent.rows("select state, count(*) from bank_files group by 1 order by 1") == [
        ("duplicate", 3), ("posted", 5),
    ]  # fmt: skip


async def test_a_return_before_settlement_holds_items_and_account(sent: House) -> None:
    sent.bank_says("return.ach", returns("R03"))
    await sent.work()
    (back,) = await sent.said_of(PaymentReturned)
    assert (back.return_code, back.amount_cents) == ("R03", CENTS)
    held = await sent.said_of(ItemHeld)
    assert [(one.reason, one.payment_id) for one in held] == [(Reason.RETURNED, back.payment_id)] * 2
    (account,) = await sent.said_of(AccountHeld)
    assert account.return_code == "R03"
    assert await sent.states() == {"held:returned": 2}
    assert await sent.balances() == {"claims": CENTS, "returned": -CENTS}
    # The bank settles it all the same: a return is final, and a person must look.
    sent.bank_says("camt.xml", statement((TRACE, "100.00")))
    await sent.work()
    assert await sent.said_of(PaymentSettled) == []
    assert await sent.rows("select what from findings") == [("settled_after_returned",)]


async def test_a_return_after_settlement_takes_the_money_back_out_of_cash(sent: House) -> None:
    sent.bank_says("camt.xml", statement((TRACE, "100.00")))
    await sent.work()
    sent.bank_says("return.ach", returns("R02"))
    sent.bank_says("camt-2.xml", statement((TRACE, "100.00"), side="CRDT", day="2026-11-25"))
    await sent.work()
    assert len(await sent.said_of(PaymentSettled)) == len(await sent.said_of(PaymentReturned)) == 1
    assert await sent.balances() == {"claims": CENTS, "returned": -CENTS}
    assert await sent.rows("select state, return_code from payments") == [("returned", "R02")]


async def test_what_came_back_is_stopped_but_not_released_item_by_item(sent: House) -> None:
    sent.bank_says("return.ach", returns())
    await sent.work()
    ((decision, request),) = await sent.rows("select decision_id, request_id from items limit 1")
    from throughline.decisions import ApprovalRevoked

    revoked = ApprovalRevoked(request_id=request, version=1, decision_id=decision, cause="void")
    (refused,) = await sent.hears(ReleaseItem(request_id=request, version=1, note="n", actor="a"))
    assert refused.reason is Reason.NOT_ALLOWED_NOW  # type: ignore[attr-defined]
    (stopped,) = await sent.hears(revoked)
    assert isinstance(stopped, ItemStopped)
    assert await sent.states() == {"held:returned": 1, "stopped": 1}


async def test_nothing_more_is_paid_to_an_account_that_gave_money_back(sent: House) -> None:
    sent.bank_says("return.ach", returns())
    await sent.work()
    await sent.approve(500)
    await sent.cutoff(datetime(2026, 11, 24, 20, 0, tzinfo=UTC))
    assert (await sent.states())["held:account_held"] == 1
    await sent.enrol()  # verified again
    await sent.work()
    assert [one.reason for one in await sent.said_of(ItemReleased)] == [Reason.ACCOUNT_ARRIVED]
    assert await sent.states() == {"held:returned": 2, "waiting": 1}


async def test_r24_opens_an_alarm(sent: House) -> None:
    sent.bank_says("return.ach", returns("R24"))
    await sent.work()
    await page_open_findings(sent.context)
    assert sent.context.alarms.names() == {"possible_double_payment"}
    assert await sent.states() == {"held:returned": 2}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (returns(trace="121042880000099"), "return_unknown"),
        (returns(cents=CENTS - 1), "return_other_amount"),
        (returns(company="1000000009"), "return_other_company"),
        (statement(("121042880000099", "100.00")), "settled_unknown"),
        (statement((TRACE, "99.99")), "settled_other_amount"),
    ],
)
async def test_what_does_not_match_is_kept_and_paged_and_posts_nothing(
    sent: House, content: bytes, what: str
) -> None:
    before = await sent.balances()
    sent.bank_says("file.ach" if content.startswith(b"101") else "file.xml", content)
    await sent.work()
    assert await sent.rows("select what from findings") == [(what,)]
    assert await sent.rows("select state, content from bank_files") == [("posted", content)]
    assert await sent.balances() == before
    assert await sent.rows("select state from payments") == [("sent",)]
    await page_open_findings(sent.context)
    assert what in sent.context.alarms.names()


async def test_a_notification_of_change_never_edits_an_account(sent: House) -> None:
    before = await sent.rows("select * from accounts")
    changed = returns(cents=0).replace(
        f"799R03{TRACE}{'':6}09100001{'':44}".encode(),
        f"798C01{TRACE}{'':6}09100001{'99999999999999999':29}{'':15}".encode(),
    )
    sent.bank_says("change.ach", changed)
    await sent.work()
    assert await sent.rows("select what, detail from findings") == [("notification_of_change", "C01")]
    assert await sent.rows("select * from accounts") == before


async def test_a_refused_file_pays_nothing_and_its_items_may_leave_again(sent: House) -> None:
    refused = acknowledgement(sent.file, sent.file_name, status="refused", reason="destination", line=1)
    sent.bank_says("ack.json", refused)
    await sent.work()
    (batch,) = await sent.said_of(BatchRefused)
    assert batch.detail == "destination, line 1"
    assert len(await sent.said_of(PaymentRefused)) == 1
    assert await sent.states() == {"held:refused_by_bank": 2}
    assert await sent.balances() == {"claims": CENTS, "returned": -CENTS}
    for (request,) in await sent.rows("select request_id from items"):
        await sent.hears(ReleaseItem(request_id=request, version=1, note="sent anew", actor="ann"))
    await sent.cutoff(datetime(2026, 11, 24, 20, 0, tzinfo=UTC))
    await sent.work()
    assert await sent.balances() == {"claims": CENTS, "batched": -CENTS}
    payments = await sent.said_of(PaymentSent)
    assert len({one.payment_id for one in payments}) == len({one.trace_number for one in payments}) == 2


async def test_a_refused_entry_is_held_and_the_others_settle(house: House) -> None:
    await house.payer()
    await house.enrol()
    await house.enrol("1558598797", "000987654")
    await house.approve(CENTS)
    await house.approve(200, "1558598797")
    content = await house.pay()
    ((trace,),) = await house.rows("select ach_trace from payments where cents = 200")
    one = {"trace": trace, "amount_cents": 200, "reason": "account_refused"}
    entry_hash = 2 * 9100001
    house.bank_says(
        "ack.json",
        acknowledgement(
            content,
            house.inbox()[0].name,
            entries=2,
            credit_cents=CENTS + 200,
            entry_hash=entry_hash,
            refused_entries=[one],
        ),
    )
    await house.work()
    (refused,) = await house.said_of(PaymentRefused)
    assert refused.detail == "account_refused"
    assert await house.states() == {"held:refused_by_bank": 1, "scheduled": 1}
    assert await house.rows("select state from batches") == [("acknowledged",)]


@pytest.mark.parametrize("reason", ["duplicate_file", "duplicate_trace"])
async def test_a_refusal_as_duplicate_never_frees_the_items(sent: House, reason: str) -> None:
    sent.bank_says("ack.json", acknowledgement(sent.file, sent.file_name, status="refused", reason=reason))
    await sent.work()
    assert await sent.states() == {"scheduled": 2}
    assert await sent.rows("select what from findings") == [("contradicting_acknowledgement",)]


async def test_a_refusal_after_acceptance_moves_nothing(sent: House) -> None:
    sent.bank_says("ack-1.json", acknowledgement(sent.file, sent.file_name))
    sent.bank_says(
        "ack-2.json", acknowledgement(sent.file, sent.file_name, status="refused", reason="record")
    )
    await sent.work()
    assert await sent.states() == {"scheduled": 2}
    assert await sent.rows("select what from findings") == [("contradicting_acknowledgement",)]


async def test_an_acknowledgement_of_other_bytes_or_sums_pages(sent: House) -> None:
    sent.bank_says("ack-1.json", acknowledgement(sent.file + b" ", sent.file_name))
    sent.bank_says("ack-2.json", acknowledgement(sent.file, sent.file_name, credit_cents=CENTS + 1))
    await sent.work()
    assert sorted(await sent.rows("select what from findings")) == [
        ("acknowledged_sums_differ",), ("delivered_bytes_differ",),
    ]  # fmt: skip
    assert await sent.rows("select state from batches") == [("delivered",)]


async def test_the_list_of_received_files_resolves_a_file_in_doubt(sent: House) -> None:
    await sent.pool.execute("update batches set state = 'unknown'")
    ack = acknowledgement(sent.file, sent.file_name)
    one = {name: ack[name] for name in ("file", "sha256", "size", "status")}
    sent.bank_says(
        "received.json", {"type": "received", "as_of": "2026-11-23T20:00:00+00:00", "files": [one]}
    )
    await sent.work()
    assert await sent.rows("select state from batches") == [("delivered",)]


async def test_a_file_that_we_do_not_know_stops_delivery(sent: House) -> None:
    one = {"file": "strange.ach", "sha256": "0" * 64, "size": 1, "status": "accepted"}
    sent.bank_says(
        "received.json", {"type": "received", "as_of": "2026-11-23T20:00:00+00:00", "files": [one]}
    )
    await sent.work()
    sent.inbox()[0].unlink()
    await sent.approve(700)
    await sent.cutoff(datetime(2026, 11, 24, 20, 0, tzinfo=UTC))
    await sent.work()
    assert sent.inbox() == [] and await sent.rows("select what, detail from findings") == [
        ("unknown_file", "strange.ach")
    ]


async def test_a_name_used_again_with_other_content_is_held(sent: House) -> None:
    sent.bank_says("return.ach", returns("R03", trace="121042880000099"))
    await sent.work()
    sent.bank_says("return.ach", returns("R03"))
    await sent.work()
    assert await sent.rows("select state, reason from bank_files order by arrived_at") == [
        ("posted", None), ("held", "name_reuse"),
    ]  # fmt: skip
    assert await sent.states() == {"scheduled": 2}


async def test_a_file_changed_in_our_own_store_is_not_posted(
    sent: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from payout import read_bank_files as module

    with monkeypatch.context() as patch:
        patch.setattr(module, "_post_next", lambda _: _false())
        sent.bank_says("return.ach", returns())
        await sent.work()
    await sent.pool.execute("update bank_files set content = overlay(content placing '9'::bytea from 300)")
    await sent.work()
    assert await sent.rows("select state, reason from bank_files") == [("refused", "changed_in_store")]


async def _false() -> bool:
    return False


@pytest.mark.parametrize("size", [0, 50, 500, 940])
async def test_a_cut_return_file_posts_nothing(sent: House, size: int) -> None:
    sent.bank_says(
        "return.ach", returns()[:size] if size < 900 else returns().replace(b"0000010000", b"0000010001", 1)
    )
    await sent.work()
    assert await sent.rows("select state from bank_files") == [("refused",)]
    assert await sent.rows("select what from findings") == [("bank_file_refused",)]
    assert await sent.states() == {"scheduled": 2}


async def test_one_bad_entry_does_not_stop_the_good_ones_of_its_file(sent: House) -> None:
    both = statement((TRACE, "100.00"), ("121042880000099", "5.00"))
    sent.bank_says("camt.xml", both)
    await sent.work()
    assert await sent.rows("select state from payments") == [("settled",)]
    assert await sent.rows("select what, cents from findings") == [("settled_unknown", 500)]


async def test_names_that_are_not_there_yet_and_links_are_left_alone(sent: House) -> None:
    outbox = sent.directory / "outbox"
    outbox.mkdir(parents=True, exist_ok=True)
    (outbox / "x.ach.part").write_bytes(returns())
    (outbox / ".y.ach").write_bytes(returns())
    (outbox / "z.ach").symlink_to("/etc/hostname")
    (outbox / "dir").mkdir()
    await sent.work()
    assert await sent.rows("select count(*) from bank_files") == [(0,)]


GOOD = statement((TRACE, "100.00"))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "not_xml"),
        (b"<x/>", "namespace"),
        (GOOD[: len(GOOD) // 2], "not_xml"),
        (GOOD.replace(b"camt.053", b"camt.054"), "namespace"),
        (GOOD.replace(b"Ccy='USD'", b"Ccy='usd'"), "currency"),
        (GOOD.replace(b">100.00<", b">100.005<", 1), "amount"),
        (GOOD.replace(b">100.00<", b">1e2<", 1), "amount"),
        (GOOD.replace(b">100.00<", b">-100.00<", 1), "amount"),
        (GOOD.replace(b">100.00<", b">100.01<", 1), "control"),
        (statement((TRACE, "100.00"), closing="5.00"), "control"),
        (GOOD.replace(b"BOOK", b"PDNG"), "not_booked"),
        (GOOD.replace(TRACE.encode(), b"12"), "trace"),
        (GOOD.replace(b"2026-11-24", b"2026-13-24"), "date"),
        (b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hostname'>]>" + GOOD.replace(b"F1", b"&e;"), None),
    ],
)  # fmt: skip
def test_a_statement_that_cannot_be_trusted_is_refused_whole(content: bytes, fault: str | None) -> None:
    assert len(read_statement(GOOD)) == 1
    if fault is None:
        assert all("hostname" not in one.reference and one.reference == "" for one in read_statement(content))
        return
    with pytest.raises(StatementRefused) as refused:
        read_statement(content)
    assert refused.value.fault == fault


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b"{"),
        ("a.json", b'{"type": "x"}'),
        ("a.json", b"[]"),
        ("a.txt", b"x"),
        ("a.ach", b"x"),
        ("a.xml", b"x"),
    ],
)
def test_what_is_no_answer_is_refused(name: str, content: bytes) -> None:
    with pytest.raises(FileRefused):
        interpret(name, content)


async def test_a_second_debit_of_one_entry_is_a_finding(sent: House) -> None:
    sent.bank_says("camt.xml", statement((TRACE, "100.00")))
    await sent.work()
    sent.bank_says(
        "again.xml", statement((TRACE, "100.00"), day="2026-11-25")
    )  # the same booking, told again
    await sent.work()
    assert await sent.rows("select what from findings") == []
    sent.bank_says("other.xml", statement((TRACE, "100.00")).replace(b"F1", b"F2"))
    await sent.work()
    assert await sent.rows("select what from findings") == [("settled_twice",)]
    assert len(await sent.said_of(PaymentSettled)) == 1


async def test_one_statement_that_debits_an_entry_twice_settles_it_once(sent: House) -> None:
    sent.bank_says("camt.xml", statement((TRACE, "100.00"), (TRACE, "100.00")))
    await sent.work()
    assert await sent.rows("select what from findings") == [("settled_twice",)]
    assert len(await sent.said_of(PaymentSettled)) == 1


async def test_a_later_acknowledgement_that_refuses_an_entry_is_a_finding(sent: House) -> None:
    sent.bank_says("ack-1.json", acknowledgement(sent.file, sent.file_name))
    await sent.work()
    refused = [{"trace": TRACE, "amount_cents": CENTS, "reason": "account_refused"}]
    sent.bank_says("ack-2.json", acknowledgement(sent.file, sent.file_name, refused_entries=refused))
    await sent.work()
    assert await sent.rows("select what from findings") == [("contradicting_acknowledgement",)]
    assert await sent.said_of(PaymentRefused) == []


async def test_the_same_refusal_in_another_acknowledgement_is_no_finding(sent: House) -> None:
    refused = [{"trace": TRACE, "amount_cents": CENTS, "reason": "account_refused"}]
    for name, at in (
        ("ack-1.json", "2026-11-23T20:00:00+00:00"),
        ("ack-2.json", "2026-11-23T21:00:00+00:00"),
    ):
        answer = acknowledgement(sent.file, sent.file_name, refused_entries=refused, received_at=at)
        sent.bank_says(name, answer)
        await sent.work()
    assert await sent.rows("select what from findings") == []
    assert len(await sent.said_of(PaymentRefused)) == 1


async def test_what_the_bank_says_waits_until_the_payment_is_told_of(sent: House) -> None:
    """Another replica sent the file and kept the answer; this one was posting meanwhile."""
    await sent.pool.execute("update payments set state = 'scheduled'")
    with patch("payout.read_bank_files.next_to_post", _kept_meanwhile(sent)):
        await read_bank_files(sent.context)
    assert await sent.rows("select state from bank_files") == [("kept",)]
    await sent.work()
    assert len(await sent.said_of(PaymentReturned)) == 1


def _kept_meanwhile(sent: House) -> Any:
    async def next_one(db: Any, bank: str) -> Any:
        content = returns()
        await keep(db, "sandbox-bank", "return.ach", content, hashlib.sha256(content).hexdigest())
        return await next_to_post(db, bank)

    return next_one


@pytest.mark.parametrize("says", ["acknowledgement", "list"])
async def test_a_file_that_the_bank_has_does_not_leave_again_whatever_we_believe(
    sent: House, says: str
) -> None:
    for file in sent.inbox():
        file.unlink()
    await sent.pool.execute("update batches set state = 'built', part_name = null, resolved_by = 'ann'")
    received = {
        "file": sent.file_name,
        "sha256": hashlib.sha256(sent.file).hexdigest(),
        "size": len(sent.file),
    }
    listed = {
        "type": "received",
        "as_of": "2026-11-23T20:00:00Z",
        "files": [{**received, "status": "accepted"}],
    }
    is_list = says == "list"
    sent.bank_says("says.json", listed if is_list else acknowledgement(sent.file, sent.file_name))
    await read_bank_files(sent.context)
    await sent.work()
    assert sent.inbox() == []
    assert await sent.rows("select state from batches") == [("delivered" if is_list else "acknowledged",)]
    assert await sent.rows("select what from findings") == [("received_before_sent",)]
