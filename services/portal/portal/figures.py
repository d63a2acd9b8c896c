"""The figures that operations staff steer by, each counted over a number of days, and the rows behind it.

A figure is a part of a whole, or two times; the page shows it beside a link to its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg

from portal.foretold import DATES_HELD, DUE
from portal.review_queue import causes

ROWS_MAX = 200

_DECIDED = """
from versions where decision in ('approved', 'denied') and decided_at >= $1 and received_at is not null
"""
_TIMES = f"""
select count(*) as count,
       percentile_cont(0.5) within group (order by decided_at - received_at) as p50,
       percentile_cont(0.9) within group (order by decided_at - received_at) as p90
{_DECIDED}
"""
_BY_PERSON_TIMES = _TIMES + " and decided_by is not null"
_SLOWEST = f"""
select request_id, version, number, payer, decision, received_at, decided_at, decided_by {_DECIDED}
order by decided_at - received_at desc, request_id limit $2
"""
_ON_TIME = """
select count(*) as whole, count(*) filter (where settled_on <= effective_date) as part
from payments where (settled_on is not null or effective_date < $2) and sent_at >= $1
"""
_LATE = """
select payment_id, payer, batch_id, amount_cents, effective_date, settled_on from payments
where (settled_on > effective_date or settled_on is null and effective_date < $2) and sent_at >= $1
order by effective_date desc, payment_id limit $3
"""
_MATCHED = """
select count(*) as whole, count(*) filter (where remittance_id is not null and mismatch is null) as part
from payments where settled_on is not null and returned_on is null and sent_at >= $1
"""
_UNMATCHED = """
select payment_id, payer, batch_id, amount_cents, effective_date, settled_on, mismatch from payments
where settled_on is not null and returned_on is null and sent_at >= $1
  and (remittance_id is null or mismatch is not null)
order by effective_date desc, payment_id limit $2
"""
_SENT_BACK = """
select count(*) as whole, count(*) filter (where state in ('returned', 'refused')) as part
from payments where sent_at >= $1
"""
_COMPLETED = """
select count(*) as whole, count(*) filter (where request_id is not null) as part
from draft_lives where changed_at >= $1
"""
_NOT_COMPLETED = """
select d.draft_id, n.name, d.kind, d.step, coalesce(d.ended, false) as ended, d.changed_at
from draft_lives d left join organisation_names n using (organisation_id)
where d.changed_at >= $1 and d.request_id is null order by d.changed_at desc, d.draft_id limit $2
"""
_SENT_ON_TIME = f"""
select count(*) as whole, count(*) filter (where s.effective_date <= f.foretold_on) as part {DUE}
"""
_MISSED = f"""
select f.*, r.number, r.payer from (
    select f.request_id, f.told_at, f.foretold_on, s.effective_date, s.settled_on
    {DUE} and (s.settled_on is distinct from f.foretold_on or s.effective_date > f.foretold_on)) as f
join requests r using (request_id) order by f.told_at desc, f.request_id limit $3
"""
# Fields of lines are counted together, whichever line it was.
_FIELD = "regexp_replace(coalesce({}->>'field', ''), '[0-9]+', '#', 'g')"
_FAILURES = f"""
select partner, field, reason, count(*) as count from (
  select partner, {_FIELD.format("problem")} as field, problem->>'reason' as reason
  from answers, jsonb_array_elements(problems) as problem where outcome = 'refused' and answered_at >= $1
  union all
  select partner, {_FIELD.format("finding")}, finding->>'reason'
  from versions, jsonb_array_elements(findings) as finding
  where received_at >= $1 and finding->>'severity' in ('deny', 'exception')
) as failed group by partner, field, reason order by count(*) desc, partner, field, reason limit $2
"""
_FAILED_GROUPS = """
  select a.number, a.request_id, a.answered_at as at, a.partner, problem->>'field' as field,
         problem->>'reason' as reason, (select v.payee_id from versions v where v.request_id = a.request_id
                                        and v.payee_id is not null order by v.version limit 1) as payee_id
  from answers a, jsonb_array_elements(a.problems) as problem where a.outcome = 'refused' and a.answered_at >= $1
  union all
  select v.number, v.request_id, v.received_at, v.partner, finding->>'field', finding->>'reason', v.payee_id
  from versions v, jsonb_array_elements(v.findings) as finding
  where v.received_at >= $1 and finding->>'severity' in ('deny', 'exception')
