"""Remittance's tables: set-based statements only, rows locked in sorted order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from remittance.domain import Item, PaymentBook
from throughline.adjudications import Adjudication
from throughline.items import ItemScheduled
from throughline.payments import PaymentSent, PaymentSettled
from throughline.reference import PayerRecorded, ProviderRecorded

if TYPE_CHECKING:
    from remittance.posting import Posted
    from remittance.work import Notice

# The update that changes nothing takes the row lock, and returns what an earlier transaction left.
LOCK_DECISIONS = """
insert into decisions (decision_id, paid_cents, content_hash)
select * from unnest($1::uuid[], $2::bigint[], $3::bytea[]) order by 1
on conflict (decision_id) do update
set paid_cents = coalesce(decisions.paid_cents, excluded.paid_cents),
    content_hash = coalesce(decisions.content_hash, excluded.content_hash)
returning decision_id, paid_cents, content_hash
"""
LOCK_PAYMENTS = """
insert into payments (payment_id) select * from unnest($1::uuid[]) order by 1
on conflict (payment_id) do update set payment_id = excluded.payment_id
returning payment_id, sent, settled_cents, settled_by, returned, gone, items_heard, state
"""
READ_ITEMS = """
select i.payment_id, i.request_id, i.version, i.decision_id, i.cents, i.body, d.paid_cents, d.content_hash
from items i left join decisions d using (decision_id)
where i.payment_id = any($1::uuid[])
"""
STORE_PAYMENTS = """
update payments p
set sent = n.sent, settled_cents = n.settled_cents, settled_by = n.settled_by, returned = n.returned, gone = n.gone,
    items_heard = n.items_heard, state = n.state,
    settled_at = case when n.settled_cents is not null then coalesce(p.settled_at, clock_timestamp()) end
from unnest($1::uuid[], $2::bytea[], $3::bigint[], $4::uuid[], $5::boolean[], $6::boolean[], $7::int[], $8::text[])
    as n (payment_id, sent, settled_cents, settled_by, returned, gone, items_heard, state)
where p.payment_id = n.payment_id
"""
STORE_NOTICES = """
insert into notices (request_id, version, event_id, payer, body, state)
select * from unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::text[], $5::bytea[], $6::text[])
on conflict (request_id, version) do update set state = excluded.state
"""
STORE_REMITTANCES = """
insert into remittances (remittance_id, payment_id, request_id, version, payer, payee_id, format, amount_cents,
    claim_count, trace_number, effective_date, content_sha256, content_835, content_csv, content_plain)
select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::smallint[], $5::text[], $6::uuid[], $7::text[],
    $8::bigint[], $9::int[], $10::text[], $11::date[], $12::bytea[], $13::bytea[], $14::bytea[], $15::bytea[])
"""


async def lock_decisions(
    db: asyncpg.Connection, heard: dict[UUID, tuple[int, bytes]], named: Sequence[UUID]
) -> dict[UUID, tuple[int, bytes]]:
    """Make and lock a row for each approval heard and each decision named by an item. Returns the approvals known."""
    content: dict[UUID, tuple[int | None, bytes | None]] = dict.fromkeys(named, (None, None))
    content.update(heard)
    if not content:
        return {}
    columns = [list(content), [one[0] for one in content.values()], [one[1] for one in content.values()]]
    rows = await db.fetch(LOCK_DECISIONS, *columns)
    return {row[0]: (row[1], row[2]) for row in rows if row[2] is not None}


async def payments_under(db: asyncpg.Connection, decisions: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Payments that hold an item of these decisions."""
    found: dict[UUID, list[UUID]] = {}
    if decisions:
        query = "select decision_id, payment_id from items where decision_id = any($1::uuid[])"
        for decision_id, payment_id in await db.fetch(query, list(decisions)):
            found.setdefault(decision_id, []).append(payment_id)
    return found


async def lock_payments(db: asyncpg.Connection, ids: Sequence[UUID]) -> dict[UUID, PaymentBook]:
    if not ids:
        return {}
    books = {}
    for row in await db.fetch(LOCK_PAYMENTS, list(ids)):
        sent = None if row["sent"] is None else PaymentSent.model_validate_json(row["sent"])
        books[row["payment_id"]] = PaymentBook(row["payment_id"], sent, *row[2:8])
    return books


