"""The tree against the published vectors of RFC 6962 and against a naive one of its definition."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

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

# The reference entries and values of Certificate Transparency: the merkle tree tests of
# google/certificate-transparency and transparency-dev/merkle (proof/verify_test.go).
ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PUBLISHED_INCLUSION = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
PUBLISHED_CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        6,
        7,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
]
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
