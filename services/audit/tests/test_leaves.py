"""Leaves and packs: every difference shows, everything comes back, and erasing a value changes no leaf."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.leaves import CorruptBytes, Filing, Header, commit_to, decode, encode_head
from audit.merkle import hash_leaf, split_hashes
from audit.packs import erase_at, pack_records, record_at, unpack


@dataclass(frozen=True)
class Heard:
    topic: str = "submissions"
    partition: int = 1
    offset: int = 7
    key: bytes | None = b"k"
    value: bytes | None = b"{}"
    headers: tuple[Header, ...] = ()
    timestamp_ms: int = 1_700_000_000_000
    timestamp_type: int = 0


HEADERS = st.lists(st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=5)), max_size=4).map(tuple)
RECORDS = st.builds(
    Heard,
    topic=st.text(min_size=1, max_size=8),
    partition=st.integers(0, 2**32 - 1),
    offset=st.integers(0, 2**63 - 1),
    key=st.none() | st.binary(max_size=8),
    value=st.none() | st.binary(max_size=40),
    headers=HEADERS,
    timestamp_ms=st.integers(-1, 2**62),
    timestamp_type=st.sampled_from([0, 1]),
)

DIFFERENT = [
    Heard(),
    Heard(topic="submission", key=b"sk"),
    Heard(partition=2),
    Heard(offset=8),
    Heard(timestamp_ms=1),
    Heard(timestamp_type=1),
    Heard(key=None),
    Heard(key=b""),
    Heard(key=b"k\x00"),
    Heard(headers=(("a", None),)),
    Heard(headers=(("a", b""),)),
    Heard(headers=(("", b"a"),)),
    Heard(headers=(("a", b""), ("a", b""))),
    Heard(headers=(("a", b"x"), ("b", b"y"))),
    Heard(headers=(("b", b"y"), ("a", b"x"))),
    Heard(headers=(("ab", b"xy"),)),
]


def test_records_that_differ_anywhere_have_different_heads() -> None:
    heads = [encode_head(record) for record in DIFFERENT]
    assert len(set(heads)) == len(DIFFERENT)
    assert encode_head(Heard(), topic_id=bytes(16)) not in heads


def test_a_null_value_is_not_an_empty_one() -> None:
    [null] = unpack(pack_records([Heard(value=None)]).records)
    [empty] = unpack(pack_records([Heard(value=b"")]).records)
    assert null.leaf != empty.leaf
    assert (decode(null).value, decode(empty).value) == (None, b"")
    assert decode(null).commitment is None
    assert not decode(null).is_erased


def test_the_leaf_is_written_as_documented() -> None:
    pack = pack_records([Heard(topic="t", key=None, headers=(("h", b"v"),))])
    [kept] = unpack(pack.records)
    assert kept.salt is not None
    head = (
        b"\x01" + b"\x00\x01t" + b"\x00" + bytes.fromhex("00000001 0000000000000007 0000018bcfe56800 00")
        + b"\x00" + b"\x00\x00\x00\x01" + b"\x00\x00\x00\x01h" + b"\x01\x00\x00\x00\x01v"
    )  # fmt: skip
    assert kept.leaf == head + b"\x01" + hashlib.sha256(kept.salt + b"{}").digest()
    assert pack.leaf_hashes == hash_leaf(kept.leaf)


@given(st.lists(RECORDS, max_size=6))
def test_what_is_packed_comes_back_and_hashes_as_before(records: list[Heard]) -> None:
    pack = pack_records(records)
    kept = list(unpack(pack.records))
    assert pack.length == len(kept) == len(records)
    assert split_hashes(pack.leaf_hashes) == [hash_leaf(each.leaf) for each in kept]
    for record, each in zip(records, kept, strict=True):
        back = decode(each)
        assert (back.topic, back.partition, back.offset) == (record.topic, record.partition, record.offset)
        assert (back.key, back.value, back.headers) == (record.key, record.value, record.headers)
        assert (back.timestamp_ms, back.timestamp_type) == (record.timestamp_ms, record.timestamp_type)
        assert Filing(record.topic, record.partition).holds(each.head, record.offset)


@pytest.mark.parametrize("topic_id", [b"", bytes(range(16))])
def test_a_head_is_known_to_be_of_its_place_and_of_no_other(topic_id: bytes) -> None:
    head = encode_head(Heard(), topic_id)
    assert Filing("submissions", 1).holds(head, 7)
    assert not Filing("submissions", 1).holds(head, 8)
    assert not Filing("submissions", 2).holds(head, 7)
    assert not Filing("submission", 1).holds(head, 7)
    assert not Filing("submissions", 1).holds(head[:14], 7)
    [kept] = unpack(pack_records([Heard()], topic_id).records)
    assert decode(kept).topic_id == topic_id


@given(st.lists(RECORDS, min_size=1, max_size=6), st.data())
def test_an_erased_value_is_gone_with_its_salt_and_no_leaf_changes(
    records: list[Heard], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(records) - 1))
    secret = b"secret-secret-secret-secret"
    records[index] = replace(records[index], value=secret)
    pack = pack_records(records)
    salt = record_at(pack.records, index).salt
    assert salt is not None
    erased = erase_at(pack.records, index)
    content = bytes(cramjam.zstd.decompress(erased[1:]))
    assert secret not in content
    assert salt not in content
    assert split_hashes(pack.leaf_hashes) == [hash_leaf(each.leaf) for each in unpack(erased)]
    assert record_at(erased, index).is_erased
    assert erase_at(erased, index) == erased


def test_equal_values_are_committed_to_under_different_salts() -> None:
    one, two = unpack(pack_records([Heard(), Heard(offset=8)]).records)
    assert one.salt != two.salt
    assert one.commitment != two.commitment
    assert one.salt is not None
    assert one.commitment == commit_to(one.salt, b"{}")


@pytest.mark.parametrize("cut", [1, 5, 20, 60, 72])
def test_a_pack_that_was_cut_is_corrupt(cut: int) -> None:
    content = bytes(cramjam.zstd.decompress(pack_records([Heard()]).records[1:]))
    assert cut < len(content)
    with pytest.raises(CorruptBytes):
        list(unpack(b"\x01" + bytes(cramjam.zstd.compress(content[:-cut]))))


@pytest.mark.parametrize("packed", [b"", b"\x09abc", b"\x01not zstd"])
def test_what_is_no_pack_is_corrupt(packed: bytes) -> None:
    with pytest.raises(CorruptBytes):
        list(unpack(packed))


def test_a_head_that_does_not_add_up_is_corrupt() -> None:
    [kept] = unpack(pack_records([Heard()]).records)
    for head in (kept.head[:-1], kept.head + b"\x00", b"\x02" + kept.head[1:]):
        with pytest.raises(CorruptBytes):
            decode(kept._replace(head=head))
