"""What one slice leaves in the read model: rows by message, then where each request that it is about now stands.

Whoever hears of a batch, a payment or a request first makes its row and locks it: batches, then payments, then
requests, each sorted, so that two slices about one request are folded one after the other and neither misses what the
other stored.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from chassis import Context, Heard
from portal.foretold import Approval, foretell
from portal.questions import asked_of
from portal.read_model.facts import MOVES_STATE, Facts, fold_facts, told_again
from portal.read_model.sealed_content import ContentKey
from portal.read_model.standing import standing_of
from portal.read_model.writes import Writes, as_json
from portal.tenancy import WRITER, enter
from throughline.items import ItemScheduled
from throughline.lifecycle import Told, fold
from throughline.payments import BatchHeld, BatchReleased

_MAKE_PAYMENTS = """
insert into payments (payment_id) select unnest($1::uuid[]) on conflict do nothing
"""
_LOCK_PAYMENTS = "select from payments where payment_id = any($1::uuid[]) order by payment_id for update"
_MAKE_BATCHES = """
insert into batches (batch_id) select unnest($1::uuid[]) on conflict do nothing
"""
_LOCK_BATCHES = "select from batches where batch_id = any($1::uuid[]) order by batch_id for update"
_PAID_BY = """
select request_id from payment_items where payment_id = any($1::uuid[])
union select request_id from payment_items where batch_id = any($2::uuid[])
"""
_MAKE_REQUESTS = """
insert into requests (request_id) select unnest($1::uuid[]) on conflict do nothing
"""
_LOCK_REQUESTS = "select from requests where request_id = any($1::uuid[]) order by request_id for update"
_ITEMS_OF = (
    "select distinct request_id, payment_id, batch_id from payment_items where request_id = any($1::uuid[])"
)
_TOLD_OF = """
select subject, topic, key, seq, id, at, type, facts from told where subject = any($1::uuid[]) and moves
"""
_STAND = """
with now as (select * from jsonb_to_recordset($1::jsonb) as t (
    request_id uuid, version smallint, state text, substatus text, reason text, acts text, payment_id uuid,
    changed_at timestamptz))
update requests r set version = now.version, state = now.state, substatus = now.substatus, reason = now.reason,
    acts = now.acts, payment_id = now.payment_id, changed_at = now.changed_at, payee_id = v.payee_id,
    partner = v.partner, number = v.number, payer = v.payer, programme = v.programme, channel = v.channel,
    charge_cents = v.charge_cents, paid_cents = v.paid_cents, first_service = v.first_service,
    last_service = v.last_service, received_on = v.received_on, received_at = v.received_at
from now left join versions v on v.request_id = now.request_id and v.version = now.version
where r.request_id = now.request_id
"""
_VERSIONS_STAND = """
insert into versions (request_id, version, state, substatus)
select request_id, version, state, substatus from jsonb_to_recordset($1::jsonb) as t (
    request_id uuid, version smallint, state text, substatus text) order by request_id, version