def could_be_complete(payments: dict[UUID, PaymentBook], messages: Sequence[Any]) -> list[UUID]:
    """Payments for which the slice's messages may be the last that was missing. Others need not be read in full."""
    more: dict[UUID, int] = {}
    expected = {one.payment_id: one.sent.item_count for one in payments.values() if one.sent is not None}
    settled = {one.payment_id for one in payments.values() if one.settled_cents is not None}
    for message in messages:
        if isinstance(message, ItemScheduled):
            more[message.payment_id] = more.get(message.payment_id, 0) + 1
        elif isinstance(message, PaymentSent):
            expected[message.payment_id] = message.item_count
        elif isinstance(message, PaymentSettled):
            settled.add(message.payment_id)
    return [
        one.payment_id
        for one in payments.values()
        if one.state == "open"
        and one.payment_id in settled
        and one.payment_id in expected
        and one.items_heard + more.get(one.payment_id, 0) >= expected[one.payment_id]
    ]


async def read_items(db: asyncpg.Connection, payments: Sequence[UUID]) -> list[tuple[UUID, Item]]:
    """Every item of these payments with what its approval said."""
    if not payments:
        return []
    items = []
    for row in await db.fetch(READ_ITEMS, list(payments)):
        _, request_id, version, decision_id, cents, body, *approved = row
        claim = Adjudication.model_validate_json(body)
        item = Item(request_id, version, decision_id, cents, claim, hashlib.sha256(body).digest(), *approved)
        items.append((row["payment_id"], item))
    return items


async def known_notices(
    db: asyncpg.Connection, versions: Sequence[tuple[UUID, int]]
) -> set[tuple[UUID, int]]:
    if not versions:
        return set()
    query = """select request_id, version from notices
    join unnest($1::uuid[], $2::smallint[]) as asked (request_id, version) using (request_id, version)"""
    rows = await db.fetch(query, [one[0] for one in versions], [one[1] for one in versions])
    return {(row[0], row[1]) for row in rows}


async def lock_earlier_notices(
    db: asyncpg.Connection, versions: Sequence[tuple[UUID, int]]
) -> list[tuple[UUID, int, str]]:
    """Notices of earlier versions of these requests, as (request, version, state), locked: a newer one takes their
    place. A request's decisions come in their order, so that none of them is still on its way."""
    if not versions:
        return []
    query = """select n.request_id, n.version, n.state from notices n
    where n.state in ('waiting', 'posted') and exists (
        select 1 from unnest($1::uuid[], $2::smallint[]) as asked (request_id, version)
        where asked.request_id = n.request_id and n.version < asked.version)
    order by n.request_id, n.version for update of n"""
    rows = await db.fetch(query, [one[0] for one in versions], [one[1] for one in versions])
    return [(row[0], row[1], row[2]) for row in rows]


async def supersede_notices(db: asyncpg.Connection, versions: Sequence[tuple[UUID, int]]) -> None:
    if versions:
        await db.execute(
            """update notices n set state = 'superseded'
            from unnest($1::uuid[], $2::smallint[]) as old (request_id, version)
            where n.request_id = old.request_id and n.version = old.version""",
            [one[0] for one in versions],
            [one[1] for one in versions],
        )


async def superseded_by(
    db: asyncpg.Connection, items: Sequence[tuple[UUID, UUID, int]]
) -> dict[UUID, tuple[UUID, ...]]:
    """(payment, request, version) of payments about to be remitted: the remittances of earlier payments of the same
    claims, which came back (payout pays a claim again only then). By payment, sorted."""
    if not items:
        return {}
    query = """select distinct asked.payment_id, r.remittance_id
    from unnest($1::uuid[], $2::uuid[], $3::smallint[]) as asked (payment_id, request_id, version)
    join remittance_claims c on c.request_id = asked.request_id and c.version = asked.version
    join remittances r on r.remittance_id = c.remittance_id
    where r.payment_id is not null and r.payment_id <> asked.payment_id
    order by 1, 2"""
    found: dict[UUID, tuple[UUID, ...]] = {}
    for payment_id, remittance_id in await db.fetch(
        query, *[list(column) for column in zip(*items, strict=True)]
    ):
        found[payment_id] = (*found.get(payment_id, ()), remittance_id)
    return found


