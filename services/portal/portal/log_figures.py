"""The figures once more, from the log: every record audit keeps, through the handlers of the read model, in memory.

The read model counts by SQL what its tables hold; here the same messages are put into plain rows and counted by pure
functions. Where both agree, neither a lost row nor a wrong statement stands behind a figure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from portal.figures import ROWS_MAX, Figures, Share, Times
from portal.log_dates import Promise, dates_of
from portal.log_rows import Row, RowsInMemory
from portal.read_model.standing import standing_of
from portal.review_queue import QUEUES, WAITING
from throughline.lifecycle import VersionState, fold
from throughline.people import OrganisationRecorded

STOPPING = ("deny", "exception")
"""Severities of findings that stop a request."""


def figures_of(rows: RowsInMemory, since: datetime, today: date, promised: Sequence[Promise] = ()) -> Figures:
    """Pure: what ``portal.figures`` counts by SQL, of rows in memory; ``promised`` since then."""
    about = _subjects(rows)
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
    due = [one for one in sent if one.get("settled_on") or _day(one["effective_date"]) < today]
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
            *dates_of(rows, promised, today, lambda request_id: _states(rows, about, request_id)),
            Share(
                "on_time",
                len(due),
                sum(1 for one in settled if one["settled_on"] <= _day(one["effective_date"])),
            ),
            Share("matched", len(kept), len(agreeing)),
            Share(
                "sent_back", len(sent), sum(1 for one in sent if one.get("returned_on") or one.get("refused"))
            ),
        ],
        _failures(rows, versions, since),
        _groups(rows, versions, since),
        _causes(rows, about),
    )


def _subjects(rows: RowsInMemory) -> Mapping[UUID, set[UUID]]:
    """The payments and batches of each request."""
    about: dict[UUID, set[UUID]] = {}
    for item in rows.rows("payment_items"):
        mine = about.setdefault(item["request_id"], set())
        mine |= {one for one in (item["payment_id"], item.get("batch_id")) if one}
    return about


def _states(
    rows: RowsInMemory, about: Mapping[UUID, set[UUID]], request_id: UUID
) -> Mapping[int, VersionState]:
    """The same fold as everywhere, over everything that was told of a request, its payments and batches."""
    subjects = (request_id, *about.get(request_id, ()))
    return fold(told for subject in subjects for told in rows.moves.get(subject, ()))


def _groups(rows: RowsInMemory, versions: Sequence[Row], since: datetime) -> list[Any]:
    group_of = _group_of_payees(rows.organisations.values())
    payee_of: dict[str, str] = {}
    for version in sorted(versions, key=lambda one: int(one["version"]), reverse=True):
        if version.get("payee_id"):
            payee_of[str(version["request_id"])] = str(version["payee_id"])
    failed: Counter[UUID | None] = Counter()
    for answer in rows.rows("answers"):
        if answer["outcome"] == "refused" and _from(answer, "answered_at", since):
            payee = payee_of.get(str(answer.get("request_id")))
            failed[group_of.get(payee)] += len(answer["problems"])
    for version in versions:
        if _from(version, "received_at", since):
            stopping = [one for one in version.get("findings") or () if one.get("severity") in STOPPING]
            failed[group_of.get(str(version.get("payee_id")))] += len(stopping)
    return [{"organisation_id": group, "count": count} for group, count in failed.items() if count]


def _group_of_payees(organisations: Iterable[OrganisationRecorded]) -> Mapping[str | None, UUID]:
    found: dict[str | None, UUID] = {}
    for one in sorted(organisations, key=lambda one: one.organisation_id, reverse=True):
        if one.kind == "provider" and one.active:
            found |= {str(payee): one.organisation_id for payee in one.payees}
    return found


def _causes(rows: RowsInMemory, about: Mapping[UUID, set[UUID]]) -> list[Any]:
    """What waits now."""
    waiting: Counter[tuple[str, str | None]] = Counter()
    for request_id in {one["request_id"] for one in rows.rows("versions")}:
        states = _states(rows, about, request_id)
        if states:
            stands = standing_of(states[max(states)])
            if stands["state"] in QUEUES["all"] and stands["substatus"] in WAITING:
                waiting[stands["state"], stands["reason"]] += 1
    return [{"state": state, "reason": reason, "count": count} for (state, reason), count in waiting.items()]


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
                if one.get("severity") in STOPPING
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


Answers = dict[tuple[str, tuple[tuple[str, str], ...]], str]


def _told(figures: Figures) -> Answers:
    found: Answers = {}
    for times in figures.times:
        for name, span in (("p50", times.p50), ("p90", times.p90)):
            words = "–" if span is None else f"{span.total_seconds():.3f} s"
            found["figures.log_times", (("what", times.name), ("which", name))] = words
        found["figures.log_count", (("what", times.name),)] = str(times.count)
    for share in figures.shares:
        found["figures.log_share", (("what", share.name),)] = f"{share.part} / {share.whole}"
    for one in figures.failures:
        named = (
            ("field", one["field"] or "–"),
            ("partner", one["partner"] or "–"),
            ("reason", one["reason"] or "–"),
        )
        found["figures.log_failure", named] = str(one["count"])
    for group in figures.groups:
        found["figures.log_group", (("group", str(group["organisation_id"] or "–")),)] = str(group["count"])
    for cause in figures.causes:
        waits = (("reason", cause["reason"] or "–"), ("state", cause["state"]))
        found["figures.log_cause", waits] = str(cause["count"])
    return found
