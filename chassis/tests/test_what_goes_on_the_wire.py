"""Ids, envelopes and packs: the fast twins equal the contracts', and what is stored comes back byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from chain_services import Passed, chain_topics, service_name
from hypothesis import given
from hypothesis import strategies as st

from chassis import CannotBeSaid, Say, testing
from chassis.fast_ids import envelope_of, event_id
from chassis.outbox import cut
from chassis.pack import UnknownPack, WireRecord, pack, pack_headers, unpack, unpack_headers
from chassis.topics import TopicMap, partition_for
from throughline.envelope import Envelope, EnvelopeBreach, read_envelope
from throughline.identifiers import event_id_for

text = st.text(max_size=12)
optional_bytes = st.none() | st.binary(max_size=20)


@given(st.uuids(), text, text, st.integers(0, 10**6))
def test_event_ids_equal_the_contracts(cause: UUID, type_name: str, key: str, ordinal: int) -> None:
    assert event_id(str(cause), type_name, key, ordinal) == event_id_for(cause, type_name, key, ordinal)


@given(
    st.builds(
        Envelope,
        id=st.uuids(),
        type=text,
        source=text,
        time=st.datetimes(timezones=st.just(UTC)),
        subject=text,
        dataschema=text,
        correlation_id=st.none() | text,
        causation_id=st.none() | st.uuids(),
        sequence=st.none() | st.integers(1, 10**15),
        traceparent=st.none() | st.text("0123456789abcdef-", max_size=60),
    )
)
def test_an_envelope_comes_back(envelope: Envelope) -> None:
    headers = envelope.headers()
    assert envelope_of(dict(headers), headers) == read_envelope(headers) == envelope


NAMES = st.sampled_from(
    ["ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "ce_dataschema", "ce_sequence", "x"]
)


@given(st.lists(st.tuples(NAMES, optional_bytes), max_size=10))
def test_any_headers_are_judged_alike(headers: list[tuple[str, bytes | None]]) -> None:
    def judged(read: object) -> object:
        try:
            return read()  # type: ignore[operator]
        except EnvelopeBreach as breach:
            return breach.header

    assert judged(lambda: envelope_of(dict(headers), headers)) == judged(lambda: read_envelope(headers))


def a_record(names: list[str], values: list[bytes], key: bytes, value: bytes, partition: int) -> WireRecord:
    headers = list(zip(names, values, strict=False))
    return WireRecord("a-topic", partition, key, value, headers, tuple(name for name, _ in headers))


@given(
    st.lists(
        st.builds(
            a_record,
            st.lists(text, max_size=4),
            st.lists(st.binary(max_size=20), max_size=4),
            st.binary(max_size=20),
            st.binary(max_size=200),
            st.integers(0, 100),
        ),
        max_size=20,
    )
)
def test_a_pack_comes_back(records: list[WireRecord]) -> None:
    assert unpack(pack(records)) == records


def test_a_pack_of_a_newer_release_is_left_alone() -> None:
    with pytest.raises(UnknownPack):
        unpack(b"\x09" + pack([])[1:])


@given(st.lists(st.tuples(text, optional_bytes), max_size=6))
def test_parked_headers_come_back(headers: list[tuple[str, bytes | None]]) -> None:
    assert unpack_headers(pack_headers(headers)) == tuple(headers)


def say_on(prefix: str) -> Say:
    return Say(TopicMap(service_name(prefix, "alpha"), chain_topics(prefix)))


def test_what_is_said_reads_back_as_an_envelope() -> None:
    say = say_on("w")
    cause = uuid4()
    say.hearing(testing.heard(Passed(key="k", number=1), key="k", id=cause, correlation_id="c"))
    identity = say(Passed(key="k", number=1), key="k")
    one = say.said[0]
    one.give(7)
    envelope = read_envelope(one.headers)
    assert (envelope.id, envelope.causation_id, envelope.correlation_id) == (identity, cause, "c")
    assert (envelope.sequence, envelope.subject, envelope.source) == (7, "k", service_name("w", "alpha"))
    assert one.header_names == tuple(name for name, _ in one.headers)
    assert [name for name, _ in envelope.headers() if name not in one.header_names] == []
    assert one.partition == partition_for(b"k", 4) and envelope.time <= datetime.now(UTC)


def test_the_same_thing_is_not_said_twice_for_one_cause() -> None:
    say = say_on("w")
    say(Passed(key="k", number=1), key="k")
    with pytest.raises(CannotBeSaid):
        say(Passed(key="k", number=2), key="k")
    say(Passed(key="k", number=2), key="k", ordinal=1)


def test_a_key_is_needed_and_the_map_decides_who_speaks_where() -> None:
    say = say_on("w")
    with pytest.raises(CannotBeSaid):
        say(Passed(key="k", number=1), key="")
    with pytest.raises(LookupError):
        say(Passed(key="k", number=1), key="k", topic="w-a")


def test_packs_are_cut_at_their_size() -> None:
    say = say_on("w")
    for number in range(20):
        say(Passed(key=f"k{number}", number=number, filler="x" * 10_000), key=f"k{number}")
    packs = cut(say.said, "name", 50_000)
    assert [one.name for one in packs][:3] == ["name", "name+1", "name+2"]
    assert sum(len(one.records) for one in packs) == 20 and all(one.size <= 50_000 for one in packs)