on conflict (request_id, version) do update set state = excluded.state, substatus = excluded.substatus
"""
OF_A_BATCH = (ItemScheduled, BatchHeld, BatchReleased)
FOLDS_IN_A_ROW = 25
"""After so many the loop may answer a page."""


@dataclass(slots=True)
class ReadModelWork:
    """Handlers put rows and tell events; everything is stored at the end of the slice."""

    key: ContentKey
    touched: list[UUID]
    context: Context
    approvals: list[Approval] = field(default_factory=list)
    """Their dates are foretold when everything else is stored."""
    asked: dict[UUID, tuple[UUID, UUID]] = field(default_factory=dict)
    """Request and payee of each question that the slice names and that was asked."""
    writes: Writes = field(default_factory=Writes)

    @classmethod
    async def load(
        cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context
    ) -> ReadModelWork:
        """Make and lock the rows of the payments and requests that the slice is about."""
        await enter(db, WRITER)
        moving = [one.message for one in heard if type(one.message) in MOVES_STATE]
        payments = _ids(moving, "payment_id")
        batches = _ids([one for one in moving if isinstance(one, OF_A_BATCH)], "batch_id")
        requests = set(_ids(moving, "request_id"))
        for ids, make, lock in (
            (batches, _MAKE_BATCHES, _LOCK_BATCHES),
            (payments, _MAKE_PAYMENTS, _LOCK_PAYMENTS),
        ):
            if ids:
                await db.execute(make, ids)
                await db.execute(lock, ids)
        if payments or batches:
            whole = _ids([one for one in moving if isinstance(one, BatchHeld | BatchReleased)], "batch_id")
            requests |= {row[0] for row in await db.fetch(_PAID_BY, payments, whole)}
        touched = sorted(requests)
        if touched:
            await db.execute(_MAKE_REQUESTS, touched)
            await db.execute(_LOCK_REQUESTS, touched)
        return cls(context.resources.content_key, touched, context, asked=await asked_of(db, heard))

    def put(self, table: str, **values: Any) -> None:
        self.writes.put(table, **values)

    def tell(
        self,
        heard: Heard[Any],
        subject: UUID,
        *,
        note: str | None = None,
        actor: str | None = None,
        **more: Any,
    ) -> None:
        """Put the message on its subject's timeline: a request's, a payment's or a payee's.

        ``note`` is what a person wrote, which may name anybody: it is kept sealed.
        """
        message, envelope = heard.message, heard.envelope
        facts: Facts = fold_facts(message) | {
            name: value for name, value in more.items() if value is not None
        }
        self.put(
            "told",
            subject=subject,
            id=envelope.id,
            topic=heard.topic,
            key=heard.key or "",
            seq=heard.offset if envelope.sequence is None else envelope.sequence,
            at=envelope.time.isoformat(),
            type=type(message).__name__,
            moves=type(message) in MOVES_STATE,
            actor=actor,
            facts=facts,
            note=None if note is None else self.key.seal(note.encode(), "told", subject, envelope.id),
        )

    async def store(self, db: asyncpg.Connection) -> None:
        await self.writes.flush(db)
        await fold_again(db, self.touched)
        await foretell(db, self.approvals, self.context.clock.now(), self.context.settings.cutoffs_of)


async def fold_again(db: asyncpg.Connection, requests: Sequence[UUID]) -> None:
    """Where each of the requests, whose rows are locked, now stands: the shared fold over all that was told of it."""
    if not requests:
        return
    payments: dict[UUID, set[UUID]] = {}
    for request_id, payment_id, batch_id in await db.fetch(_ITEMS_OF, requests):
        payments.setdefault(request_id, set()).update((payment_id, batch_id) if batch_id else (payment_id,))
    subjects = {*requests, *(one for group in payments.values() for one in group)}
    events: dict[UUID, list[Told]] = {}
    for subject, *told in await db.fetch(_TOLD_OF, list(subjects)):
        topic, key, order, id, at, type_, facts = told
        one = told_again(topic, key, order, id, at, type_, json.loads(facts))
        events.setdefault(subject, []).append(one)
    shown, versions = [], []
    for count, request_id in enumerate(requests):
        about = [request_id, *payments.get(request_id, ())]
        states = fold(one for subject in about for one in events.get(subject, ()))
        if states:
            shown.append({"request_id": request_id} | standing_of(states[max(states)]))
        versions += [
            {
                "request_id": request_id,
                "version": state.version,
                "state": str(state.state) if state.state else None,
                "substatus": str(state.substatus),
            }
            for state in states.values()
        ]
        if count % FOLDS_IN_A_ROW == FOLDS_IN_A_ROW - 1:
            await asyncio.sleep(0)
    await db.execute(_VERSIONS_STAND, as_json(versions))
    await db.execute(_STAND, as_json(shown))


def _ids(messages: Iterable[Any], name: str) -> list[UUID]:
    found = {getattr(message, name, None) for message in messages}
    return sorted(one for one in found if one is not None)
