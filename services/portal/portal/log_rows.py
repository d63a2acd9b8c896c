"""Every record that audit keeps of the topics that figures are made of, as rows in memory: what ``log_figures`` counts.

The same handlers that write the read model's tables fill them, record by record, in the order in which it was said.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from typing import Any, cast
from uuid import UUID

from chassis import Context, Heard
from chassis.arrival import Arrival, UnknownVersion, decode
from chassis.feed import FedRecord, read_feed
from chassis.log_check import LogTrouble
from portal.read_model.facts import MOVES_STATE
from portal.read_model.hears import READ_MODEL
from portal.read_model.tables import KEYS
from portal.tenancy import Scope, Sees, reading
from throughline.flow import topic_named
from throughline.lifecycle import Told
from throughline.people import OrganisationRecorded

COUNTED = ("submissions", "decisions", "items", "payments", "remittances", "drafts", "people", "answers.")
"""The topics that figures are made of, by how their names begin."""
RECORDS_MAX = 2_000_000
_POSITIONS = "select topic, partition, next from chassis.positions where next > 0 order by topic, partition"

Row = dict[str, Any]
Handler = Callable[[Heard[Any], Any, Any], None]


class LogUnread(Exception):
    """``why``: a text of the catalogue."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class _NothingSealed:
    def seal(self, content: bytes, *where: object) -> bytes:
        return b""


class RowsInMemory:
    """Stands in for the read model's work: rows are put, what moves a state is kept for the fold, nothing is sealed."""

    def __init__(self) -> None:
        self.key = _NothingSealed()
        self.approvals: list[Any] = []
        self.tables: dict[str, dict[tuple[str, ...], Row]] = {table: {} for table in KEYS}
        self.moves: dict[UUID, list[Told]] = {}
        self.organisations: dict[UUID, OrganisationRecorded] = {}

    def put(self, table: str, **values: Any) -> None:
        key = tuple(str(values[name]) for name in KEYS[table])
        self.tables[table].setdefault(key, {}).update(values)

    def tell(self, heard: Heard[Any], subject: UUID, **more: Any) -> None:
        self.approvals.clear()
        if type(heard.message) in MOVES_STATE:
            sequence = heard.envelope.sequence
            order = heard.offset if sequence is None else sequence
            told = Told(
                heard.topic,
                heard.key or "",
                order,
                heard.envelope.id,
                heard.envelope.time,
                heard.message,
            )
            self.moves.setdefault(subject, []).append(told)

    def record_organisation(self, recorded: OrganisationRecorded) -> None:
        known = self.organisations.get(recorded.organisation_id)
        if known is None or known.version < recorded.version:
            self.organisations[recorded.organisation_id] = recorded

    def rows(self, table: str) -> Iterable[Row]:
        return self.tables[table].values()


async def rows_of_the_log(context: Context) -> RowsInMemory:
    """Everything that the portal has heard, as audit keeps it. Raises LogUnread."""
    settings = context.settings
    if settings.audit_feed_url is None or settings.audit_feed_token is None:
        raise LogUnread("figures.no_feed")
    async with reading(context, Scope(Sees.OPERATIONS)) as db:
        heard = [row for row in await db.fetch(_POSITIONS) if row["topic"].startswith(COUNTED)]
    if sum(row["next"] for row in heard) > RECORDS_MAX:
        raise LogUnread("figures.too_many")
    rows = RowsInMemory()
    try:
        for topic, partition, end in heard:
            records = [one async for page in read_feed(settings, topic, partition, 0, end) for one in page]
            await asyncio.to_thread(apply, rows, records)  # pages are answered meanwhile
    except LogTrouble:
        raise LogUnread("figures.feed_lacks") from None
    except ConnectionError:
        raise LogUnread("figures.feed_away") from None
    return rows


def apply(rows: RowsInMemory, records: Iterable[FedRecord]) -> None:
    """One partition's records, in the order in which they were said; what cannot be read the portal parked as well."""
    messages: dict[int, Heard[Any]] = {}
    for record in records:
        topic = topic_named(record.topic)
        arrival = Arrival(cast(Any, record))
        if topic is None:
            continue
        try:
            decode(arrival, topic)
        except UnknownVersion:
            raise LogUnread("figures.unknown_version") from None
        if isinstance(arrival.message, Heard):
            sequence = arrival.message.envelope.sequence
            messages.setdefault(record.offset if sequence is None else sequence, arrival.message)
    for _, heard in sorted(messages.items()):
        if isinstance(heard.message, OrganisationRecorded):
            rows.record_organisation(heard.message)
        handler = _handler(heard.topic, type(heard.message))
        if handler is not None:
            handler(heard, rows, None)


def _handler(topic: str, kind: type[Any]) -> Handler | None:
    for hearing in READ_MODEL:
        if topic in hearing.topics or (hearing.pattern is not None and re.match(hearing.pattern, topic)):
            return cast(Handler | None, hearing.on.get(kind))
    return None
