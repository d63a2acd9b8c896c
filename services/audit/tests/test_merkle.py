"""The tree against the published vectors of RFC 6962 and against a naive one of its definition."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from merkle_vectors import ENTRIES, PUBLISHED_CONSISTENCY, PUBLISHED_INCLUSION, ROOTS

from audit.merkle import (
    EMPTY_ROOT,
    InvalidProof,
    RightEdge,
    Span,
    Subtree,
    check_consistency,
    consistency_spans,
    cover,
    fold,
    hash_leaf,
    inclusion_spans,
    root_from_inclusion,
    root_of,
)

SIZES = st.integers(min_value=1, max_value=700)


def naive_root(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962 2.1, word for word."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(bytes([0]) + entries[0]).digest()
    k = naive_split(len(entries))
    return hashlib.sha256(bytes([1]) + naive_root(entries[:k]) + naive_root(entries[k:])).digest()


def naive_split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def naive_path(m: int, entries: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 2.1.1, word for word."""
    if len(entries) == 1:
        return []
    k = naive_split(len(entries))
    if m < k:
        return [*naive_path(m, entries[:k]), naive_root(entries[k:])]
    return [*naive_path(m - k, entries[k:]), naive_root(entries[:k])]


def naive_subproof(m: int, entries: list[bytes], known: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 2.1.2, word for word."""
    n = len(entries)
    if m == n:
        return [] if known else [naive_root(entries)]
    k = naive_split(n)
    if m <= k:
        return [*naive_subproof(m, entries[:k], known), naive_root(entries[k:])]
    return [*naive_subproof(m - k, entries[k:], False), naive_root(entries[:k])]


def entries_of(size: int) -> list[bytes]:
    return [index.to_bytes(3, "big") for index in range(size)]


def hashes_of(spans: list[Span], entries: list[bytes]) -> list[bytes]:
    leaf_hashes = [hash_leaf(entry) for entry in entries]

    def subtree_root(subtree: Subtree) -> bytes:
        start = subtree.position << subtree.level
        return root_of(leaf_hashes[start : start + (1 << subtree.level)])

    return [fold([subtree_root(subtree) for subtree in cover(span)]) for span in spans]


def unhex(hashes: list[str]) -> list[bytes]:
    return [bytes.fromhex(each) for each in hashes]


def test_the_empty_tree_has_the_published_root() -> None:
    assert RightEdge().root() == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", range(1, 9))
def test_every_published_root(size: int) -> None:
    assert root_of(hash_leaf(entry) for entry in ENTRIES[:size]).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("index", "size", "path"), PUBLISHED_INCLUSION)
def test_published_inclusion_proofs_are_made_and_accepted(index: int, size: int, path: list[str]) -> None:
    assert hashes_of(inclusion_spans(index, size), ENTRIES) == unhex(path)
    root = root_from_inclusion(hash_leaf(ENTRIES[index]), index, size, unhex(path))
    assert root.hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("first", "second", "path"), PUBLISHED_CONSISTENCY)
def test_published_consistency_proofs_are_made_and_accepted(first: int, second: int, path: list[str]) -> None:
    assert hashes_of(consistency_spans(first, second), ENTRIES) == unhex(path)
    old, new = unhex([ROOTS[first - 1], ROOTS[second - 1]])
    check_consistency(first, second, old, new, unhex(path))


def broken_paths(path: list[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    some = bytes.fromhex(ROOTS[2])
    yield "trailing", [*path, some]
    yield "leading", [some, *path]
    yield "short hash", [*path, b""]
    for at in range(len(path)):
        yield f"removed {at}", path[:at] + path[at + 1 :]
        yield f"changed {at}", [*path[:at], bytes([path[at][0] ^ 8]) + path[at][1:], *path[at + 1 :]]


@pytest.mark.parametrize(("index", "size", "path"), PUBLISHED_INCLUSION)
def test_a_changed_inclusion_proof_never_leads_to_the_root(index: int, size: int, path: list[str]) -> None:
    leaf = hash_leaf(ENTRIES[index])
    good = unhex(path)
    claims = [(name, (leaf, index, size, broken)) for name, broken in broken_paths(good)]
    claims += [
        ("other leaf", (hash_leaf(b"other"), index, size, good)),
        ("outside", (leaf, size, size, good)),
        ("other index", (leaf, index ^ 1, size, good)),
        ("other size", (leaf, index, size * 2, good)),
    ]
    for name, claim in claims:
        try:
            assert root_from_inclusion(*claim).hex() != ROOTS[size - 1], name
        except InvalidProof:
            continue


@pytest.mark.parametrize(("first", "second", "path"), PUBLISHED_CONSISTENCY[1:])
def test_a_changed_consistency_proof_is_refused(first: int, second: int, path: list[str]) -> None:
    old, new = unhex([ROOTS[first - 1], ROOTS[second - 1]])
    good = unhex(path)
    claims = [(name, (first, second, old, new, broken)) for name, broken in broken_paths(good)]
    claims += [
        ("empty", (first, second, old, new, [])),
        ("swapped roots", (first, second, new, old, good)),
        ("shrunk", (second, first, new, old, good)),
        ("first - 1", (first - 1, second, old, new, good)),
        ("first + 1", (first + 1, second, old, new, good)),
        ("second * 2", (first, second * 2, old, new, good)),
    ]
    for name, claim in claims:
        with pytest.raises(InvalidProof):
            check_consistency(*claim)
            pytest.fail(f"accepted: {name}")


def test_two_roots_for_one_size_are_refused() -> None:
    one, other = unhex(ROOTS[2:4])
    with pytest.raises(InvalidProof):
        check_consistency(3, 3, one, other, [])


@given(SIZES)
def test_the_root_is_that_of_the_definition(size: int) -> None:
    assert root_of(hash_leaf(entry) for entry in entries_of(size)) == naive_root(entries_of(size))


@given(st.data(), SIZES)
def test_inclusion_proofs_are_those_of_the_definition(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    entries = entries_of(size)
    path = hashes_of(inclusion_spans(index, size), entries)
    assert path == naive_path(index, entries)
    assert root_from_inclusion(hash_leaf(entries[index]), index, size, path) == naive_root(entries)


@given(st.data(), SIZES)
def test_consistency_proofs_are_those_of_the_definition(data: st.DataObject, second: int) -> None:
    first = data.draw(st.integers(1, second))
    entries = entries_of(second)
    path = hashes_of(consistency_spans(first, second), entries)
    assert path == naive_subproof(first, entries, True)
    check_consistency(first, second, naive_root(entries[:first]), naive_root(entries), path)


@given(st.lists(st.integers(0, 90), max_size=8))
def test_growing_in_steps_through_stored_bytes_is_growing_at_once(steps: list[int]) -> None:
    hashes = [hash_leaf(entry) for entry in entries_of(sum(steps))]
    edge = RightEdge()
    done = 0
    for step in steps:
        edge = RightEdge.from_bytes(edge.size, edge.to_bytes())
        edge.extend(hashes[done : done + step])
        done += step
        assert edge.root() == root_of(hashes[:done])


def test_the_stored_hashes_are_the_complete_subtrees_of_every_eighth_level() -> None:
    hashes = [hash_leaf(entry) for entry in entries_of(65_536 + 700)]
    edge = RightEdge()
    stored = {each.subtree: each.hash for each in edge.extend(hashes)}
    assert sorted(stored) == [Subtree(8, index) for index in range(258)] + [Subtree(16, 0)]
    assert stored[Subtree(8, 3)] == root_of(hashes[768:1024])
    assert stored[Subtree(16, 0)] == root_of(hashes[:65_536])


def test_an_edge_with_a_hash_too_few_is_refused() -> None:
    with pytest.raises(ValueError, match="have 2 hashes"):
        RightEdge(3, [EMPTY_ROOT])


def test_a_million_leaves_are_appended_in_seconds_and_remembered_in_a_handful_of_hashes() -> None:
    leaves = [hash_leaf(entry) for entry in entries_of(1000)]
    edge = RightEdge()
    before = time.process_time()
    for _ in range(1000):
        edge.extend(leaves)
    spent_seconds = time.process_time() - before
    assert edge.size == 1_000_000
    assert len(edge.to_bytes()) == 32 * (1_000_000).bit_count()
    assert spent_seconds < 20, f"{spent_seconds:.1f} s of processor time for a million leaves"
