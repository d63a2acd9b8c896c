"""Verifies the whole log: every leaf made again from the bytes kept, the tree grown again, every root met on the way.

Four questions, each answered from the data itself and not from what the sequencer remembers:
1. Do the kept bytes still make the leaf hashes, and stand at the coordinates they are filed under?
2. Does the tree over those leaves pass through every root ever written (so each extends the one before), through every
   stored hash, and through the roots that the caller remembers from before?
3. Is every offset of every partition there, from the first heard to the last?
4. Does the broker have every topic of the map and of the registered partners, and does audit hold each log from its
   start to its end?

Memory is bounded: the log is read a few batches at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import asyncpg

from audit.coverage import check_coverage, wait_for
from audit.findings import Findings
from audit.leaves import CorruptBytes, Filing
from audit.log_ends import AskBroker
from audit.merkle import HASH_BYTES, RightEdge, StoredHash, hash_leaf, split_hashes
from audit.packs import unpack
from audit.repository import Batch, TreeHead, batches_from_leaf, heads_after, stored_subtrees

BATCHES_AT_ONCE = 16


@dataclass(slots=True)
class Progress:
    """How far the verification is: `done` of `total` leaves."""

    done: int
    total: int


@dataclass(slots=True)
class Report:
    """What was verified. `holds` is the verdict: no finding of any kind."""

    size: int = 0
    root: str = ""
    roots: int = 0
    erased: int = 0
    partitions: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        return not self.findings.counts

    def as_json(self) -> dict[str, Any]:
        return {
            "holds": self.holds,
            "size": self.size,
            "root": self.root,
            "roots": self.roots,
            "erased": self.erased,
            "partitions": self.partitions,
            "notes": self.notes,
            "finding_counts": dict(self.findings.counts),
            "findings": [each.as_json() for each in self.findings.kept],
            "seconds": round(self.seconds, 3),
        }


async def verify(
    db: asyncpg.Connection,
    ask_broker: AskBroker | None,
    *,
    remembered: Mapping[int, str] | None = None,
    settle_seconds: float = 30.0,
) -> AsyncIterator[Progress | Report]:
    """Progress while it goes, the report at the end.

    `ask_broker` tells the broker's topics with their ends; None where only the database is looked at. What the
    broker held at the beginning is waited for, `settle_seconds` at most. `remembered` maps tree sizes to roots (hex)
    that the caller was once shown: a log that was rewritten as a whole cannot meet them.
    """
    started = monotonic()
    report = Report()
    before = None if ask_broker is None else await ask_broker()
    if before is not None:
        await wait_for(db, before, settle_seconds)
    tree = await db.fetchrow("select size, edge from tree")
    assert tree is not None
    walk = _Walk(report, dict(remembered or {}))
    async for progress in walk.leaves(db, tree["size"]):
        yield progress
    walk.close(tree["size"], tree["edge"])
    await walk.check_no_root_beyond(db, tree["size"])
    await walk.check_erasures(db)
    await check_coverage(db, before, ask_broker, report.findings, report.partitions, report.notes)
    report.seconds = monotonic() - started
    yield report


class _Walk:
    """One pass over the leaves in their order, growing the tree again."""

    def __init__(self, report: Report, remembered: dict[int, str]) -> None:
        self._report = report
        self._findings = report.findings
        self._remembered = remembered
        self._edge = RightEdge()
        self._next_leaf = 0
        self._broken = False
        self._erased: list[tuple[str, int, int]] = []

    async def leaves(self, db: asyncpg.Connection, size: int) -> AsyncIterator[Progress]:
        """Walk the tree of `size` leaves."""
        seen_root = 0
        while batches := await batches_from_leaf(db, self._next_leaf, size, BATCHES_AT_ONCE):
            last = batches[-1]
            stop = (last.first_leaf or 0) + last.length
            heads = await heads_after(db, seen_root, stop, limit=4 * BATCHES_AT_ONCE)
            completed = await asyncio.to_thread(self._grow, batches, heads)
            await self._compare_stored(db, completed)
            seen_root = stop
            yield Progress(self._next_leaf, size)

    def _grow(self, batches: Sequence[Batch], heads: Sequence[TreeHead]) -> list[StoredHash]:
        by_size = {head.size: head for head in heads}
        completed: list[StoredHash] = []
        for batch in batches:
            leaf_hashes = self._leaf_hashes(batch)
            self._follow(batch)
            if self._broken:
                continue
            completed += self._edge.extend(leaf_hashes)
            head = by_size.pop(self._edge.size, None)
            if head is not None:
                self._meet(head)
        for head in [] if self._broken else by_size.values():
            self._findings.add("root apart", f"size {head.size}", "no batch ends at the size of this root")
        return completed

    def _follow(self, batch: Batch) -> None:
        """Where leaves are missing the tree ends; what comes after is still looked at, leaf by leaf."""
        first_leaf = batch.first_leaf or 0
        if first_leaf != self._next_leaf:
            where = f"leaves {self._next_leaf} to {first_leaf - 1}"
            self._findings.add(
                "missing leaves", where, "no batch holds them; the tree cannot be followed further"
            )
            self._broken = True
        self._next_leaf = first_leaf + batch.length

    def _meet(self, head: TreeHead) -> None:
        self._report.roots += 1
        root = self._edge.root()
        if head.root != root:
            self._findings.add("root differs", f"size {head.size}", f"the leaves make {root.hex()}")
        self._compare_remembered(root)

    def _compare_remembered(self, root: bytes) -> None:
        remembered = self._remembered.pop(self._edge.size, None)
        if remembered is not None and remembered.strip().lower() != root.hex():
            where = f"size {self._edge.size}"
            self._findings.add("remembered root differs", where, f"the leaves make {root.hex()}")

    def _leaf_hashes(self, batch: Batch) -> list[bytes]:
        """Made from the kept bytes, never taken from what is stored beside them."""
        filing = Filing(batch.topic, batch.partition)
        stored = batch.leaf_hashes
        made: list[bytes] = []
        try:
            for position, kept in enumerate(unpack(batch.records)):
                leaf_hash = hash_leaf(kept.leaf)
                made.append(leaf_hash)
                at = position * HASH_BYTES
                if stored[at : at + HASH_BYTES] != leaf_hash:
                    self._findings.add(
                        "leaf differs", _place(batch, position), "its bytes make another leaf hash"
                    )
                offset = batch.first_offset + position
                if not filing.holds(kept.head, offset):
                    self._findings.add(
                        "misfiled record", _place(batch, position), "its bytes name other coordinates"
                    )
                if kept.salt is None and kept.commitment is not None:
                    self._erased.append((batch.topic, batch.partition, offset))
        except CorruptBytes as corrupt:
            self._findings.add("corrupt batch", _place(batch, len(made)), str(corrupt))
        if len(made) != batch.length:
            self._findings.add(
                "wrong length", _place(batch, 0), f"{len(made)} records in a batch of {batch.length}"
            )
            # The stored hashes stand in for what cannot be read, so that the rest of the log is still looked at.
            made += split_hashes(stored)[len(made) : batch.length]
        return made[: batch.length]

    async def _compare_stored(self, db: asyncpg.Connection, completed: Sequence[StoredHash]) -> None:
        by_level: dict[int, list[StoredHash]] = {}
        for each in completed:
            by_level.setdefault(each.subtree.level, []).append(each)
        for level, made in by_level.items():
            first, last = made[0].subtree.position, made[-1].subtree.position
            stored = {each.subtree: each.hash for each in await stored_subtrees(db, level, first, last + 1)}
            for each in made:
                if stored.get(each.subtree) != each.hash:
                    where = f"level {level}, position {each.subtree.position}"
                    self._findings.add("stored hash differs", where, "proofs made from it would fail")

    def close(self, size: int, edge: bytes) -> None:
        """What must be true of the tree when its last leaf was seen."""
        self._report.size, self._report.root = self._edge.size, self._edge.root().hex()
        self._report.erased = len(self._erased)
        if self._broken:
            return
        if self._edge.size != size:
            self._findings.add("wrong size", f"size {size}", f"there are {self._edge.size} leaves")
        elif self._edge.to_bytes() != edge:
            self._findings.add("edge differs", f"size {size}", "the next root would not extend these leaves")
        self._compare_remembered(self._edge.root())
        for remembered in sorted(self._remembered):
            self._findings.add(
                "remembered root missing", f"size {remembered}", "the log has no root of this size"
            )

    async def check_no_root_beyond(self, db: asyncpg.Connection, size: int) -> None:
        """A root above the tree's size, with no leaves under it."""
        latest = await db.fetchval("select max(roots.size) from roots, tree where roots.size > tree.size")
        if latest is not None:
            self._findings.add("root beyond the tree", f"size {latest}", f"the tree has {size} leaves")

    async def check_erasures(self, db: asyncpg.Connection) -> None:
        """Every value that is gone must have been erased by somebody, for a reason."""
        rows = await db.fetch("select topic, partition, record_offset from erasures")
        recorded = {tuple(row) for row in rows}
        for place in self._erased:
            if place not in recorded:
                where = "/".join(map(str, place))
                self._findings.add("erased without a record", where, "nobody is on record for it")


def _place(batch: Batch, position: int) -> str:
    return f"{batch.topic}/{batch.partition}/{batch.first_offset + position}"
