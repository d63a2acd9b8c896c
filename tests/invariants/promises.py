"""What must be true of a small line: at every moment, and once nobody has anything left to do."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any
from uuid import UUID

from tests.invariants.bank_by_hand import BankByHand
from tests.invariants.small_line import SmallLine

from throughline.decisions import SubmissionApproved, SubmissionExcepted
from throughline.items import ItemScheduled, ItemTooLate
from throughline.lifecycle import State, Substatus, VersionState
from throughline.payments import (
    PaymentRefused,
    PaymentReturned,
    PaymentReversed,
    PaymentSent,
    PaymentSettled,
    ReversalScheduled,
)
from throughline.reasons import Reason
from throughline.remittances import MismatchFound, RemittancePosted, RemittanceReversed
from throughline.submissions import SubmissionReceived
from validation.duplicates import bill_keys

HELD = (Substatus.ON_HOLD, Substatus.RETURNED, Substatus.REVERSED)


class Book:
    """What was said, indexed once for all checks of a step."""

    def __init__(self, line: SmallLine) -> None:
        self.received = line.events(SubmissionReceived)
        self.scheduled = line.events(ItemScheduled)
        self.sent = {one.payment_id: one for one in line.events(PaymentSent)}
        self.returned = {one.payment_id for one in line.events(PaymentReturned, PaymentReversed)}
        self.gone = self.returned | {one.payment_id for one in line.events(PaymentRefused)}
        self.taken_back = {one.ach_trace: one for one in line.events(ReversalScheduled)}
        self.settled = {one.payment_id: one for one in line.events(PaymentSettled)}
        self.posted = [one for one in line.events(RemittancePosted) if one.payment_id is not None]
        self.reversed = {one.payment_id for one in line.events(RemittanceReversed)}
        self.requests = sorted({one.request_id for one in self.received})
        self.live = [one for one in self.scheduled if one.payment_id not in self.gone]


def check_always(line: SmallLine, bank: BankByHand) -> None:
    book = Book(line)
    _one_live_entry_per_request(book)
    _one_live_entry_per_bill(book, line)
    _too_late_is_what_has_left(line)
    _bank_entries_are_payments(book, bank)
    _one_remittance_per_payment(book)
    for request_id in book.requests:
        for version, state in line.states(request_id).items():
            assert not state.refused, f"the fold refuses of version {version}: {_told(state.refused)}"


async def check_at_rest(line: SmallLine) -> None:
    """Everything accepted stands somewhere, all who tell of it agree, and every cent is in one place."""
    book = Book(line)
    rows = await line.nodes["validation"].pool.fetch("select request_id, version, state from versions")
    decided = {(row[0], row[1]): row[2] for row in rows}
    items = await line.nodes["payout"].pool.fetch(
        "select request_id, version, state, reason, payer, cents, came_back, payment_id from items"
    )
    live = {(i["request_id"], i["version"]): i for i in items if i["state"] not in ("stopped", "unpaid")}
    assert not line.events(MismatchFound)
    for request_id in book.requests:
        for version, state in line.states(request_id).items():
            assert not state.pending, f"pending of version {version}: {_told(state.pending)}"
            at = (request_id, version)
            assert decided[at] not in ("waiting", "stopping"), "nobody will decide it any more"
            item = live.get(at)
            _agree(state, decided[at], None if item is None else (item["state"], item["reason"]), book)
    _settled_is_explained(book)
    await _every_cent_has_its_place(line, items)


def _one_live_entry_per_request(book: Book) -> None:
    live = Counter(one.request_id for one in book.live)
    assert not [request for request, count in live.items() if count > 1], "a request is paid twice"


def _one_live_entry_per_bill(book: Book, line: SmallLine) -> None:
    """Two requests are paid for one bill only where a reviewer released one of them, seeing the other."""
    shown = defaultdict(set)
    for one in line.events(SubmissionExcepted):
        if one.reason in (Reason.DUPLICATE, Reason.DUPLICATE_NEAR):
            shown[one.request_id].add(one.other_request_id)
    approvals = {one.envelope.id: one.message for one in line.said("decisions")}
    paid: dict[bytes, list[tuple[UUID, Any]]] = defaultdict(list)
    received = {(one.request_id, one.version): one for one in book.received}
    for item in book.live:
        approved = approvals[item.decision_id]
        assert isinstance(approved, SubmissionApproved)
        for key in bill_keys(received[item.request_id, item.version]):
            paid[key].append((item.request_id, approved))
    for payments in paid.values():
        for at, (one, decision) in enumerate(payments):
            for other, other_decision in payments[:at]:
                seen = (decision.decided_by.kind == "person" and other in shown[one]) or (
                    other_decision.decided_by.kind == "person" and one in shown[other]
                )
                assert seen, "a bill is paid twice and no reviewer was shown both"


def _too_late_is_what_has_left(line: SmallLine) -> None:
    """What still waits is stopped when somebody asks; only what is in a batch, or pays nothing, is not."""
    approvals = {one.envelope.id: one.message for one in line.said("decisions")}
    for one in line.events(ItemTooLate):
        paid_cents = approvals[one.decision_id].adjudication.paid_cents
        assert one.payment_id is not None or paid_cents == 0, "it waited and was not stopped"


def _bank_entries_are_payments(book: Book, bank: BankByHand) -> None:
    traces = Counter(entry.trace for entry in bank.entries)
    assert all(count == 1 for count in traces.values()), "an entry was collected twice"
    sent = {one.ach_trace: one for one in book.sent.values()}
    for entry in bank.entries:
        reversal = book.taken_back.get(entry.trace)
        payment = book.sent.get(reversal.payment_id) if reversal is not None else sent.get(entry.trace)
        if payment is None:
            continue  # told of in a moment
        assert entry.takes_back == (reversal is not None)
        assert (entry.cents, entry.company) == (payment.amount_cents, payment.payer_trace_id)
        assert entry.addenda is not None
        trn = entry.addenda.rstrip("~\\").split("*")
        assert trn == ["TRN", "1", payment.trace_number, payment.payer_trace_id]
    amounts: Counter[UUID] = Counter()
    for item in book.scheduled:
        amounts[item.payment_id] += item.amount_cents
    for payment_id, payment in book.sent.items():
        assert amounts[payment_id] == payment.amount_cents


def _one_remittance_per_payment(book: Book) -> None:
    assert len({one.payment_id for one in book.posted}) == len(book.posted)
    for one in book.posted:
        sent = book.sent[one.payment_id]
        assert (one.amount_cents, one.trace_number, one.effective_date) == (
            sent.amount_cents, sent.trace_number, sent.effective_date,
        )  # fmt: skip


def _settled_is_explained(book: Book) -> None:
    live = {one.payment_id for one in book.posted} - book.reversed
    assert live == set(book.settled) - book.returned


def _agree(state: VersionState, decided: str, item: tuple[str, str | None] | None, book: Book) -> None:
    """The fold, validation and payout say the same of a version."""
    told = f"{state.label}, validation says {decided}, payout {item}"
    if state.substatus in (Substatus.WITHDRAWN, Substatus.VOIDED, Substatus.CORRECTED):
        assert item is None and decided == "ended", told
    elif state.substatus is Substatus.DENIED:
        assert item is None and decided == "denied", told
    elif state.state is State.IN_REVIEW:
        assert item is None and decided == "review", told
    elif state.state is State.EXCEPTION and state.substatus is Substatus.NONE:
        assert item is None and decided == "exception", told
    elif state.state is State.EXCEPTION and state.substatus in HELD:
        assert item is not None and item[0] == "held" and decided in ("approved", "final"), told
        assert (item[1] == "returned") == (state.substatus is Substatus.RETURNED), told
        assert (item[1] == "reversed") == (state.substatus is Substatus.REVERSED), told
    elif state.state is State.APPROVED:
        assert item == ("waiting", None) and decided in ("approved", "final"), told
    elif state.state is State.SCHEDULED or (state.state is State.PAID and state.payment_id is not None):
        assert item == ("scheduled", None) and decided in ("approved", "final"), told
        assert (state.state is State.PAID) == (state.payment_id in book.settled), told
    else:
        assert state.state is State.PAID and item is None and decided in ("approved", "final"), told


async def _every_cent_has_its_place(line: SmallLine, items: list[Any]) -> None:
    """Each clearing account of the ledger holds what its items and payments sum to."""
    pool = line.nodes["payout"].pool
    payments = await pool.fetch("select payer, cents, state from payments")
    expected: Counter[tuple[str, str]] = Counter()
    for item in items:
        if item["state"] in ("waiting", "held"):
            expected[item["payer"], "returned" if item["came_back"] else "approved"] -= item["cents"]
    for payment in payments:
        account = {"scheduled": "batched", "sent": "batched", "settled": "cash"}.get(payment["state"])
        if account is not None:
            expected[payment["payer"], account] -= payment["cents"]
    reversals = await pool.fetch(
        "select p.payer, p.cents from reversals r join payments p using (payment_id)"
        " where r.state in ('settled', 'done') and p.state <> 'reversed'"
    )
    for reversal in reversals:  # the bank has taken it back, and may give it again
        expected[reversal["payer"], "cash"] += reversal["cents"]
        expected[reversal["payer"], "reversing"] -= reversal["cents"]
    rows = await pool.fetch("select payer, account, sum(cents)::bigint as cents from postings group by 1, 2")
    found = {(row[0], row[1]): int(row[2]) for row in rows if row[1] != "claims" and row[2]}
    assert found == {place: cents for place, cents in expected.items() if cents}
    by_payment: Counter[Any] = Counter()
    for item in items:
        if item["state"] == "scheduled":
            by_payment[item["payer"]] += item["cents"]
    in_payments: Counter[Any] = Counter()
    for payment in payments:
        if payment["state"] in ("scheduled", "sent", "settled"):
            in_payments[payment["payer"]] += payment["cents"]
    assert by_payment == in_payments


def _told(events: Any) -> list[str]:
    return [repr(one.event) for one in events]
