"""Bank account: the mask of where money goes, its waiting period, and the change of it by step-up and a second person.

The number is sealed to payout's key while the form's request is handled. It is neither stored nor logged nor shown
again.
"""

from __future__ import annotations

import json
from typing import Annotated, Any
from uuid import UUID, uuid4

import asyncpg
from fastapi import Form, HTTPException, Response
from joserfc.jwk import OKPKey

from portal import step_up
from portal.banking_days import business_day
from portal.page import Nav, Visit, may, page_router
from portal.payee_on_file import organisation_of_payee
from portal.rules import PROVIDERS, Role
from throughline.identifiers import routing_is_valid
from throughline.payees import ChangeAccount
from throughline.sealed import BankAccount, seal_account

router = page_router(Nav("bank_account", "/bank-account", PROVIDERS, order=40))

SPEAKER = "portal"
_ACCOUNTS = """
select p.payee_id, p.name as payee_name, a.mask, a.state, a.payable_from, a.reason, a.return_code, a.pending_mask,
    a.changed_at
from payees p left join payee_accounts a on a.payee_id = p.payee_id
where ($1::uuid is null or p.payee_id = $1) order by p.name, p.payee_id limit 200
"""
_WAITING = """
select count(*) as n, coalesce(sum(coalesce(paid_cents, charge_cents)), 0)::bigint as cents from requests
where payee_id = $1 and state = 'Exception' and substatus in ('on hold', 'returned')
"""


@router.get("/bank-account")
async def list_accounts(visit: Annotated[Visit, may(*PROVIDERS)]) -> Response:
    async with visit.reading() as db:
        accounts = [dict(row) for row in await db.fetch(_ACCOUNTS, None)]
    today = business_day(visit.context.clock.now())
    return await visit.show("bank_accounts.html", accounts=accounts, today=today)


@router.get("/bank-account/{payee_id}")
async def show_account(visit: Annotated[Visit, may(*PROVIDERS)], payee_id: UUID) -> Response:
    return await _page(visit, payee_id, [])


@router.post("/bank-account/{payee_id}")
async def change_account(
    visit: Annotated[Visit, may(Role.PROVIDER_ADMIN)],
    payee_id: UUID,
    once: Annotated[UUID, Form()],
    routing: Annotated[str, Form(max_length=20)],
    number: Annotated[str, Form(max_length=40)],
    again: Annotated[str, Form(max_length=40)],
    kind: Annotated[str, Form(pattern="^(checking|savings)$")],
) -> Response:
    """Seal it, show its mask, and ask for a proof of who asks. What was typed is never put into the page again."""
    routing, number = routing.strip(), number.strip()
    wrong = _wrong(routing, number, again.strip())
    if wrong:
        return await _page(visit, payee_id, wrong)
    async with visit.reading() as db:
        account = await _one(db, payee_id)
        if account["mask"] is None:
            raise HTTPException(412)
        organisation_id = await organisation_of_payee(db, payee_id)
    sealed = seal_account(
        BankAccount(routing, number, kind), payee_id=payee_id, speaker=SPEAKER, public_key=_payouts_key(visit)
    )
    command = ChangeAccount(
        payee_id=payee_id, speaker=SPEAKER, sealed_account=sealed, requested_by=str(visit.session.person_id)
    )
    return await step_up.ask(
        visit,
        command,
        key=str(payee_id),
        once=once,
        facts=[
            ("bank_account.payee", account["payee_name"] or str(payee_id)),
            ("bank_account.new_account", mask(number)),
            ("bank_account.routing", "•••••" + routing[-4:]),
        ],
        back=f"/bank-account/{payee_id}",
        notice="bank_account.asked",
        role=Role.PROVIDER_ADMIN,
        organisation_id=organisation_id,
        correlation_id=str(payee_id),
    )


def mask(number: str) -> str:
    """As payout shows it: bullets and the last four, and no digit of a number of six characters or fewer."""
    return "••••" + (number[-4:] if len(number) > 6 else "")


def _wrong(routing: str, number: str, again: str) -> list[str]:
    """Names of the fields at fault."""
    wrong = [] if routing_is_valid(routing) else ["routing"]
    if not (1 <= len(number) <= 17 and number.isascii() and number.isalnum()):
        wrong.append("number")
    elif number != again:
        wrong.append("again")
    return wrong


def _payouts_key(visit: Visit) -> OKPKey:
    file = visit.settings.sealing_key_file
    if file is None:
        raise HTTPException(503)
    return OKPKey.import_key(json.loads(file.read_text("ascii")))


async def _one(db: asyncpg.Connection, payee_id: UUID) -> dict[str, Any]:
    row = await db.fetchrow(_ACCOUNTS, payee_id)
    if row is None:
        raise HTTPException(404)
    return dict(row)


async def _page(visit: Visit, payee_id: UUID, wrong: list[str]) -> Response:
    async with visit.reading() as db:
        account = await _one(db, payee_id)
        waiting = dict(await db.fetchrow(_WAITING, payee_id))
    return await visit.show(
        "bank_account.html",
        status=422 if wrong else 200,
        account=account,
        waiting=waiting,
        wrong=wrong,
        today=business_day(visit.context.clock.now()),
        may_change=visit.has(Role.PROVIDER_ADMIN) and account["mask"] is not None,
        once=uuid4(),
    )
