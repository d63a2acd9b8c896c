"""Account changes: accounts that were asked for and wait for a second person, and those that cool off."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Form, HTTPException, Response

from portal import step_up
from portal.page import Nav, Visit, may, page_router
from portal.rules import OPERATIONS, givers_of
from throughline.payees import ConfirmAccount

router = page_router(Nav("account_changes", "/account-changes", OPERATIONS, order=60))

PAGE = 100

_WAITING = """
select a.payee_id, a.mask, a.pending_token, a.pending_mask, a.changed_at, p.name as payee_name,
       p.identifier as payee_identifier, t.actor as asked_by
from payee_accounts a left join payees p using (payee_id)
left join lateral (select actor from told where subject = a.payee_id and type = 'ChangeAccount'
                   order by at desc limit 1) t on true
where a.pending_token is not null order by a.changed_at limit $1
"""
_COOLING = """
select a.payee_id, a.mask, a.payable_from, a.state, a.reason, a.return_code, p.name as payee_name
from payee_accounts a left join payees p using (payee_id)
where a.pending_token is null and (a.state <> 'verified' or a.payable_from > $1)
order by a.payable_from nulls first, a.payee_id limit $2
"""
_ONE = """
select a.pending_token, a.pending_mask, a.mask, p.name as payee_name from payee_accounts a
left join payees p using (payee_id) where a.payee_id = $1
"""


@router.get("/account-changes")
async def account_changes(visit: Annotated[Visit, may(*OPERATIONS)]) -> Response:
    today = visit.context.clock.today()
    async with visit.reading() as db:
        waiting = await db.fetch(_WAITING, PAGE)
        cooling = await db.fetch(_COOLING, today, PAGE)
    return await visit.show(
        "account_changes.html",
        waiting=waiting,
        cooling=cooling,
        once=uuid4(),
        me=str(visit.session.person_id),
    )


@router.post("/account-changes/{payee_id}/confirm")
async def confirm(
    visit: Annotated[Visit, may(*givers_of(ConfirmAccount))],
    payee_id: UUID,
    token: Annotated[str, Form(min_length=1, max_length=200)],
    once: Annotated[UUID, Form()],
) -> Response:
    """With a step-up over the payee and the masks. Payout refuses who asked for the change."""
    async with visit.reading() as db:
        row = await db.fetchrow(_ONE, payee_id)
    if row is None or row["pending_token"] is None:
        raise HTTPException(404)
    if row["pending_token"] != token:
        raise HTTPException(412)
    command = ConfirmAccount(
        payee_id=payee_id,
        account_token=token,
        account_mask=row["pending_mask"],
        confirmed_by=str(visit.session.person_id),
    )
    return await step_up.ask(
        visit,
        command,
        key=str(payee_id),
        once=once,
        facts=(
            ("account_changes.payee", row["payee_name"] or str(payee_id)),
            ("account_changes.old", row["mask"] or "–"),
            ("account_changes.new", row["pending_mask"] or "–"),
        ),
        back="/account-changes",
        notice="account_changes.asked",
    )
