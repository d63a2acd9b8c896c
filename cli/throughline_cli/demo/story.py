"""What the topics say, put together: answers by what was sent, versions by the fold, payments, remittances."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from throughline.answers import RequestAnswered
from throughline.decisions import (
    CommandRefused,
    ReviewOpened,
    SubmissionApproved,
    SubmissionDenied,
    SubmissionExcepted,
)
from throughline.items import ItemHeld, ItemScheduled
from throughline.lifecycle import TABLE, State, Substatus, Told, VersionState, fold
from throughline.parked import RecordParked
from throughline.payments import (
    BatchClosed,
    BatchHeld,
    BatchRefused,
    BatchReleased,
    PaymentRefused,
    PaymentReturned,
    PaymentSent,
    PaymentSettled,
)
from throughline.remittances import MismatchFound, RemittancePosted, RemittanceReversed
from throughline.submissions import SubmissionReceived, SubmissionWithdrawn
from throughline_cli.demo.sent import Coordinates, Sent, SentLog
from throughline_cli.witness import Record

MOVES_STATE = frozenset({row.on for row in TABLE} | {SubmissionWithdrawn})
VersionKey = tuple[UUID, int]


@dataclass
class Story:
    """Everything heard, sorted by what it is about."""

    received: dict[VersionKey, SubmissionReceived] = field(default_factory=dict)
    states: dict[VersionKey, VersionState] = field(default_factory=dict)
    last: dict[tuple[VersionKey, type], Any] = field(default_factory=dict)
    """The last event of a kind about a version."""
    answers: dict[Sent, list[RequestAnswered]] = field(default_factory=lambda: defaultdict(list))
    unclaimed: list[RequestAnswered] = field(default_factory=list)
    """Answers to nothing that was sent."""
    parked: dict[Coordinates, RecordParked] = field(default_factory=dict)
    sent: dict[UUID, PaymentSent] = field(default_factory=dict)
    settled: dict[UUID, list[PaymentSettled]] = field(default_factory=lambda: defaultdict(list))
    returned: dict[UUID, list[PaymentReturned]] = field(default_factory=lambda: defaultdict(list))
    refused: dict[UUID, PaymentRefused] = field(default_factory=dict)
    items: dict[UUID, list[ItemScheduled]] = field(default_factory=lambda: defaultdict(list))
    """What each payment pays."""
    batches: list[BatchClosed] = field(default_factory=list)
    refused_batches: list[BatchRefused] = field(default_factory=list)
    posted: dict[UUID, RemittancePosted] = field(default_factory=dict)
    reversed: dict[UUID, RemittanceReversed] = field(default_factory=dict)
    mismatches: list[MismatchFound] = field(default_factory=list)
    refused_commands: list[CommandRefused] = field(default_factory=list)
    unreadable: list[Record] = field(default_factory=list)
    """Records of our own services that are not what their headers say."""

    def approved(self) -> dict[VersionKey, SubmissionApproved]:
        return {key: event for (key, kind), event in self.last.items() if kind is SubmissionApproved}

    def version_paid_cents(self, key: VersionKey) -> int:
        """What the payee has of a version: its present payment, if it is paid and did not come back."""
        state = self.states[key]
        if state.state is not State.PAID or state.payment_id is None:
            return 0
        return sum(
            item.amount_cents
            for item in self.items[state.payment_id]
            if (item.request_id, item.version) == key
        )

    def reasons(self, key: VersionKey) -> tuple[str, ...]:
        """Why a version stands where it stands: of its last decision, hold or return."""
        state = self.states[key]
        if state.substatus is Substatus.RETURNED and state.payment_id in self.returned:
            return (self.returned[state.payment_id][0].return_code,)
        if state.substatus is Substatus.ON_HOLD:
            return self._reason(key, ItemHeld)
        if state.substatus is Substatus.DENIED:
            return self._reason(key, SubmissionDenied)
        if state.state is State.IN_REVIEW:
            opened = self.last.get((key, ReviewOpened))
            return tuple(str(reason) for reason in opened.reasons) if opened else ()
        if state.state is State.EXCEPTION:
            return self._reason(key, SubmissionExcepted)
        return ()

    def _reason(self, key: VersionKey, kind: type) -> tuple[str, ...]:
        event = self.last.get((key, kind))
        return (str(event.reason),) if event else ()


def tell(records: Iterable[Record], sent_log: SentLog) -> Story:
    """Put records in order, whatever the order in which the topics were read."""
    story = Story()
    told: dict[UUID, list[Told]] = defaultdict(list)
    of_payment: dict[UUID, list[Told]] = defaultdict(list)
    of_batch: dict[UUID, list[Told]] = defaultdict(list)
    heard: set[tuple[str, UUID]] = set()
    for record in sorted(records, key=lambda one: (one.topic, one.partition, one.offset)):
        message, envelope = record.message, record.envelope
        if envelope is not None and (record.topic, envelope.id) in heard:
            continue  # said twice: a crash between its send and the receipt
        if message is None or envelope is None:
            if not record.topic.startswith("intake."):
                story.unreadable.append(record)
            continue
        heard.add((record.topic, envelope.id))
        _note(story, record, message, sent_log)
        if type(message) in MOVES_STATE:
            order = record.offset if envelope.sequence is None else envelope.sequence
            one = Told(record.topic, record.key, order, envelope.id, envelope.time, message)
            request_id = getattr(message, "request_id", None)
            payment_id = getattr(message, "payment_id", None)
            if request_id is not None:
                told[request_id].append(one)
            elif payment_id is not None:
                of_payment[payment_id].append(one)
            elif isinstance(message, BatchHeld | BatchReleased):
                of_batch[message.batch_id].append(one)
    for payment_id, items in story.items.items():
        for request_id, batch_id in {(item.request_id, item.batch_id) for item in items}:
            told[request_id] += of_payment.get(payment_id, []) + of_batch.get(batch_id, [])
    for request_id, events in told.items():
        for version, state in fold(events).items():
            story.states[request_id, version] = state
    return story


def _note(story: Story, record: Record, message: Any, sent_log: SentLog) -> None:
    match message:
        case RequestAnswered():
            _answer(story, message, sent_log)
        case SubmissionReceived():
            story.received[message.request_id, message.version] = message
        case RecordParked():
            at = message.coordinates
            story.parked[at.topic, at.partition, at.offset] = message
        case PaymentSent():
            story.sent[message.payment_id] = message
        case PaymentSettled():
            story.settled[message.payment_id].append(message)
        case PaymentReturned():
            story.returned[message.payment_id].append(message)
        case PaymentRefused():
            story.refused[message.payment_id] = message
        case BatchClosed():
            story.batches.append(message)
        case BatchRefused():
            story.refused_batches.append(message)
        case RemittancePosted():
            story.posted[message.remittance_id] = message
        case RemittanceReversed():
            story.reversed[message.remittance_id] = message
        case MismatchFound():
            story.mismatches.append(message)
        case CommandRefused():
            story.refused_commands.append(message)
        case ItemScheduled():
            story.items[message.payment_id].append(message)
        case _:
            pass
    request_id, version = getattr(message, "request_id", None), getattr(message, "version", None)
    if request_id is not None and version is not None:
        story.last[(request_id, version), type(message)] = message


def _answer(story: Story, answer: RequestAnswered, sent_log: SentLog) -> None:
    sent: Sent | None = None
    if answer.coordinates is not None:
        at = answer.coordinates
        sent = sent_log.records.get((at.topic, at.partition, at.offset))
    elif answer.receipt is not None:
        sent = sent_log.of_receipt(answer.receipt.receipt_id, answer.receipt.position)
    if sent is None:
        story.unclaimed.append(answer)
    else:
        story.answers[sent].append(answer)
