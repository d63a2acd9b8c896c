"""The figures once more, from the log: every record audit keeps, through the handlers of the read model, in memory.

The read model counts by SQL what its tables hold; here the same messages are put into plain rows and counted by pure
functions. Where both agree, neither a lost row nor a wrong statement stands behind a figure.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from chassis import Context, Heard
from chassis.arrival import Arrival, decode
from chassis.feed import FedRecord, read_feed
from chassis.log_check import LogTrouble
from portal.figures import ROWS_MAX, Figures, Share, Times
from portal.read_model.hears import READ_MODEL
from portal.read_model.tables import KEYS
from portal.tenancy import Scope, Sees, reading
from throughline.flow import topic_named

COUNTED = ("submissions", "decisions", "payments", "remittances", "drafts", "answers.")
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
    """Stands in for the read model's work: rows are put, nothing is told and nothing sealed."""

    def __init__(self) -> None:
        self.key = _NothingSealed()
        self.approvals: list[Any] = []
        self.tables: dict[str, dict[tuple[str, ...], Row]] = {table: {} for table in KEYS}

    def put(self, table: str, **values: Any) -> None:
        key = tuple(str(values[name]) for name in KEYS[table])
        self.tables[table].setdefault(key, {}).update(values)

    def tell(self, *told: Any, **more: Any) -> None:
        self.approvals.clear()

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
        decode(arrival, topic)
        if isinstance(arrival.message, Heard):
            sequence = arrival.message.envelope.sequence
            messages.setdefault(record.offset if sequence is None else sequence, arrival.message)
    for _, heard in sorted(messages.items()):
        handler = _handler(heard.topic, type(heard.message))
        if handler is not None:
            handler(heard, rows, None)


def _handler(topic: str, kind: type[Any]) -> Handler | None:
    for hearing in READ_MODEL:
        if topic in hearing.topics or (hearing.pattern is not None and re.match(hearing.pattern, topic)):
            return cast(Handler | None, hearing.on.get(kind))
    return None


def figures_of(rows: RowsInMemory, since: datetime) -> Figures:
    """Pure: what ``portal.figures`` counts by SQL, of rows in memory. Dates foretold are not in
    the log."""
    versions, payments = list(rows.rows("versions")), list(rows.rows("payments"))
    decided = [
        one
        for one in versions
        if one.get("decision") in ("approved", "denied") and _from(one, "decided_at", since)
    ]
    took = [
        (_at(one["decided_at"]) - _at(one["received_at"]), one.get("decided_by"))
        for one in decided
        if one.get("received_at")
    ]
    sent = [one for one in payments if _from(one, "sent_at", since)]
    settled = [one for one in sent if one.get("settled_on")]
    kept = [one for one in settled if not one.get("returned_on")]
    drafts = [one for one in rows.rows("draft_lives") if _from(one, "changed_at", since)]
    agreeing = [one for one in kept if one.get("remittance_id") and one.get("mismatch") is None]
    return Figures(
        [
            _times("all_decisions", [span for span, _ in took]),
            _times("by_people", [span for span, by in took if by is not None]),
        ],
        [
            Share("completed", len(drafts), sum(1 for one in drafts if one.get("request_id"))),
            Share(
                "on_time",
                len(settled),
                sum(1 for one in settled if one["settled_on"] <= _day(one["effective_date"])),
            ),
            Share("matched", len(kept), len(agreeing)),
            Share(
                "sent_back", len(sent), sum(1 for one in sent if one.get("returned_on") or one.get("refused"))
            ),
        ],
        _failures(rows, versions, since),
    )


def _failures(rows: RowsInMemory, versions: Iterable[Row], since: datetime) -> list[Any]:
    failed: Counter[tuple[str | None, str, str | None]] = Counter()
    for answer in rows.rows("answers"):
        if answer["outcome"] == "refused" and _from(answer, "answered_at", since):
            failed.update((answer["partner"], _field(one), one.get("reason")) for one in answer["problems"])
    for version in versions:
        if _from(version, "received_at", since):
            failed.update(
                (version.get("partner"), _field(one), one.get("reason"))
                for one in version.get("findings") or ()
                if one.get("severity") in ("deny", "exception")
            )
    return [
        {"partner": partner, "field": field, "reason": reason, "count": count}
        for (partner, field, reason), count in failed.items()
    ]


def _field(problem: Mapping[str, Any]) -> str:
    return re.sub("[0-9]+", "#", problem.get("field") or "")


def _times(name: str, spans: Sequence[timedelta]) -> Times:
    ordered = sorted(spans)
    return Times(name, len(ordered), percentile(ordered, 0.5), percentile(ordered, 0.9))


def percentile(ordered: Sequence[timedelta], share: float) -> timedelta | None:
    """As PostgreSQL's percentile_cont: between the two nearest, in proportion. None of none."""
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _from(row: Row, name: str, since: datetime) -> bool:
    return row.get(name) is not None and _at(row[name]) >= since


def _at(value: str | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _day(value: str | date) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


@dataclass(frozen=True, slots=True)
class Beside:
    """One figure, of the read model and of the log; ``named`` is what its sentence names."""

    text: str
    named: Mapping[str, Any]
    own: str
    log: str

    @property
    def agree(self) -> bool:
        return self.own == self.log


def side_by_side(own: Figures, log: Figures) -> list[Beside]:
    """Every figure that the log can tell."""
    mine, theirs = _told(own), _told(log)
    if len(own.failures) >= ROWS_MAX:  # of more the read model shows the first
        theirs = {key: told for key, told in theirs.items() if key in mine or key[0] != "figures.log_failure"}
    return [
        Beside(text, dict(named), mine.get((text, named), "0"), theirs.get((text, named), "0"))
        for text, named in sorted(mine.keys() | theirs.keys(), key=str)
    ]


OF_THE_PORTAL = frozenset({"sent_on_time", "dates_held"})
"""Counted against what the portal foretold, which is its own record."""

Told = dict[tuple[str, tuple[tuple[str, str], ...]], str]


def _told(figures: Figures) -> Told:
    found: Told = {}
    for times in figures.times:
        for name, span in (("p50", times.p50), ("p90", times.p90)):
            words = "–" if span is None else f"{span.total_seconds():.3f} s"
            found["figures.log_times", (("what", times.name), ("which", name))] = words
        found["figures.log_count", (("what", times.name),)] = str(times.count)
    for share in figures.shares:
        if share.name not in OF_THE_PORTAL:
            found["figures.log_share", (("what", share.name),)] = f"{share.part} / {share.whole}"
    for one in figures.failures:
        named = (
            ("field", one["field"] or "–"),
            ("partner", one["partner"] or "–"),
            ("reason", one["reason"] or "–"),
        )
        found["figures.log_failure", named] = str(one["count"])
    return found
