"""Which records share a batch, and under which ids each is found."""

from __future__ import annotations

import pytest

from audit import keep_records
from audit.keep_records import mentions, neighbours, term_of
from chassis import RawRecord
from chassis.testing import raw

REQUEST = "0e5c4064-bed8-5d44-b85f-777bf62157e3"
PAYMENT = "16047619-fcec-5952-89ba-9d0bb5ef8aa3"


def record(key: bytes | None, correlation: str | None, topic: str = "items") -> RawRecord:
    headers = () if correlation is None else (("ce_correlationid", correlation.encode()),)
    return raw(topic, b"{}", key=key, headers=headers, offset=0)


TABLE = [
    ("key and correlation are the request", record(REQUEST.encode(), REQUEST), [REQUEST]),
    ("a payment's event of a request", record(PAYMENT.encode(), REQUEST), [REQUEST, PAYMENT]),
    ("a key that is no UUID", record(b"submissions/3", REQUEST), [REQUEST]),
    ("no key", record(None, REQUEST), [REQUEST]),
    ("no correlation", record(REQUEST.encode(), None), [REQUEST]),
    ("an empty correlation", record(None, ""), []),
    ("a correlation that is no UUID", record(None, "northside"), [str(term_of("northside"))]),
    ("neither", record(None, None), []),
    ("a partner's word", record(REQUEST.encode(), REQUEST, topic="intake.northside"), []),
]


@pytest.mark.parametrize(("how", "heard", "terms"), TABLE, ids=[each[0] for each in TABLE])
def test_a_record_is_found_under_its_correlation_id_and_its_uuid_key(
    how: str, heard: RawRecord, terms: list[str]
) -> None:
    assert mentions([heard]) == (terms, [0] * len(terms))


def test_each_mention_names_the_position_of_its_record() -> None:
    heard = [record(None, None), record(PAYMENT.encode(), REQUEST), record(None, REQUEST)]
    assert mentions(heard) == ([REQUEST, PAYMENT, REQUEST], [1, 1, 2])


def test_two_correlation_ids_that_are_no_uuids_are_different_terms() -> None:
    assert term_of("northside") != term_of("southside")
    assert str(term_of(REQUEST)) == REQUEST


def offsets(runs: list[list[RawRecord]]) -> list[list[int]]:
    return [[each.offset for each in run] for run in runs]


def runs_of(heard: list[RawRecord]) -> list[list[RawRecord]]:
    return [list(run) for run in neighbours(heard)]


def test_a_batch_ends_at_a_hole_and_at_another_partition_or_topic() -> None:
    heard = [raw("items", b"", offset=at) for at in (0, 1, 3)]
    heard += [raw("items", b"", offset=4, partition=1), raw("orders", b"", offset=5, partition=1)]
    assert offsets(runs_of(heard)) == [[0, 1], [3], [4], [5]]
    assert runs_of([]) == []


def test_a_batch_is_cut_where_it_grows_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep_records, "BATCH_BYTES_MAX", 100)
    sizes = [60, 40, 1, 250, 10, 90]
    heard = [raw("items", bytes(size), offset=at) for at, size in enumerate(sizes)]
    assert offsets(runs_of(heard)) == [[0, 1], [2], [3], [4, 5]]