"""
# A provider group is the organisation of providers that acts for the payee; of several, the first by id.
_GROUP_OF = """
select distinct on (o.payee_id) o.payee_id, o.organisation_id from organisation_payees o
join organisations g using (organisation_id) where g.kind = 'provider' and g.active
order by o.payee_id, o.organisation_id
"""
_GROUPS = f"""
select g.organisation_id, n.name, count(*) as count from ({_FAILED_GROUPS}) as failed
left join ({_GROUP_OF}) as g using (payee_id) left join organisation_names n using (organisation_id)
group by g.organisation_id, n.name order by count(*) desc, g.organisation_id limit $2
"""
_OF_GROUP = f"""
select failed.* from ({_FAILED_GROUPS}) as failed left join ({_GROUP_OF}) as g using (payee_id)
where g.organisation_id is not distinct from $3 order by at desc, number limit $2
"""


SHARES = {
    "completed": _COMPLETED,
    "sent_on_time": _SENT_ON_TIME,
    "dates_held": DATES_HELD,
    "on_time": _ON_TIME,
    "matched": _MATCHED,
    "sent_back": _SENT_BACK,
}
"""Parts of a whole, in the order of the page."""
_BY_DAY = frozenset({"sent_on_time", "dates_held", "on_time", "late", "dates"})
"""Those that ask what was due: their ``$2`` is the day of business that it is."""


@dataclass(frozen=True, slots=True)
class Share:
    """``part`` of ``whole``; the rows behind it are those that are not in ``part``, or are, as ``rows`` says."""

    name: str
    whole: int
    part: int


@dataclass(frozen=True, slots=True)
class Times:
    """How long decisions took: half within ``p50``, nine of ten within ``p90``; None where there was none."""

    name: str
    count: int
    p50: timedelta | None
    p90: timedelta | None


@dataclass(frozen=True, slots=True)
class Figures:
    times: Sequence[Times]
    shares: Sequence[Share]
    failures: Sequence[asyncpg.Record]
    """By sender, field and reason."""
    groups: Sequence[asyncpg.Record]
    """Failures by provider group: ``organisation_id`` (None: none is known), ``count``."""
    causes: Sequence[asyncpg.Record]
    """What waits now, whenever it came: by ``state`` and ``reason``."""


async def figures(db: asyncpg.Connection, since: datetime, today: date) -> Figures:
    """Everything since an instant; ``today``, of business, says what is due."""
    times = [
        Times(name, row["count"], row["p50"], row["p90"])
        for name, statement in (("all_decisions", _TIMES), ("by_people", _BY_PERSON_TIMES))
        for row in [await db.fetchrow(statement, since)]
    ]
    shares = [
        Share(name, row["whole"], row["part"])
        for name, statement in SHARES.items()
        for row in [await db.fetchrow(statement, since, *([today] if name in _BY_DAY else []))]
    ]
    return Figures(
        times,
        shares,
        await db.fetch(_FAILURES, since, ROWS_MAX),
        await db.fetch(_GROUPS, since, ROWS_MAX),
        await causes(db),
    )


_FAILED = f"""
select number, request_id, at, partner, field, reason from (
  select a.number, a.request_id, a.answered_at as at, a.partner, {_FIELD.format("problem")} as field,
         problem->>'reason' as reason
  from answers a, jsonb_array_elements(a.problems) as problem where a.outcome = 'refused' and a.answered_at >= $1
  union all
  select v.number, v.request_id, v.received_at, v.partner, {_FIELD.format("finding")}, finding->>'reason'
  from versions v, jsonb_array_elements(v.findings) as finding
  where v.received_at >= $1 and finding->>'severity' in ('deny', 'exception')
) as failed where coalesce(partner, '') = $3 and field = $4 and reason = $5 order by at desc, number limit $2
"""


async def failed(
    db: asyncpg.Connection, since: datetime, partner: str, field: str, reason: str
) -> list[asyncpg.Record]:
    """What failed of one sender, in one field, for one reason; the newest first."""
    rows: list[asyncpg.Record] = await db.fetch(_FAILED, since, ROWS_MAX, partner, field, reason)
    return rows


async def failed_of_group(
    db: asyncpg.Connection, since: datetime, organisation_id: UUID | None
) -> list[asyncpg.Record]:
    """What failed of one provider group, or of none; the newest first."""
    rows: list[asyncpg.Record] = await db.fetch(_OF_GROUP, since, ROWS_MAX, organisation_id)
    return rows


BEHIND = {
    "decisions": _SLOWEST,
    "late": _LATE,
    "unmatched": _UNMATCHED,
    "dates": _MISSED,
    "drafts": _NOT_COMPLETED,
}
"""The rows behind a figure, by the list's name in the address."""


async def behind(db: asyncpg.Connection, name: str, since: datetime, today: date) -> list[asyncpg.Record]:
    """The first rows behind a figure, those that need a look first."""
    given = [since, today] if name in _BY_DAY else [since]
    rows: list[asyncpg.Record] = await db.fetch(BEHIND[name], *given, ROWS_MAX)
    return rows
