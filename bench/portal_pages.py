"""What a provider's pages cost with 100,000 requests in the read model: `python -m bench.portal_pages`.

The site is called in process, as a browser that is signed in: session, row-level security, queries and templates are
all in it; the network is not. A biller of 20 providers holds 40,000 of the requests, others the rest.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import Mock, patch
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg
import httpx
from alembic import command

sys.path.insert(0, str(Path(__file__).parents[1] / "services" / "portal" / "tests"))

from portal_people import known, sign_in  # type: ignore[import-not-found]
from portal_stories import Life, Teller, example  # type: ignore[import-not-found]

from chassis import Context, FixedClock, testing
from chassis.http import build_app
from chassis.migrate import alembic_config
from portal.app import service
from portal.read_model.sealed_content import ContentKey
from portal.resources import Resources
from portal.rules import Role
from portal.settings import Settings
from portal.tenancy import WRITER, enter
from stack import LocalStack
from stack.local_stack import INFRASTRUCTURE
from stack.ports import find_free_base
from throughline.signed import new_signing_key

REQUESTS, PAYEES, OF_THE_BILLER = 100_000, 50, 20
CALLS = 200
ORIGIN = "https://portal.example"
PAGE_BYTES_MAX, P95_MS_MAX = 150_000, 100.0

_PAYEE = """
create function pg_temp.payee(n int) returns uuid language sql immutable
    return ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid
"""
_FILL_PAYEES = """
insert into payees (payee_id, name, kind, identifier) select pg_temp.payee(n),
    'Provider ' || n, 'npi', lpad(n::text, 10, '1') from generate_series(1, $1) n
"""
_FILL_REQUESTS = """
insert into requests (request_id, payee_id, partner, number, payer, programme, channel, version, state, substatus,
    reason, acts, charge_cents, paid_cents, first_service, last_service, received_on, received_at, changed_at)
select md5('r' || n)::uuid, pg_temp.payee(1 + n % $2::int), 'portal', 'CLM-' || n,
    'acme', 'medical', 'portal', 1, s.state, s.substatus, s.reason, s.acts, 10000 + n, 9000 + n,
    date '2026-01-01' + n % 300,
    date '2026-01-01' + n % 300, date '2026-11-01', timestamptz '2026-11-23 15:00Z' - n * interval '1 minute',
    timestamptz '2026-11-23 15:00Z' - n * interval '1 minute'
from generate_series(1, $1) n cross join lateral (select * from (values
    (0, 'Paid', '', null, ''), (1, 'Paid', '', null, ''), (2, 'Paid', '', null, ''), (3, 'Approved', '', null, ''),
    (4, 'Payout scheduled', '', null, ''), (5, 'In review', '', null, 'operations'), (6, 'Submitted', '', null, ''),
    (7, 'Exception', '', 'total_mismatch', 'provider'), (8, 'Exception', 'returned', 'returned', 'provider'),
    (9, 'Submitted', 'denied', null, '')) v (k, state, substatus, reason, acts) where v.k = n % 10) s
"""
_FILL_PAYMENTS = """
insert into payments (payment_id, payee_id, payer, batch_id, amount_cents, item_count, account_mask, trace_number,
    effective_date, sent_at, settled_on)
select md5('p' || n)::uuid, pg_temp.payee(1 + n % $2::int), 'acme', md5('b' || n % 300)::uuid,
    50000 + n, 3, '****1234', 'T' || n, date '2026-01-01' + n % 300, now(), date '2026-01-01' + n % 300
from generate_series(1, $1) n
"""
_FILL_ITEMS = """
insert into payment_items (payment_id, request_id, version, payee_id, decision_id, amount_cents)
select md5('p' || (n / 3 + 1))::uuid, md5('r' || n)::uuid, 1, pg_temp.payee(1 + n % $2::int),
    md5('d' || n)::uuid, 16000 from generate_series(1, $1) n
