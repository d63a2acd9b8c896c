"""The seven states that people see, as one pure fold over what was said. CLI, audit and portal run this same code.

The table below is the whole law: a transition that is not in it does not happen. ``fold`` takes a *set* of events,
ordered only within (topic, key); it gives the same answer in whatever order the topics are read. An event whose
predecessor has not come is *pending*; one that no path of the table leads to is *refused*, and both are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from throughline.decisions import (
    ApprovalRevoked,
    ReviewOpened,
    SubmissionApproved,
    SubmissionDenied,
    SubmissionExcepted,
)
from throughline.items import ItemHeld, ItemReleased, ItemScheduled, ItemStopped, ItemTooLate
from throughline.message import Message
from throughline.payments import (
    BatchHeld,
    BatchReleased,
    PaymentRefused,
    PaymentReissued,
    PaymentReturned,
    PaymentReversed,
    PaymentSent,
    PaymentSettled,
    ReversalFailed,
    ReversalOrdered,
    ReversalScheduled,
)
from throughline.reasons import Reason
from throughline.remittances import MismatchFound, RemittancePosted, RemittanceReversed, RemittanceSuperseded
from throughline.submissions import SubmissionReceived, SubmissionWithdrawn


class State(StrEnum):
    """What a person is told."""

    DRAFT = "Draft"
    SUBMITTED = "Submitted"
    IN_REVIEW = "In review"
    APPROVED = "Approved"
    SCHEDULED = "Payout scheduled"
    PAID = "Paid"
    EXCEPTION = "Exception"


class Substatus(StrEnum):
    """What else is true of a state. Never a state of its own."""

    NONE = ""
    WITHDRAWN = "withdrawn"
    DENIED = "denied"
    VOIDED = "voided"
    CORRECTED = "corrected"
    ON_HOLD = "on hold"
    RETURNED = "returned"
    REVERSED = "reversed"
    RECOVERING = "recovering"
    MISMATCH = "mismatch"


ENDED = frozenset({Substatus.WITHDRAWN, Substatus.DENIED, Substatus.VOIDED, Substatus.CORRECTED})

Node = tuple[State | None, Substatus]
"""Where a version stands. (None, NONE): nothing was heard yet."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event as heard. ``order`` rises within (topic, key): the sequence, or the offset."""

    topic: str
    key: str
    order: int
    id: UUID
    at: datetime
    event: Message


@dataclass(slots=True)
class Facts:
    """What is known of a version beside its state."""

    revoked: bool = False
    recovery_needed: bool = False
    """Its last decision was to wait until an earlier version's money is recovered."""
    payment_id: UUID | None = None
    batch_id: UUID | None = None
    settled: set[UUID] = field(default_factory=set)
    remitted: set[UUID] = field(default_factory=set)
    gone: set[UUID] = field(default_factory=set)
    """Payments returned or refused: final, whatever is heard of them later."""
    remitted_without_payment: bool = False


