"""What waits for a person of the operations staff: reviews and exceptions, their causes, and one of them whole."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from portal.instants import instant_of
from portal.read_model.sealed_content import ContentKey
from throughline.findings import Finding, stopping_checks
from throughline.reasons import Reason
from throughline.requests import PaymentRequest
from throughline.reviews import DecideReview

PAGE = 50
_REASONS = {one.value: one for one in Reason}

Place = tuple[datetime, UUID]
"""Where a list goes on: the last row's time and id."""
START: Place = (datetime(1, 1, 1, tzinfo=UTC), UUID(int=0))

_WAITING = """
select r.request_id, r.version, r.number, r.partner, r.payer, r.state, r.reason, r.charge_cents, r.received_at,
       r.acts, v.proposed_cents, v.decision_id, v.decision, v.assignee, v.first_approver, s.name as owner,
       p.name as payee_name, v.pay_by, v.dispute_id, v.dispute_outcome
from requests r join versions v using (request_id, version) left join payees p on p.payee_id = r.payee_id
left join account_names s on s.person_id = v.assignee
where {which}
  and ($2::text is null or r.payer = $2) and ($3::text is null or r.reason = $3)
  and coalesce(v.proposed_cents, r.charge_cents, 0) >= $4 and (r.received_at, r.request_id) > ($5, $6)
  and ($9 or v.first_approver is not null)
  and ($8 = 'any' or $8 = 'nobody' and v.assignee is null or $8 = 'mine' and v.assignee = (select portal_person()))
order by r.received_at, r.request_id limit $7
"""
_OPEN = "r.state = any($1::text[]) and r.substatus in ('', 'on hold', 'returned', 'mismatch')"
_DISPUTED = "v.dispute_id is not null and v.dispute_outcome is null and $1::text[] is not null"
_CAUSES = """
select state, reason, count(*) as count, sum(charge_cents)::bigint as charge_cents, min(received_at) as oldest
from requests where state = any($1::text[]) and substatus = any($2::text[])
group by state, reason order by count(*) desc, reason
"""
_ONE = """
select r.request_id, r.version, r.number, r.partner, r.payer, r.state, r.substatus, r.reason, r.acts, r.charge_cents,
       r.received_at, r.payment_id, r.payee_id, v.decision, v.decision_id, v.findings, v.proposed_cents, v.paid_cents,
       v.other_request_id, v.submitted_by, v.content, v.lines, v.assignee, s.name as owner, p.name as payee_name,
       p.identifier as payee_identifier, v.first_approver, f.name as first_name,
       v.dispute_id, v.dispute_command, v.dispute_outcome, v.disputed_at, v.disputed_by, v.decided_by,
       v.first_decided_by, v.appeal_until,
       (select array_agg(w.submitted_by) from versions w where w.request_id = r.request_id) as senders,
       v.proposed_cents >= y.two_approvers_from_cents as by_two
from requests r join versions v using (request_id, version) left join payees p on p.payee_id = r.payee_id
left join account_names s on s.person_id = v.assignee left join account_names f on f.person_id = v.first_approver
left join payers y on y.payer = r.payer
where r.request_id = $1
"""
_WORDS = "select note from told where subject = $1 and id = $2 and type = 'DisputeDecision'"
_REFUSED = """
select command_type, reason, refused_at from refusals where request_id = $1 order by refused_at desc limit 3
"""
_NEEDS_PASSKEY = """
select exists (
  select from unnest($1::uuid[], $2::bigint[]) as asked (request_id, cents)
  left join requests r using (request_id) left join payers p on p.payer = r.payer
  where asked.cents >= coalesce(p.second_approval_cents, p.auto_approve_below_cents, 0))
"""
_CHANGED = """
select exists (
  select from unnest($1::uuid[], $2::int[], $3::uuid[], $4::bigint[]) as seen (request_id, version, decision_id, cents)
  left join requests r using (request_id)
  left join versions v on v.request_id = r.request_id and v.version = r.version
  where (r.version, v.decision_id) is distinct from (seen.version, seen.decision_id)
     or $5 and seen.cents is distinct from v.proposed_cents)
"""
_REVIEWERS = """
select s.person_id, s.name from account_names s join people p using (person_id)
where p.active and exists (select from person_roles r where r.person_id = s.person_id and r.role = 'reviewer')
order by s.name, s.person_id
"""
_PAYERS = "select distinct payer from payers order by payer"

QUEUES = {
    "review": ("In review",),
    "second": ("In review",),
    "disputed": (),
    "exception": ("Exception",),
    "all": ("In review", "Exception"),
}
"""Which states each list shows, by its name in the address. ``second``: what one person approved and another must;
``disputed``: decisions that a provider disputes, wherever the request stands."""
WAITING = ("", "on hold", "returned", "mismatch")
"""The substatuses that still wait for somebody."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list shows. ``at_least_cents`` compares with what would be paid, or the charge where nothing is priced."""

    queue: str = "review"
    payer: str | None = None
    cause: str | None = None
    at_least_cents: int = 0
    whose: str = "any"
    """``any``, ``mine``, ``nobody``: who looks at it."""


async def waiting(
    db: asyncpg.Connection, chosen: Filter, after: Place = START, limit: int = PAGE
) -> list[asyncpg.Record]:
    """The oldest first."""
    rows: list[asyncpg.Record] = await db.fetch(
        _WAITING.format(which=_DISPUTED if chosen.queue == "disputed" else _OPEN),
        QUEUES[chosen.queue],
        chosen.payer,
        chosen.cause,
        chosen.at_least_cents,
        *after,
        limit,
        chosen.whose,
        chosen.queue != "second",
    )
    return rows


