"""Dates foretold, counted again: what was promised is the portal's own record, what came of it is read from the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from portal.figures import Share
from portal.log_rows import Row, RowsInMemory
from throughline.lifecycle import ENDED, VersionState

_PROMISES = """
select decision_id, request_id, version, foretold_on from foretold where told_at >= $1
"""


@dataclass(frozen=True, slots=True)
class Promise:
    """The day on which a page said that the money of one decision would be there."""

    decision_id: UUID
    request_id: UUID
    version: int
    on: date


async def promises(db: asyncpg.Connection, since: datetime) -> list[Promise]:
    return [Promise(*row) for row in await db.fetch(_PROMISES, since)]


def dates_of(
    rows: RowsInMemory,
    promised: Sequence[Promise],
    today: date,
    states_of: Callable[[UUID], Mapping[int, VersionState]],
) -> list[Share]:
    """Pure: as ``portal.foretold.DUE`` counts by SQL. ``states_of`` folds one request anew."""
    payments = {str(one["payment_id"]): one for one in rows.rows("payments")}
    of_decision: dict[str, list[Row]] = {}
    for item in rows.rows("payment_items"):
        paid = payments.get(str(item["payment_id"]))
        if paid is not None:
            of_decision.setdefault(str(item["decision_id"]), []).append(paid)
    whole = on_time = held = 0
    for one in promised:
        paying = of_decision.get(str(one.decision_id), [])
        settled = min((_day(each["settled_on"]) for each in paying if each.get("settled_on")), default=None)
        effective = min(
            (_day(each["effective_date"]) for each in paying if each.get("sent_at")), default=None
        )
        if settled is None and (one.on >= today or _ended(one, states_of)):
            continue
        whole += 1
        on_time += effective is not None and effective <= one.on
        held += settled == one.on
    return [Share("sent_on_time", whole, on_time), Share("dates_held", whole, held)]


def _ended(one: Promise, states_of: Callable[[UUID], Mapping[int, VersionState]]) -> bool:
    stands = states_of(one.request_id).get(one.version)
    return stands is not None and stands.substatus in ENDED


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)
