"""What may happen in a history: each rule is one act of a partner, a person, a service, the clock or the bank."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.invariants.bank_by_hand import BankByHand
from tests.invariants.places import ACCOUNTS, HEARERS, NPIS, PARTNERS, TIMERS, Loop
from tests.invariants.promises import check_always, check_at_rest
from tests.invariants.small_line import SmallLine
from tests.invariants.what_is_asked import DECISIONS, KINDS, SUBMISSIONS, asked, picked, small

from payout.calendar import Cutoff, add_banking_days, next_window
from throughline.accounts import AccountChanged
from throughline.decisions import ReviewOpened, SubmissionApproved, SubmissionExcepted
from throughline.identifiers import payee_id_for
from throughline.orders import HoldBatch, HoldItem, ReissuePayment, ReleaseBatch, ReleaseItem, ReversePayment
from throughline.payees import ChangeAccount, ConfirmAccount
from throughline.payments import BatchClosed, PaymentReturned, PaymentReversed, PaymentSettled
from throughline.requests import CorrectRequest, SubmitRequest, WithdrawRequest
from throughline.reviews import DecideReview
from throughline.submissions import SubmissionReceived


class Histories(RuleBasedStateMachine):
    """One history. The line is made once, by the test, and emptied before each."""

    loop: Loop
    line: SmallLine
    starts: tuple[Start, ...] = ()
    """What has happened before chance begins; without one chance chooses that too."""

    @initialize(enrolled=st.booleans(), first=st.lists(SUBMISSIONS, max_size=4), heard=st.booleans())
    def begin(self, enrolled: bool, first: list[dict[str, Any]], heard: bool) -> None:
        self.loop.run(self.line.begin())
        self.bank = BankByHand(self.line.bank_directory)
        self.begun = True
        for start in self.starts:
            start(self)
        if self.starts:
            return
        for payee in (0, 1) if enrolled else ():
            self.enrol(payee, 0)
        for one in first:
            self.submit(one)
        if heard:
            self.everybody_hears()

    # Partners

    @rule(one=SUBMISSIONS)
    def submit(self, one: dict[str, Any]) -> None:
        made = asked(f"N{one['number']}", one["payee"], one["bill"], one["kind"], one["payer"])
        self.line.record(PARTNERS[one["partner"]], SubmitRequest(request=made))

    @rule(at=picked, void=st.booleans(), bill=st.integers(0, 2), kind=st.sampled_from(KINDS))
    def correct(self, at: int, void: bool, bill: int, kind: str) -> None:
        known = self._received(at)
        if known is None:
            return
        before = known.request
        changed = asked(
            before.number, NPIS.index(before.payee.identifier), bill, kind, before.payer,
            version=before.version + 1, frequency="8" if void else "7", payer_claim_number=known.payer_claim_number,
        )  # fmt: skip
        self.line.record(known.partner, CorrectRequest(request=changed))

    @rule(at=picked)
    def withdraw(self, at: int) -> None:
        known = self._received(at)
        if known is not None:
            one = known.request
            self.line.record(
                known.partner, WithdrawRequest(number=one.number, version=one.version, payee=one.payee)
            )

    # People

    @rule(at=picked, decision=DECISIONS)
    def review(self, at: int, decision: str) -> None:
        kinds = SubmissionApproved if decision == "recall" else (
            SubmissionExcepted if decision == "release" else (ReviewOpened, SubmissionExcepted)
        )  # fmt: skip
        open_ = [one for one in self.line.said("decisions") if isinstance(one.message, kinds)][-4:]
        if open_:
            one = open_[at % len(open_)]
            about = one.message
            self.line.command(
                "reviews",
                DecideReview(
                    request_id=about.request_id, version=about.version, answers=one.envelope.id,
                    decision=decision, note="seen", actor="r-17",  # type: ignore[arg-type]
                    amount_cents=getattr(about, "proposed_cents", None),
                    overrides=about.checks if isinstance(about, SubmissionExcepted) else None,
                ),
                str(about.request_id),
            )  # fmt: skip

    @rule(at=picked, release=st.booleans())
    def order(self, at: int, release: bool) -> None:
        known = self._received(at)
        if known is not None:
            kind: Any = ReleaseItem if release else HoldItem
            told = kind(request_id=known.request_id, version=known.version, note="n", actor="o-1")
            self.line.command("orders", told, str(known.request_id))

    @rule(at=picked)
    def reissue(self, at: int) -> None:
        back = self.line.events(PaymentReturned, PaymentReversed)
        if back:
            one = back[-1 - at % min(2, len(back))]
            order = ReissuePayment(payment_id=one.payment_id, note="n", actor="o-1")
            self.line.command("orders", order, str(one.payment_id))

    @rule(at=picked, cause=st.sampled_from(("duplicate", "wrong_receiver", "wrong_amount")))
    def reverse(self, at: int, cause: Any) -> None:
        settled = self.line.events(PaymentSettled)
        if settled:
            one = settled[-1 - at % min(2, len(settled))]
            order = ReversePayment(payment_id=one.payment_id, cause=cause, note="n", actor="o-1")
            self.line.command("orders", order, str(one.payment_id))

    @rule(release=st.booleans(), actor=st.sampled_from(("o-1", "o-2")))
    def order_batch(self, release: bool, actor: str) -> None:
        closed = [one for one in self.line.events(BatchClosed) if one.payment_count]
        if closed:
            batch = closed[-1]
            seen = {"total_cents": batch.total_cents, "entry_count": batch.payment_count}
            order = (
                ReleaseBatch(batch_id=batch.batch_id, note="n", actor=actor, **seen)
                if release
                else HoldBatch(batch_id=batch.batch_id, note="n", actor=actor)
            )
            self.line.command("orders", order, str(order.batch_id))

    @rule(at=picked)
    def mend_and_reissue(self, at: int) -> None:
        """Every account is verified again, as far as it is the one in use, and what came back is paid again."""
        for payee in (0, 1):
            for account in (0, 1):
                self.enrol(payee, account)
        self.reissue(at)
        self.everybody_hears()

    @rule(payee=small, account=small)
    def enrol(self, payee: int, account: int) -> None:
        told = self.line.enrolment(payee, ACCOUNTS[account])
        self.line.command("payees", told, str(told.payee_id))

    @rule(payee=small, account=small)
    def change_account(self, payee: int, account: int) -> None:
        payee_id = payee_id_for("npi", NPIS[payee])
        told = ChangeAccount(
            payee_id=payee_id, speaker="enrolment", requested_by="p-1",
            sealed_account=self.line.sealed(payee_id, ACCOUNTS[account]),
        )  # fmt: skip
        self.line.command("payees", told, str(payee_id))

    @rule(at=picked)
    def confirm_account(self, at: int) -> None:
        changed = [
            one.message for one in self.line.said("accounts") if isinstance(one.message, AccountChanged)
        ]
        if changed:
            one = changed[-1 - at % min(2, len(changed))]
            told = ConfirmAccount(
                payee_id=one.payee_id,
                account_token=one.account_token,
                account_mask=one.account_mask,
                confirmed_by="p-2",
            )
            self.line.command("payees", told, str(one.payee_id))

    # Services and time

    @rule(hearer=st.sampled_from(HEARERS), most=st.sampled_from((1, 2, 100)))
    def hear(self, hearer: tuple[str, str], most: int) -> None:
        self.loop.run(self.line.hear(hearer, most))

    @rule(timer=st.sampled_from(TIMERS))
    def tick(self, timer: Any) -> None:
        self.loop.run(self.line.tick(timer))

    @rule()
    def everybody_hears(self) -> None:
        self.loop.run(self.line.settle_down())

    @rule(late=st.booleans(), settle_down=st.booleans())
    def cutoff(self, late: bool, settle_down: bool) -> None:
        clock, payout = self.line.clock, self.line.nodes["payout"].context
        (bank,) = payout.settings.banks.values()
        cutoffs: tuple[Cutoff, ...] = bank.all_cutoffs()
        clock.instant = next_window(cutoffs, clock.instant).closes_at + timedelta(hours=5 if late else 0)
        self.loop.run(self.line.close_windows())
        if settle_down:
            self.loop.run(self.line.settle_down())

    # The bank

    @rule(back=st.booleans(), held=st.booleans())
    def day_at_the_bank(self, back: bool, held: bool) -> None:
        """What is approved leaves, or its batch is held; the bank settles what it has, and may send it back."""
        self.everybody_hears()
        self.cutoff(late=False, settle_down=False)
        if held:
            self.order_batch(release=False, actor="o-1")
            self.hear(("payout", "orders"), 100)
        self.everybody_hears()
        self.bank.collect()
        due = [entry for entry in self.bank.entries if entry.is_due]
        if due:
            self.bank.settle(due, add_banking_days(self.line.clock.today(), 1))
        for entry in due if back else ():
            self.bank.send_back(entry, self.line.clock.today())
        self.everybody_hears()

    @rule(at=picked, given_back=st.booleans())
    def take_back(self, at: int, given_back: bool) -> None:
        """A settled payment is taken back by an entry of ours, which may itself come back; its time passes."""
        self.reverse(at, "duplicate")
        self.everybody_hears()
        self.cutoff(late=False, settle_down=True)
        self.bank.collect()
        ours = [entry for entry in self.bank.entries if entry.takes_back and entry.is_due]
        if ours:
            self.bank.settle(ours, add_banking_days(self.line.clock.today(), 1))
            if given_back:
                self.bank.send_back(ours[0], self.line.clock.today())
        for _ in range(5):
            self.cutoff(late=False, settle_down=True)

    @rule(at=picked, status=st.sampled_from(("accepted", "accepted", "refused")), one=st.booleans())
    def acknowledge(self, at: int, status: str, one: bool) -> None:
        self.bank.collect()
        if self.bank.files:
            file = self.bank.files[-1 - at % min(2, len(self.bank.files))]
            refuse = file.entries[:1] if one and status == "accepted" else []
            self.bank.acknowledge(file, status, refuse)

    @rule(at=picked)
    def statement(self, at: int) -> None:
        self.bank.collect()
        due = [entry for entry in self.bank.entries if entry.is_due]
        if due:
            day = add_banking_days(self.line.clock.today(), 1)
            self.bank.settle(due[at % len(due) :], day)

    @rule(at=picked)
    def send_back(self, at: int) -> None:
        self.bank.collect()
        due = [entry for entry in self.bank.entries if not (entry.refused or entry.returned)]
        if due:
            self.bank.send_back(due[at % len(due)], self.line.clock.today())

    @rule()
    def repeat_an_answer(self) -> None:
        self.bank.repeat()

    # Promises

    @invariant()
    def nothing_is_broken(self) -> None:
        if getattr(self, "begun", False):
            check_always(self.line, self.bank)

    def teardown(self) -> None:
        if getattr(self, "begun", False):
            self.loop.run(self.line.settle_down())
            self.bank.collect()
            check_always(self.line, self.bank)
            self.loop.run(check_at_rest(self.line))

    def _received(self, at: int) -> SubmissionReceived | None:
        """The latest version of one of the requests that came in."""
        latest: dict[UUID, SubmissionReceived] = {}
        for one in self.line.events(SubmissionReceived):
            latest[one.request_id] = one
        return list(latest.values())[at % len(latest)] if latest else None


Start = Callable[[Histories], None]