def _always(facts: Facts, event: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: from these nodes, on this event, if the guard holds, to that node. None: stays."""

    number: str
    owner: str
    on: type[Message]
    come_from: tuple[Node, ...]
    to: Node | None
    when: Callable[[Facts, Any], bool] = _always


NEW: Node = (None, Substatus.NONE)
SUBMITTED: Node = (State.SUBMITTED, Substatus.NONE)
IN_REVIEW: Node = (State.IN_REVIEW, Substatus.NONE)
APPROVED: Node = (State.APPROVED, Substatus.NONE)
SCHEDULED: Node = (State.SCHEDULED, Substatus.NONE)
UNRELEASED: Node = (State.SCHEDULED, Substatus.ON_HOLD)
PAID: Node = (State.PAID, Substatus.NONE)
EXCEPTED: Node = (State.EXCEPTION, Substatus.NONE)
ON_HOLD: Node = (State.EXCEPTION, Substatus.ON_HOLD)
RETURNED: Node = (State.EXCEPTION, Substatus.RETURNED)
REVERSED: Node = (State.EXCEPTION, Substatus.REVERSED)
RECOVERING: Node = (State.PAID, Substatus.RECOVERING)
MISMATCH: Node = (State.EXCEPTION, Substatus.MISMATCH)
DENIED_SUBMITTED: Node = (State.SUBMITTED, Substatus.DENIED)
DENIED_REVIEWED: Node = (State.IN_REVIEW, Substatus.DENIED)
DENIED_EXCEPTED: Node = (State.EXCEPTION, Substatus.DENIED)
OPEN = (SUBMITTED, IN_REVIEW, EXCEPTED)
DECIDED = (APPROVED, SCHEDULED, UNRELEASED, PAID, RECOVERING, ON_HOLD, RETURNED, REVERSED, MISMATCH)
CAME_BACK = (RETURNED, REVERSED)
WITH_THE_PAYEE = (PAID, RECOVERING, MISMATCH)
DENIED = (DENIED_SUBMITTED, DENIED_REVIEWED, DENIED_EXCEPTED)
STOPPABLE = (APPROVED, ON_HOLD, *CAME_BACK)
STOPPED = tuple(
    (state, how)
    for state in (State.APPROVED, State.EXCEPTION)
    for how in (Substatus.WITHDRAWN, Substatus.VOIDED, Substatus.CORRECTED)
)
# Where a version may stand when the last is heard of a payment that came to nothing, or of an earlier one.
AFTER_A_PAYMENT = (*DECIDED, *STOPPED, IN_REVIEW, EXCEPTED, *DENIED)
OF_A_PAYMENT: tuple[tuple[str, type[Message]], ...] = (
    ("payout", PaymentSent),
    ("payout", PaymentSettled),
    ("payout", PaymentReturned),
    ("payout", PaymentRefused),
    ("payout", PaymentReissued),
    ("payout", ReversalOrdered),
    ("payout", ReversalScheduled),
    ("payout", ReversalFailed),
    ("payout", PaymentReversed),
    ("remittance", RemittancePosted),
    ("remittance", RemittanceReversed),
)


def _ended(node: Node, how: Substatus) -> Node:
    return (node[0], how)


def _stopped(cause: str) -> Callable[[Facts, Any], bool]:
    return lambda facts, event: bool(facts.revoked and event.cause == cause)


def _sent_back(facts: Facts, event: Any) -> bool:
    return bool(event.payment_id is not None and event.payment_id == facts.payment_id)


def _before_sending(facts: Facts, event: Any) -> bool:
    return bool(event.payment_id is None or event.payment_id in facts.gone)


def _of_this_payment(facts: Facts, event: Any) -> bool:
    return bool(event.payment_id is not None and event.payment_id == facts.payment_id)


def _of_this_batch(facts: Facts, event: Any) -> bool:
    return bool(event.batch_id == facts.batch_id and facts.payment_id not in facts.gone)


def _is_over(facts: Facts, event: Any) -> bool:
    """It is about a payment that is known to have come to nothing, or about an earlier one."""
    return bool(event.payment_id in facts.gone or event.payment_id != facts.payment_id)


def _before_settlement(facts: Facts, event: Any) -> bool:
    return _of_this_payment(facts, event) and event.payment_id not in facts.settled


def _completes(facts: Facts, event: Any) -> bool:
    """Both sides are there: the bank's settlement and the remittance, of the present payment, not sent back."""
    if not _of_this_payment(facts, event) or event.payment_id in facts.gone:
        return False
    other = facts.remitted if isinstance(event, PaymentSettled) else facts.settled
    return bool(event.payment_id in other)


def _not_yet(facts: Facts, event: Any) -> bool:
    return _of_this_payment(facts, event) and not _completes(facts, event)


def _returned(facts: Facts, event: Any) -> bool:
    return bool(_sent_back(facts, event) and event.reason is Reason.RETURNED)


def _refused_by_bank(facts: Facts, event: Any) -> bool:
    return bool(_sent_back(facts, event) and event.reason not in (Reason.RETURNED, Reason.REVERSED))


def _reversed(facts: Facts, event: Any) -> bool:
    return bool(_sent_back(facts, event) and event.reason is Reason.REVERSED)


def _recovered(facts: Facts, event: Any) -> bool:
    """Nothing stands before it any more: what it waited for was paid nothing, and was stopped."""
    return facts.recovery_needed


def _nothing_paid(facts: Facts, event: Any) -> bool:
    return bool(event.payment_id is None)


TABLE: tuple[Row, ...] = (
    Row("2a", "intake", SubmissionReceived, (NEW,), SUBMITTED),
    Row("4", "validation", ReviewOpened, (SUBMITTED,), IN_REVIEW),
    Row("5", "validation", SubmissionExcepted, (SUBMITTED,), EXCEPTED),
    Row("6", "validation", SubmissionApproved, (IN_REVIEW,), APPROVED),
    Row("6a", "validation", SubmissionApproved, (SUBMITTED,), APPROVED),
    Row("6a", "validation", SubmissionDenied, (SUBMITTED,), DENIED_SUBMITTED),
    Row("7", "validation", SubmissionExcepted, (IN_REVIEW,), EXCEPTED),
    Row("8", "validation", SubmissionDenied, (IN_REVIEW,), DENIED_REVIEWED),
    Row("10", "validation", ReviewOpened, (EXCEPTED,), IN_REVIEW),
    Row("10a", "validation", SubmissionApproved, (EXCEPTED,), APPROVED, _recovered),
    Row("10a", "validation", SubmissionExcepted, (EXCEPTED,), None, _recovered),
    Row("11", "validation", SubmissionDenied, (EXCEPTED,), DENIED_EXCEPTED),
    *(
        Row(number, "payout", ItemStopped, (node,), _ended(node, how), _stopped(cause))
        for cause, how, number in (
            ("withdrawal", Substatus.WITHDRAWN, "11a"),
            ("void", Substatus.VOIDED, "11a"),
            ("correction", Substatus.CORRECTED, "9"),
        )
        for node in STOPPABLE
    ),
    Row("14", "payout", ItemStopped, STOPPABLE, IN_REVIEW, _stopped("recall")),
    Row(
        "14",
        "validation",
        ReviewOpened,
        (IN_REVIEW,),
        None,
        lambda facts, event: Reason.RECALLED in event.reasons,
    ),
    Row("14", "validation", ApprovalRevoked, DECIDED, None),
    Row("14", "payout", ItemTooLate, DECIDED, None),
    Row("12", "payout", ItemScheduled, (APPROVED,), SCHEDULED),
    # The batch waits for a person. What is told of its payment comes after its release.
    Row("12a", "payout", BatchHeld, (SCHEDULED, UNRELEASED), UNRELEASED, _of_this_batch),
    Row("12a", "payout", BatchReleased, (UNRELEASED,), SCHEDULED, _of_this_batch),
    Row("12a", "payout", BatchHeld, AFTER_A_PAYMENT, None),
    Row("12a", "payout", BatchReleased, AFTER_A_PAYMENT, None),
    Row("13", "payout", ItemHeld, (APPROVED,), ON_HOLD, _before_sending),
    Row("13", "payout", ItemHeld, (ON_HOLD,), None),
    Row("13a", "payout", ItemReleased, (ON_HOLD,), APPROVED),
    Row("16", "payout", ItemHeld, (SCHEDULED,), ON_HOLD, _refused_by_bank),
    Row("16", "payout", PaymentRefused, (SCHEDULED,), ON_HOLD, _before_settlement),
    Row("16", "payout", PaymentRefused, (ON_HOLD, APPROVED), None, _of_this_payment),
    Row("17", "payout", PaymentSent, (SCHEDULED, PAID, *CAME_BACK, ON_HOLD, APPROVED, MISMATCH), None),
    Row("17", "payout", PaymentSettled, (SCHEDULED,), PAID, _completes),
    Row("17", "remittance", RemittancePosted, (SCHEDULED,), PAID, _completes),
    Row("17", "payout", PaymentSettled, (SCHEDULED,), None, _not_yet),
    Row("17", "remittance", RemittancePosted, (SCHEDULED,), None, _not_yet),
    Row("17a", "remittance", RemittancePosted, (APPROVED,), PAID, _nothing_paid),
    Row("17a", "remittance", RemittancePosted, DENIED, None, _nothing_paid),
    Row("20", "remittance", RemittanceSuperseded, (PAID, *DENIED), None),
    Row("18", "payout", PaymentReturned, (*WITH_THE_PAYEE, SCHEDULED), RETURNED, _of_this_payment),
    Row("18", "payout", ItemHeld, (*WITH_THE_PAYEE, SCHEDULED), RETURNED, _returned),
    Row("18", "payout", ItemHeld, CAME_BACK, None),
    Row("18", "payout", PaymentReturned, CAME_BACK, None, _of_this_payment),
    Row("18", "payout", PaymentSettled, (*CAME_BACK, PAID), None, _of_this_payment),
    Row("18", "remittance", RemittancePosted, CAME_BACK, None, _of_this_payment),
    Row("18", "remittance", RemittanceReversed, CAME_BACK, None),
    # Taken back by our own entry: first on its way, then done or come to nothing.
    Row("22", "payout", ReversalOrdered, (PAID, MISMATCH), RECOVERING, _of_this_payment),
    Row("22", "payout", ReversalOrdered, CAME_BACK, None, _of_this_payment),
    Row("22", "payout", ReversalScheduled, (RECOVERING, *CAME_BACK), None, _of_this_payment),
    Row("22", "payout", ReversalFailed, (RECOVERING,), PAID, _of_this_payment),
    Row("22", "payout", ReversalFailed, (PAID, *CAME_BACK), None, _of_this_payment),
    Row("22", "payout", PaymentReversed, (*WITH_THE_PAYEE, SCHEDULED), REVERSED, _of_this_payment),
    Row("22", "payout", ItemHeld, (*WITH_THE_PAYEE, SCHEDULED), REVERSED, _reversed),
    Row("22", "payout", PaymentReversed, CAME_BACK, None, _of_this_payment),
    Row("23", "remittance", MismatchFound, (PAID,), MISMATCH),
    Row("23", "remittance", MismatchFound, (SCHEDULED, RECOVERING, *CAME_BACK, APPROVED, *DENIED), None),
    Row("24", "payout", ItemReleased, CAME_BACK, APPROVED),
    Row("24", "payout", ItemScheduled, CAME_BACK, SCHEDULED),
    # What is still said of a payment that came to nothing, or of an earlier one, changes nothing.
    *(Row("24", owner, event, AFTER_A_PAYMENT, None, _is_over) for owner, event in OF_A_PAYMENT),
)
"""Rows of the workflow by number. Draft (rows 1 to 3) belongs to the portal. A withdrawal or a newer version that meets
an open version ends it after its own events are applied (rows 9, 11, 11a)."""


def _note(facts: Facts, event: Message) -> None:
    """Remember what the guards ask about."""
    match event:
        case ApprovalRevoked():
            facts.revoked = True
        case SubmissionApproved():
            facts.revoked = False
        case SubmissionExcepted():
            facts.recovery_needed = event.reason is Reason.RECOVERY_NEEDED
        case ItemScheduled():
            facts.payment_id, facts.batch_id = event.payment_id, event.batch_id
        case PaymentSettled():
            facts.settled.add(event.payment_id)
        case PaymentReturned() | PaymentRefused() | PaymentReversed():
            facts.gone.add(event.payment_id)
        case ItemHeld() if event.payment_id is not None:
            facts.gone.add(event.payment_id)
        case RemittancePosted() if event.payment_id is not None:
            facts.remitted.add(event.payment_id)
        case RemittancePosted():
            facts.remitted_without_payment = True
        case RemittanceReversed():
            facts.remitted.discard(event.payment_id)
        case RemittanceSuperseded():
            facts.remitted_without_payment = False


@dataclass(frozen=True, slots=True)
class Step:
    """One transition that happened."""

    row: str
    owner: str
    told: Told
    before: Node
    after: Node


@dataclass(frozen=True, slots=True)
class VersionState:
    """Where one version of a request stands, and how it came there."""

    version: int
    state: State | None
    substatus: Substatus
    steps: tuple[Step, ...]
    pending: tuple[Told, ...]
    refused: tuple[Told, ...]
    payment_id: UUID | None
    remitted: bool

    @property
    def label(self) -> str:
        """For people: ``"Exception (returned)"``."""
        name = str(self.state) if self.state else "Unknown"
        return f"{name} ({self.substatus})" if self.substatus else name


def fold(told: Iterable[Told]) -> dict[int, VersionState]:
    """Where each version of one request stands, by version. The highest is the one to show.

    Give it every event of the request, and of the payments and batches that its ``ItemScheduled`` events name. Repeats
    are ignored.
    """
    unique = {one.id: one for one in told}
    by_version: dict[int, list[Told]] = {}
    payments: dict[UUID, int] = {}
    batches: dict[UUID, int] = {}
    for one in unique.values():
        version = getattr(one.event, "version", None)
        if version is not None:
            by_version.setdefault(version, []).append(one)
        if isinstance(one.event, ItemScheduled):
            payments[one.event.payment_id] = batches[one.event.batch_id] = one.event.version
    for one in unique.values():
        if getattr(one.event, "version", None) is None:
            if isinstance(one.event, BatchHeld | BatchReleased):
                paid_version = batches.get(one.event.batch_id)
            else:
                paid_version = payments.get(getattr(one.event, "payment_id", None) or _NOBODY)
            if paid_version is not None:
                by_version[paid_version].append(one)
    states = {version: _fold_version(version, events) for version, events in sorted(by_version.items())}
    return _supersede(states, by_version)


_NOBODY = UUID(int=0)


def _fold_version(version: int, events: list[Told]) -> VersionState:
    streams: dict[tuple[str, str], list[Told]] = {}
    endings = [one for one in events if isinstance(one.event, SubmissionWithdrawn)]
    for one in sorted(events, key=lambda one: (one.topic, one.order)):
        if not isinstance(one.event, SubmissionWithdrawn):
            streams.setdefault((one.topic, one.key), []).append(one)
    node, facts = NEW, Facts()
    steps: list[Step] = []
    refused: list[Told] = []
    while True:
        heads = [stream[0] for _, stream in sorted(streams.items()) if stream]
        applied = next(((head, row) for head in heads if (row := _row_for(node, facts, head.event))), None)
        if applied is not None:
            head, row = applied
            after = row.to or node
            _note(facts, head.event)
            steps.append(Step(row.number, row.owner, head, node, after))
            node = after
        else:
            head_or_none = next((head for head in heads if not _could_come(node, head.event)), None)
            if head_or_none is None:
                break
            head = head_or_none
            refused.append(head)
        streams[head.topic, head.key].pop(0)
    if endings and node in OPEN:
        after = _ended(node, Substatus.WITHDRAWN)
        steps.append(Step("11a", "intake", endings[0], node, after))
        node = after
    pending = tuple(one for stream in streams.values() for one in stream)
    remitted = facts.remitted_without_payment or facts.payment_id in facts.remitted
    return VersionState(
        version, node[0], node[1], tuple(steps), pending, tuple(refused), facts.payment_id, remitted
    )


def _row_for(node: Node, facts: Facts, event: Message) -> Row | None:
    return next(
        (row for row in TABLE if type(event) is row.on and node in row.come_from and row.when(facts, event)),
        None,
    )


def _reach() -> dict[Node, frozenset[Node]]:
    """From each node of the table, every node that some path leads to."""
    edges: dict[Node, set[Node]] = {}
    for row in TABLE:
        for node in row.come_from:
            edges.setdefault(node, {node}).add(row.to or node)
        if row.to is not None:
            edges.setdefault(row.to, {row.to})
    for _ in edges:
        for node, reached in edges.items():
            edges[node] = reached.union(*(edges[one] for one in reached))
    return {node: frozenset(reached) for node, reached in edges.items()}


_REACH = _reach()


def _could_come(node: Node, event: Message) -> bool:
    """Whether some path from here leads to a row for this kind of event."""
    reached = _REACH.get(node, frozenset({node}))
    return any(type(event) is row.on and not reached.isdisjoint(row.come_from) for row in TABLE)


def _supersede(states: dict[int, VersionState], by_version: dict[int, list[Told]]) -> dict[int, VersionState]:
    """A newer version ends an open older one, and one that was approved at zero: corrected by it, or voided. A void's
    own version shares that end."""
    for version, events in sorted(by_version.items()):
        received = next((one for one in events if isinstance(one.event, SubmissionReceived)), None)
        if received is None or not isinstance(received.event, SubmissionReceived):
            continue
        older = states.get(received.event.replaces_version or 0)
        if older is None:
            continue
        void = received.event.request.frequency == "8"
        if (older.state, older.substatus) in OPEN or _pays_nothing(older, by_version[older.version]):
            older = _end(older, received, Substatus.VOIDED if void else Substatus.CORRECTED)
            states[older.version] = older
        mine = states[version]
        if void and older.substatus is Substatus.VOIDED and (mine.state, mine.substatus) in OPEN:
            states[version] = _end(mine, received, Substatus.VOIDED)
    return states


def _pays_nothing(state: VersionState, events: list[Told]) -> bool:
    """Approved at a price of zero, explained or not yet: no money is to be stopped or recovered."""
    if (state.state, state.substatus) not in (APPROVED, PAID) or state.payment_id is not None:
        return False
    approvals = [one.event for one in events if isinstance(one.event, SubmissionApproved)]
    return any(one.adjudication.paid_cents == 0 for one in approvals)


def _end(state: VersionState, by: Told, how: Substatus) -> VersionState:
    before: Node = (state.state, state.substatus)
    unpaid = before in (APPROVED, PAID)
    number = ("20" if unpaid else "9") if how is Substatus.CORRECTED else ("21" if unpaid else "11a")
    step = Step(number, "intake", by, before, _ended(before, how))
    return VersionState(
        state.version,
        state.state,
        how,
        (*state.steps, step),
        state.pending,
        state.refused,
        state.payment_id,
        state.remitted,
    )
