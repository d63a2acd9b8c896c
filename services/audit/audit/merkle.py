"""The Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1), grown at its right edge.

Leaves are hashed with the prefix 0x00 and inner nodes with 0x01, so that no inner node can pose as a leaf.
A tree of n leaves needs only its right edge to grow: one hash for each binary digit 1 of n (`RightEdge`).
Hashes are 32 bytes, indices count from 0, sizes are in leaves. Everything here is pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of the tree without leaves (RFC 6962 2.1)."""

HASH_BYTES = 32

STORED_LEVEL_STEP = 8
"""Levels that are a multiple of this are stored: one hash for 256 below, so a proof reads a few hundred."""


class Subtree(NamedTuple):
    """A complete subtree: the 2**level leaves from position * 2**level on."""

    level: int
    position: int


class StoredHash(NamedTuple):
    """The root of a complete subtree on a stored level, as it is written once and never changed."""

    subtree: Subtree
    hash: bytes


class Span(NamedTuple):
    """The leaves from `start` up to, not including, `stop`; a power of two >= the length divides `start`."""

    start: int
    stop: int


class InvalidProof(Exception):
    """A proof that does not show what it is said to show."""


def hash_leaf(leaf: bytes) -> bytes:
    """The leaf hash: SHA-256(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class RightEdge:
    """What a tree of `size` leaves remembers to grow: the roots of its complete subtrees, largest first."""

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if len(hashes) != size.bit_count():
            raise ValueError(f"{size} leaves have {size.bit_count()} hashes on their edge, not {len(hashes)}")
        self.size = size
        self._hashes = list(hashes)

    @classmethod
    def from_bytes(cls, size: int, packed: bytes) -> RightEdge:
        """The edge of a tree of `size` leaves from its hashes written one after the other."""
        return cls(size, split_hashes(packed))

    def to_bytes(self) -> bytes:
        """The hashes one after the other, largest subtree first."""
        return b"".join(self._hashes)

    def extend(self, leaf_hashes: Iterable[bytes]) -> list[StoredHash]:
        """Append leaf hashes in order; returns the hashes that became complete on stored levels.

        About one hash of 65 bytes for each leaf. The loop is written out because millions of leaves pass it.
        """
        sha256 = hashlib.sha256
        edge, size = self._hashes, self.size
        completed: list[StoredHash] = []
        for node in leaf_hashes:
            remaining, level = size, 0
            while remaining & 1:
                node = sha256(b"\x01" + edge.pop() + node).digest()
                remaining >>= 1
                level += 1
                if level % STORED_LEVEL_STEP == 0:
                    completed.append(StoredHash(Subtree(level, remaining), node))
            edge.append(node)
            size += 1
        self.size = size
        return completed

    def root(self) -> bytes:
        """The root hash of the tree as it stands."""
        return fold(self._hashes)


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over neighbouring complete subtrees given from the largest (left) to the smallest (right)."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = hash_children(left, root)
    return root


def split_hashes(packed: bytes) -> list[bytes]:
    """The 32-byte hashes of a packed run of them."""
    if len(packed) % HASH_BYTES:
        raise ValueError(f"{len(packed)} bytes are not a whole number of hashes")
    return [packed[at : at + HASH_BYTES] for at in range(0, len(packed), HASH_BYTES)]


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root of the tree over these leaf hashes."""
    edge = RightEdge()
    edge.extend(leaf_hashes)
    return edge.root()


def cover(span: Span) -> list[Subtree]:
    """The complete subtrees that make up a span, largest first."""
    subtrees = []
    start = span.start
    while start < span.stop:
        level = (span.stop - start).bit_length() - 1
        subtrees.append(Subtree(level, start >> level))
        start += 1 << level
    return subtrees


def inclusion_spans(index: int, size: int) -> list[Span]:
    """What proves that leaf `index` is in the tree of `size` leaves: PATH of RFC 6962 2.1.1, lowest first."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    spans = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _largest_power_below(stop - start)
        if index < middle:
            spans.append(Span(middle, stop))
            stop = middle
        else:
            spans.append(Span(start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(first: int, second: int) -> list[Span]:
    """What proves that the tree of `second` leaves begins with that of `first`: PROOF of RFC 6962 2.1.2."""
    if not 0 < first <= second:
        raise ValueError(f"no consistency proof from {first} to {second} leaves")
    spans = []
    start, stop = 0, second
    first_is_known = True
    while first != stop:
        middle = start + _largest_power_below(stop - start)
        if first <= middle:
            spans.append(Span(middle, stop))
            stop = middle
        else:
            spans.append(Span(start, middle))
            start = middle
            first_is_known = False
    if not first_is_known:
        spans.append(Span(start, stop))
    return spans[::-1]


def root_from_inclusion(leaf_hash: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that `path` leads to (RFC 9162 2.1.3.2). Raises InvalidProof where its length does not fit."""
    if not 0 <= index < size:
        raise InvalidProof(f"leaf {index} is not in a tree of {size}")
    _check_hashes([leaf_hash, *path])
    position, last, root = index, size - 1, leaf_hash
    for sibling in path:
        if last == 0:
            raise InvalidProof("the path is too long")
        if position & 1 or position == last:
            root = hash_children(sibling, root)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            root = hash_children(root, sibling)
        position >>= 1
        last >>= 1
    if last:
        raise InvalidProof("the path is too short")
    return root


def check_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> None:
    """Raises InvalidProof unless `path` shows that the second tree begins with the first.

    RFC 9162 2.1.4.2; a tree of no leaves is the beginning of every tree.
    """
    if not 0 <= first <= second:
        raise InvalidProof(f"a tree cannot shrink from {first} to {second} leaves")
    if first in (0, second):
        if path:
            raise InvalidProof("the path is too long")
        if first == second and first_root != second_root:
            raise InvalidProof("two roots for one size")
        return
    nodes = [first_root, *path] if first & (first - 1) == 0 else list(path)
    _check_hashes([*nodes, first_root, second_root])
    if not nodes or len(nodes) == 1:
        raise InvalidProof("the path is too short")
    position, last = first - 1, second - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old, new = nodes[0], nodes[0]
    for node in nodes[1:]:
        if last == 0:
            raise InvalidProof("the path is too long")
        if position & 1 or position == last:
            old, new = hash_children(node, old), hash_children(node, new)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            new = hash_children(new, node)
        position >>= 1
        last >>= 1
    if last:
        raise InvalidProof("the path is too short")
    if old != first_root or new != second_root:
        raise InvalidProof("the path leads to another root")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(each) != HASH_BYTES for each in hashes):
        raise InvalidProof("a hash of the proof is not 32 bytes long")


def _largest_power_below(count: int) -> int:
    """The largest power of two smaller than `count` (count > 1)."""
    return 1 << (count - 1).bit_length() - 1
