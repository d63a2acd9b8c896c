"""The seven states that people see, as one pure fold over what was said. CLI, audit and portal run this same code.

The table (``lifecycle_table.py``) is the whole law: a transition that is not in it does not happen. ``fold`` takes a
*set* of events, ordered only within (topic, key); it gives the same answer in whatever order the topics are read. An
event whose predecessor has not come is *pending*; one that no path of the table leads to is *refused*, and both are
shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from throughline.decisions import SubmissionApproved
from throughline.items import ItemScheduled
from throughline.lifecycle_facts import Facts, note
from throughline.lifecycle_states import APPROVED, ENDED, NEW, OPEN, PAID, Node, State, Substatus, ended
from throughline.lifecycle_table import TABLE, Row
from throughline.message import Message
from throughline.payments import BatchHeld, BatchReleased
from throughline.submissions import SubmissionReceived, SubmissionWithdrawn

__all__ = ["ENDED", "TABLE", "Row", "State", "Step", "Substatus", "Told", "VersionState", "fold"]


@dataclass(frozen=True, slots=True)
class Told:
    """One event as heard. ``order`` rises within (topic, key): the sequence, or the offset."""

    topic: str
    key: str
    order: int
    id: UUID
    at: datetime
    event: Message


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
            note(facts, head.event)
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
        after = ended(node, Substatus.WITHDRAWN)
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
    own version shares that end, once no earlier version stands any more: what is paid is not voided."""
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
        earlier_ended = all(one.substatus in ENDED for one in states.values() if one.version < version)
        is_voided = earlier_ended and older.substatus is Substatus.VOIDED
        if void and is_voided and (mine.state, mine.substatus) in OPEN:
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
    step = Step(number, "intake", by, before, ended(before, how))
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