async def read_payers(db: asyncpg.Connection, payers: Sequence[str]) -> dict[str, PayerRecorded]:
    rows = (
        await db.fetch("select payer, body from payers where payer = any($1::text[])", list(payers))
        if payers
        else []
    )
    return {row[0]: PayerRecorded.model_validate_json(row[1]) for row in rows}


async def read_providers(db: asyncpg.Connection, payees: Sequence[UUID]) -> dict[UUID, ProviderRecorded]:
    query = "select payee_id, body from providers where payee_id = any($1::uuid[])"
    rows = await db.fetch(query, list(payees)) if payees else []
    return {row[0]: ProviderRecorded.model_validate_json(row[1]) for row in rows}


async def control_numbers(db: asyncpg.Connection, count: int) -> list[int]:
    """Numbers for that many files (ISA13). One that is not used leaves a gap, which harms nothing."""
    if not count:
        return []
    return [
        row[0]
        for row in await db.fetch("select nextval('control_numbers') from generate_series(1, $1)", count)
    ]


async def store_items(db: asyncpg.Connection, items: Sequence[tuple[UUID, Item]]) -> None:
    if not items:
        return
    await db.execute(
        """insert into items (payment_id, request_id, version, decision_id, cents, body)
        select * from unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::uuid[], $5::bigint[], $6::bytea[])""",
        [payment_id for payment_id, _ in items],
        [item.request_id for _, item in items],
        [item.version for _, item in items],
        [item.decision_id for _, item in items],
        [item.cents for _, item in items],
        [item.adjudication.model_dump_json().encode() for _, item in items],
    )


async def store_payments(db: asyncpg.Connection, books: Sequence[PaymentBook]) -> None:
    if not books:
        return
    await db.execute(
        STORE_PAYMENTS,
        [one.payment_id for one in books],
        [None if one.sent is None else one.sent.model_dump_json().encode() for one in books],
        [one.settled_cents for one in books],
        [one.settled_by for one in books],
        [one.returned for one in books],
        [one.gone for one in books],
        [one.items_heard for one in books],
        [one.state for one in books],
    )


async def store_notices(db: asyncpg.Connection, notices: Sequence[Notice]) -> None:
    if not notices:
        return
    await db.execute(
        STORE_NOTICES,
        [one.request_id for one in notices],
        [one.version for one in notices],
        [one.event_id for one in notices],
        [one.adjudication.payer for one in notices],
        [one.adjudication.model_dump_json().encode() for one in notices],
        [one.state for one in notices],
    )


async def store_remittances(db: asyncpg.Connection, posted: Sequence[Posted]) -> None:
    """At most one for a payment and for a version, for ever: the table's own constraints refuse a second."""
    if not posted:
        return
    alone = [one.payment_id is None for one in posted]
    firsts = [one.claims[0] for one in posted]
    await db.execute(
        STORE_REMITTANCES,
        [one.remittance_id for one in posted],
        [one.payment_id for one in posted],
        [first[0] if by_itself else None for first, by_itself in zip(firsts, alone, strict=True)],
        [first[1] if by_itself else None for first, by_itself in zip(firsts, alone, strict=True)],
        [first[2].payer for first in firsts],
        [first[2].payee_id for first in firsts],
        [one.format for one in posted],
        [one.entry.amount_cents for one in posted],
        [len(one.claims) for one in posted],
        [one.entry.trace_number for one in posted],
        [one.entry.effective_date for one in posted],
        [bytes.fromhex(one.content_sha256) for one in posted],
        [one.content_835 for one in posted],
        [one.content_csv for one in posted],
        [one.content_plain for one in posted],
    )
    covered = [(claim[0], claim[1], one.remittance_id) for one in posted for claim in one.claims]
    await db.execute(
        """insert into remittance_claims (request_id, version, remittance_id)
        select * from unnest($1::uuid[], $2::smallint[], $3::uuid[])""",
        [one[0] for one in covered],
        [one[1] for one in covered],
        [one[2] for one in covered],
    )


async def no_longer_live(db: asyncpg.Connection, remittances: Sequence[UUID]) -> None:
    if remittances:
        query = "update remittances set live = false where remittance_id = any($1::uuid[])"
        await db.execute(query, list(remittances))