"""


async def fill(context: Context, organisation_id: UUID) -> Life:
    """Returns the one request whose whole life is on record, of a provider of the biller's."""
    async with context.pool.acquire() as db, db.transaction():
        await enter(db, WRITER)
        await db.execute(_PAYEE)
        await db.execute(_FILL_PAYEES, PAYEES)
        await db.execute(_FILL_REQUESTS, REQUESTS, PAYEES)
        await db.execute(_FILL_PAYMENTS, REQUESTS // 4, PAYEES)
        await db.execute(_FILL_ITEMS, REQUESTS // 2, PAYEES)
        await db.execute(
            "insert into organisation_payees select $1, payee_id from payees order by payee_id limit $2",
            organisation_id,
            OF_THE_BILLER,
        )
    teller = Teller("portal")
    for name in ("PayerRecorded", "ProviderRecorded"):
        teller.tell(example(name))
    life = Life(teller, "WHOLE-1", partner="portal").received().says("SubmissionExcepted").received()
    life.approved().scheduled().sent().settled().remitted()
    await testing.deliver(service, context, teller.told)
    async with context.pool.acquire() as db, db.transaction():
        await enter(db, WRITER)
        await db.execute("insert into organisation_payees values ($1, $2)", organisation_id, life.payee_id)
    await context.pool.execute("vacuum analyze")  # as autovacuum leaves tables that live for longer than this
    return life


async def measure(dsn: str) -> list[str]:
    pool = await asyncpg.create_pool(dsn, min_size=2, max_size=6)
    assert pool is not None
    settings = Settings.model_validate({"database_url": dsn, "public_origin": ORIGIN})
    resources = Resources(ContentKey(bytes(32)), new_signing_key())
    clock = FixedClock(datetime(2026, 11, 23, 15, tzinfo=UTC))
    context = testing.context_for(service, pool, clock=clock, settings=settings, resources=resources)
    biller = await known(context, "biller", Role.BILLER)
    life = await fill(context, biller.organisation_id)
    app = build_app("portal", service.api, context, Mock(), service.dress)
    transport = httpx.ASGITransport(app=app, client=("203.0.113.7", 4711))
    rows = [
        f"{REQUESTS:,} requests, {CALLS} calls a page",
        "",
        "| page | p50 ms | p95 ms | KB |",
        "|---|---|---|---|",
    ]
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN}) as browser:
        await sign_in(browser, biller)
        second = (await browser.get("/requests")).text.split('rel="next" href="')[1].split('"')[0]
        deep = f"/requests?after={clock.now().replace(day=1).isoformat()}_{UUID(int=0)}".replace("+", "%2B")
        for name, path in (
            ("home", "/"),
            ("requests", "/requests"),
            ("requests, next page", second.replace("&amp;", "&")),
            ("requests, far down", deep),
            ("requests, by state", "/requests?state=Exception&needs=me"),
            ("requests, by number", "/requests?number=CLM-77"),
            ("one request", f"/requests/{life.request_id}"),
            ("payments", "/payments"),
            ("payments of a month", "/payments?since=2026-03-01&until=2026-03-31"),
            ("one payment", f"/payments/{life.payment_id}"),
            ("new request", "/new"),
            ("bank accounts", "/bank-account"),
        ):
            rows.append(await _page(browser, name, path))
    await pool.close()
    return rows


async def _page(browser: httpx.AsyncClient, name: str, path: str) -> str:
    times, size = [], 0
    for _ in range(CALLS):
        begun = time.perf_counter()
        answer = await browser.get(path)
        times.append((time.perf_counter() - begun) * 1000)
        assert answer.status_code == 200, (name, answer.status_code)
        size = max(size, len(answer.content))
    times.sort()
    p50, p95 = times[len(times) // 2], times[int(len(times) * 0.95)]
    over = " **over**" if p95 > P95_MS_MAX or size > PAGE_BYTES_MAX else ""
    return f"| {name} | {p50:.1f} | {p95:.1f}{over} | {size / 1000:.1f} |"


def database(stack: LocalStack) -> str:
    """Migrated, under a role that row-level security binds."""
    stack.postgres.ensure_database("pages")
    stack.postgres.execute("create role pages login password 'sandbox'; alter database pages owner to pages")
    admin = urlsplit(stack.postgres.dsn("pages"))
    dsn = urlunsplit(admin._replace(netloc=f"pages:sandbox@{admin.hostname}:{admin.port}"))
    with patch.dict(os.environ, {"STACK_MODE": "sandbox"}):
        command.upgrade(alembic_config("portal", dsn), "head")
    return dsn


def main() -> None:
    argparse.ArgumentParser(prog="python -m bench.portal_pages", description=__doc__).parse_args()
    with (
        tempfile.TemporaryDirectory() as made,
        LocalStack(Path(made), find_free_base(), parts=INFRASTRUCTURE) as stack,
    ):
        rows = asyncio.run(measure(database(stack)))
    sys.stdout.write("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