async def causes(db: asyncpg.Connection) -> list[asyncpg.Record]:
    """How many requests wait for which cause, and since when."""
    rows: list[asyncpg.Record] = await db.fetch(_CAUSES, QUEUES["all"], WAITING)
    return rows


async def payers(db: asyncpg.Connection) -> list[str]:
    return [row[0] for row in await db.fetch(_PAYERS)]


async def reviewers(db: asyncpg.Connection) -> list[asyncpg.Record]:
    """To whom a review can be handed, by name."""
    rows: list[asyncpg.Record] = await db.fetch(_REVIEWERS)
    return rows


async def any_needs_passkey(db: asyncpg.Connection, amounts: Mapping[UUID, int]) -> bool:
    """Whether an approval of one of these cents needs the person's passkey; of a payer nobody recorded it always does.

    Validation judges by the same amounts of ``PayerRecorded``; here they only choose what the person is asked.
    """
    needs: bool = await db.fetchval(_NEEDS_PASSKEY, list(amounts), list(amounts.values()))
    return needs


async def all_as_seen(db: asyncpg.Connection, decisions: Sequence[DecideReview]) -> bool:
    """Whether each request still stands as it was when these decisions were made. Validation asks again."""
    seen = [(one.request_id, one.version, one.answers, one.amount_cents) for one in decisions]
    priced = any(one.decision == "approve" for one in decisions)
    columns = (list(column) for column in zip(*seen, strict=True))
    changed: bool = await db.fetchval(_CHANGED, *columns, priced)
    return not changed


@dataclass(frozen=True, slots=True)
class Case:
    """One request as a reviewer sees it."""

    row: asyncpg.Record
    request: PaymentRequest
    findings: Sequence[dict[str, Any]]
    refusals: Sequence[asyncpg.Record]
    words: str | None = None
    """Of the dispute: why it should be decided otherwise."""

    @property
    def answers(self) -> UUID | None:
        """The event that a decision names."""
        named: UUID | None = self.row["dispute_id"] if self.is_disputed else self.row["decision_id"]
        return named

    @property
    def is_disputed(self) -> bool:
        return self.row["dispute_id"] is not None and self.row["dispute_outcome"] is None

    @property
    def repeats(self) -> UUID | None:
        """The request that it was found to repeat, or perhaps to repeat."""
        named: UUID | None = self.row["other_request_id"]
        if named is None:
            found = (one["duplicate"] for one in self.findings if one.get("duplicate"))
            named = next((UUID(one["other_request_id"]) for one in found), None)
        return named

    @property
    def may_clear_name(self) -> bool:
        """Whether the name of somebody on an exclusion list is among what was found."""
        return any(one["rule"].startswith("excluded-name/") for one in self.findings)

    @property
    def checks(self) -> tuple[Reason, ...]:
        """Of an exception: what a release overrides."""
        if self.row["state"] != "Exception" or self.row["reason"] not in _REASONS:
            return ()
        found = [Finding.model_validate_json(json.dumps(one)) for one in self.findings]
        return stopping_checks(_REASONS[self.row["reason"]], found)

    @property
    def amount_cents(self) -> int | None:
        """What an approval would pay."""
        cents: int | None = self.row["proposed_cents"]
        return cents


async def case_of(db: asyncpg.Connection, key: ContentKey, request_id: UUID) -> Case | None:
    """None where there is no such request, or not for the caller."""
    row = await db.fetchrow(_ONE, request_id)
    if row is None or row["content"] is None:
        return None
    content = key.open(row["content"], "versions", row["request_id"], row["version"])
    return Case(
        row,
        PaymentRequest.model_validate_json(content),
        json.loads(row["findings"] or "[]"),
        await db.fetch(_REFUSED, request_id),
        await _words_of(db, key, request_id, row["dispute_command"]),
    )


async def _words_of(
    db: asyncpg.Connection, key: ContentKey, request_id: UUID, command_id: UUID | None
) -> str | None:
    note = None if command_id is None else await db.fetchval(_WORDS, request_id, command_id)
    return None if note is None else key.open(note, "told", request_id, command_id).decode()


LINE_FIELDS = ("from_date", "to_date", "code", "modifiers", "units_thousandths", "unit", "charge_cents")


@dataclass(frozen=True, slots=True)
class Beside:
    """A line of one request beside the most similar line of the other; ``differs`` names the fields that differ."""

    here: Any
    there: Any
    differs: frozenset[str]


def side_by_side(here: PaymentRequest, there: PaymentRequest) -> list[Beside]:
    """Each line here with the line there that it shares most with, each line there used once; the rest alone."""
    left = list(there.lines)
    pairs: list[Beside] = []
    for line in here.lines:
        twin = min(left, key=lambda other: len(_differences(line, other)), default=None)
        if twin is None:
            pairs.append(Beside(line, None, frozenset()))
            continue
        left.remove(twin)
        pairs.append(Beside(line, twin, _differences(line, twin)))
    return pairs + [Beside(None, line, frozenset()) for line in left]


def _differences(one: Any, other: Any) -> frozenset[str]:
    return frozenset(name for name in LINE_FIELDS if getattr(one, name) != getattr(other, name))


def place_of(text: str | None) -> Place:
    """Where a list goes on, from an address. Raises ValueError where the text is no place."""
    if not text:
        return START
    at, _, request_id = text.partition("~")
    return instant_of(at), UUID(request_id)


def place_after(row: asyncpg.Record) -> str:
    return f"{row['received_at'].isoformat()}~{row['request_id']}"
