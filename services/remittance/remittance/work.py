"""What one slice of decisions, items or payments needs, and what it leaves: loaded and stored by a few bulk statements.

Locks are taken in one order everywhere: decisions, then payments, each sorted. Whoever hears of one first makes its
row; so a message and what waits for it can never miss each other, whichever topic is read first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from chassis import Context, Heard
from remittance import repository
from remittance.domain import Item, Mismatch, PaymentBook, content_hash
from remittance.events import mismatch_event, posted_event, trace_without_payment
from remittance.posting import Claim, Entry, Posted, Surroundings, post
from remittance.reconcile import reconcile
from throughline.adjudications import Adjudication
from throughline.decisions import SubmissionApproved, SubmissionDenied
from throughline.identifiers import remittance_id_for_payment, remittance_id_for_request
from throughline.items import ItemScheduled
from throughline.message import Event
from throughline.payments import PaymentRefused, PaymentReturned, PaymentReversed, PaymentSent, PaymentSettled
from throughline.reference import PayerRecorded, ProviderRecorded
from throughline.remittances import RemittanceReversed, RemittanceSuperseded

OF_A_PAYMENT = (ItemScheduled, PaymentSent, PaymentSettled, PaymentReturned, PaymentReversed, PaymentRefused)


class Speak(Protocol):
    """Says an event of a remittance: a batch's ``Say``, or a timer's transaction."""

    def __call__(self, event: Event, key: str, *, correlation_id: str | None = None) -> UUID: ...


@dataclass(slots=True)
class Notice:
    """A decision that pays nothing and still must be explained."""

    request_id: UUID
    version: int
    event_id: UUID
    adjudication: Adjudication
    state: str = "waiting"


@dataclass(slots=True)
class RemittanceWork:
    """Payments by id, each locked; what is new; what is posted and reversed."""

    payments: dict[UUID, PaymentBook]
    approved: dict[UUID, tuple[int, bytes]]
    """Decision id to paid cents and content hash, of every approval heard."""
    waiting_for: dict[UUID, list[UUID]]
    """Decision id to payments whose items stand under it."""
    known_notices: set[tuple[UUID, int]]
    earlier: dict[UUID, dict[int, str]]
    """Request to version and state of the notices that a newer decision of this slice takes the place of."""
    payers: dict[str, PayerRecorded]
    providers: dict[UUID, ProviderRecorded]
    control_numbers: list[int]
    now: datetime
    today: date
    usage: str
    completable: set[UUID] = field(default_factory=set)
    """Payments for which this slice may bring the last that was missing."""
    touched: set[UUID] = field(default_factory=set)
    new_items: list[tuple[UUID, Item]] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)
    not_live: list[UUID] = field(default_factory=list)
    superseded: list[tuple[UUID, int]] = field(default_factory=list)
    supersedes: dict[UUID, tuple[UUID, ...]] = field(default_factory=dict)
    """Payment to the remittances of earlier payments of its claims, which came back."""

    @classmethod
    async def load(
        cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context
    ) -> RemittanceWork:
        """Lock the decisions and payments that the slice is about; read what could become a remittance."""
        messages = [(one.envelope.id, one.message) for one in heard]
        approvals = {at: m.adjudication for at, m in messages if isinstance(m, SubmissionApproved)}
        scheduled = [m for _, m in messages if isinstance(m, ItemScheduled)]
        unpaid = [m for _, m in messages if _pays_nothing(m)]
        approved = await repository.lock_decisions(
            db,
            {at: (a.paid_cents, content_hash(a)) for at, a in approvals.items()},
            [m.decision_id for m in scheduled],
        )
        waiting_for = await repository.payments_under(db, list(approvals))
        ids = {m.payment_id for _, m in messages if isinstance(m, OF_A_PAYMENT)}
        ids |= {payment for payments in waiting_for.values() for payment in payments}
        work = await cls.open(db, ids, context, heard)
        work.approved, work.waiting_for = approved, waiting_for
        work.known_notices = await repository.known_notices(db, [(m.request_id, m.version) for m in unpaid])
        later = [(m.request_id, m.version) for _, m in messages if _is_later_decision(m)]
        for request_id, version, state in await repository.lock_earlier_notices(db, later):
            work.earlier.setdefault(request_id, {})[version] = state
        await work.read_around(db, [m.adjudication for m in unpaid])
        await work.read_superseded(db, scheduled)
        return work

    @classmethod
    async def open(
        cls, db: asyncpg.Connection, ids: set[UUID], context: Context, heard: Sequence[Heard[Any]] = ()
    ) -> RemittanceWork:
        """The payments, locked, with the items of each that could be complete after the slice."""
        payments = await repository.lock_payments(db, sorted(ids))
        complete = repository.could_be_complete(payments, [one.message for one in heard])
        for payment_id, item in await repository.read_items(db, complete):
            payments[payment_id].items[item.request_id, item.version] = item
        made = set(complete)
        usage = "P" if context.settings is not None and context.settings.stack_mode == "live" else "T"
        return cls(
            payments, {}, {}, set(), {}, {}, {}, [], context.clock.now(), context.clock.today(), usage, made
        )

    async def read_around(self, db: asyncpg.Connection, adjudications: Sequence[Adjudication]) -> None:
        """Payers and providers that a remittance of this slice may name, and a file number for each."""
        items = [item.adjudication for book in self.payments.values() for item in book.items.values()]
        payers = {one.payer for one in (*adjudications, *items)}
        payees = {one.payee_id for one in (*adjudications, *items)}
        for book in self.payments.values():
            if book.sent is not None:
                payers.add(book.sent.payer)
                payees.add(book.sent.payee_id)
        self.payers = await repository.read_payers(db, sorted(payers))
        self.providers = await repository.read_providers(db, sorted(payees))
        self.control_numbers = await repository.control_numbers(db, len(self.payments) + len(adjudications))

    async def read_superseded(self, db: asyncpg.Connection, scheduled: Sequence[ItemScheduled] = ()) -> None:
        """Which remittances the payments that could be complete would supersede."""
        items = [(book.payment_id, *at) for book in self.payments.values() for at in book.items]
        items += [
            (m.payment_id, m.request_id, m.version) for m in scheduled if m.payment_id in self.completable
        ]
        self.supersedes = await repository.superseded_by(db, items)

    def payment(self, payment_id: UUID) -> PaymentBook:
        """The payment, to be changed: it will be stored."""
        self.touched.add(payment_id)
        return self.payments[payment_id]

    def add_item(self, message: ItemScheduled) -> None:
        book = self.payment(message.payment_id)
        cents, digest = self.approved.get(message.decision_id, (None, None))
        item = Item(
            *(
                message.request_id,
                message.version,
                message.decision_id,
                message.amount_cents,
                message.adjudication,
            ),
            *(content_hash(message.adjudication), cents, digest),
        )
        book.items[message.request_id, message.version] = item
        book.items_heard += 1
        self.new_items.append((message.payment_id, item))

    def complete(self, payment_id: UUID, say: Speak) -> None:
        """Post the payment's remittance if everything is heard and agrees; say so, or what does not agree."""
        book = self.payments[payment_id]
        verdict = reconcile(book)
        outcome = self._remit(book) if verdict == "agreed" else verdict
        remittance_id = str(remittance_id_for_payment(payment_id))
        if isinstance(outcome, Posted):
            book.state = "posted"
            event = posted_event(outcome, None if book.returned else self.supersedes.get(payment_id))
            say(event, key=remittance_id, correlation_id=str(payment_id))
            if book.returned:
                self.reverse(book, say)
        elif isinstance(outcome, Mismatch):
            book.state = "mismatch"
            problem = mismatch_event(outcome, payment_id=payment_id)
            say(problem, key=remittance_id, correlation_id=str(payment_id))
        self.touched.add(payment_id)

    def _remit(self, book: PaymentBook) -> Posted | Mismatch | None:
        """None where the payer is not on file yet: the timer comes back to it."""
        sent = book.sent
        payer = self.payers.get(sent.payer) if sent is not None else None
        if sent is None or payer is None:
            return None
        items = sorted(book.items.values(), key=lambda item: (item.adjudication.number, str(item.request_id)))
        entry = Entry(
            *(sent.trace_number, sent.amount_cents, sent.effective_date),
            *(sent.odfi_routing, sent.rdfi_routing, sent.payee_name, sent.account_mask, sent.payer_trace_id),
        )
        claims = tuple((item.request_id, item.version, item.adjudication) for item in items)
        return self._post(remittance_id_for_payment(book.payment_id), book.payment_id, claims, entry, payer)

    def reverse(self, book: PaymentBook, say: Speak) -> None:
        """The payment came back: its remittance is no longer live."""
        assert book.sent is not None
        remittance_id = remittance_id_for_payment(book.payment_id)
        self.not_live.append(remittance_id)
        event = RemittanceReversed(
            remittance_id=remittance_id, payment_id=book.payment_id, amount_cents=book.sent.amount_cents
        )
        say(event, key=str(remittance_id), correlation_id=str(book.payment_id))

    def supersede_earlier(self, request_id: UUID, version: int, say: Speak) -> None:
        """A newer version is decided: what explained that an earlier one pays nothing is no longer live."""
        earlier = self.earlier.pop(request_id, {})
        for notice in self.notices:
            if notice.request_id == request_id and notice.version < version:
                earlier[notice.version] = notice.state
                notice.state = "superseded"
        for number, state in sorted(earlier.items()):
            if number >= version or state not in ("waiting", "posted"):
                continue
            self.superseded.append((request_id, number))
            if state == "posted":
                remittance_id = remittance_id_for_request(request_id, number)
                self.not_live.append(remittance_id)
                event = RemittanceSuperseded(
                    remittance_id=remittance_id, request_id=request_id, version=number
                )
                say(event, key=str(remittance_id), correlation_id=str(request_id))

    def notify(self, notice: Notice, say: Speak) -> None:
        """Explain a decision that pays nothing, at most once for a version; wait where the payer is not on file."""
        at = (notice.request_id, notice.version)
        if at in self.known_notices:
            return
        self.known_notices.add(at)
        self.notices.append(notice)
        self.explain(notice, say)

    def explain(self, notice: Notice, say: Speak) -> None:
        claim = notice.adjudication
        payer = self.payers.get(claim.payer)
        if payer is None:
            return
        remittance_id = remittance_id_for_request(notice.request_id, notice.version)
        entry = Entry(trace_without_payment(claim, notice.version, remittance_id), 0, self.today)
        claims = ((notice.request_id, notice.version, claim),)
        outcome = self._post(remittance_id, None, claims, entry, payer)
        told = {"key": str(remittance_id), "correlation_id": str(notice.request_id)}
        if isinstance(outcome, Posted):
            notice.state = "posted"
            say(posted_event(outcome), **told)
        else:
            notice.state = "mismatch"
            say(mismatch_event(outcome, request_id=notice.request_id), **told)

    def _post(
        self,
        remittance_id: UUID,
        payment_id: UUID | None,
        claims: tuple[Claim, ...],
        entry: Entry,
        payer: PayerRecorded,
    ) -> Posted | Mismatch:
        provider = self.providers.get(claims[0][2].payee_id)
        around = Surroundings(payer, provider, self.control_numbers.pop(), self.now, self.usage)
        outcome = post(remittance_id, payment_id, claims, entry, around)
        if isinstance(outcome, Posted):
            self.posted.append(outcome)
        return outcome

    async def store(self, db: asyncpg.Connection) -> None:
        await repository.store_items(db, self.new_items)
        await repository.store_payments(db, [self.payments[one] for one in sorted(self.touched)])
        await repository.store_notices(db, self.notices)
        await repository.supersede_notices(db, self.superseded)
        await repository.store_remittances(db, self.posted)
        await repository.no_longer_live(db, self.not_live)


def _is_later_decision(message: Event) -> bool:
    return isinstance(message, SubmissionApproved | SubmissionDenied) and message.version > 1


def _pays_nothing(message: Event) -> bool:
    if isinstance(message, SubmissionApproved):
        return message.adjudication.paid_cents == 0
    return isinstance(message, SubmissionDenied)
