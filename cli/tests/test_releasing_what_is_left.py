"""A batch is released over the sum and count that were last told of it: payments may have been taken out."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from throughline.message import Message
from throughline.payments import BatchClosed, BatchHeld
from throughline_cli.errors import Problem
from throughline_cli.order_commands import as_last_told
from throughline_cli.witness import Record

AT = datetime(2026, 11, 23, 20, tzinfo=UTC)
BATCH, OTHER = UUID(int=1), UUID(int=2)


def closed(batch: UUID) -> BatchClosed:
    return BatchClosed(
        batch_id=batch, bank="b", window="w", closed_at=AT, effective_date=date(2026, 11, 24), payment_count=2,
        total_cents=3_000, entry_hash=1,
    )  # fmt: skip


def held(payments: int, cents: int) -> BatchHeld:
    return BatchHeld(
        batch_id=BATCH, bank="b", window="w", cause="release_required", effective_date=date(2026, 11, 24),
        payment_count=payments, total_cents=cents,
    )  # fmt: skip


def record(offset: int, message: Message) -> Record:
    return Record("payments", 0, offset, "k", AT, None, message)


def test_the_last_word_counts_and_an_unknown_batch_is_a_problem() -> None:
    told = [record(0, closed(BATCH)), record(1, held(2, 3_000)), record(7, closed(OTHER))]
    assert as_last_told(told[:1], BATCH).total_cents == 3_000
    after = as_last_told([record(2, held(1, 2_000)), *told], BATCH)
    assert (after.payment_count, after.total_cents) == (1, 2_000)
    with pytest.raises(Problem):
        as_last_told(told, UUID(int=3))
