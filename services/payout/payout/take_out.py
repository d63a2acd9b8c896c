"""What a batch that waited can no longer pay: payments whose accounts were held, replaced or are being changed. They
are taken out before the batch may be released; nothing is paid silently to an account that is no longer in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg

from payout.batch_repository import payees_with_accounts
from payout.domain import Payable, refuse_account
from payout.ledger import Step, journal_entry
from payout.repository import post, store_follow_ups
from throughline.identifiers import derived
from throughline.reasons import Reason


@dataclass(frozen=True, slots=True)
class Unpayable:
    """A payment that must not leave, and why."""

    payment_id: UUID
    batch_id: UUID
    payer: str
    cents: int
    reason: Reason


def refuse_payment(token: str, account: Payable | None, today: date) -> Reason | None:
    """Why a payment to this account cannot leave today. One that was replaced is another account by now: what is owed
    waits for that one."""
    refusal = refuse_account(account, today)
    if refusal is None and account is not None and account.token != token:
        return Reason.COOLING_OFF
    return refusal


async def lock_unpayable(
    db: asyncpg.Connection, batch_ids: Sequence[UUID], today: date
) -> dict[UUID, list[Unpayable]]:
    """Of these batches, locked by the caller; their payees' accounts stay as they are until the commit. What was told
    of as sent counts too: it is asked for a file that is to leave again."""
    if not batch_ids:
        return {}
    rows = await db.fetch(
        "select payment_id, batch_id, payer, cents, payee_id, account_token from payments"
        " where batch_id = any($1::uuid[]) and state in ('scheduled', 'sent') order by payment_id for update",
        sorted(batch_ids),
    )
    payees = await payees_with_accounts(db, [row["payee_id"] for row in rows])
    accounts: Mapping[UUID, Payable] = {payee_id: payee.payable for payee_id, payee in payees.items()}
    found: dict[UUID, list[Unpayable]] = {}
    for row in rows:
        reason = refuse_payment(row["account_token"], accounts.get(row["payee_id"]), today)
        if reason is not None:
            one = Unpayable(row["payment_id"], row["batch_id"], row["payer"], row["cents"], reason)
            found.setdefault(one.batch_id, []).append(one)
    return found


async def store_taken_out(db: asyncpg.Connection, taken: Sequence[Unpayable]) -> None:
    """Refused like what a bank refuses: the money is owed again, and the items, which may be many, are held later."""
    if not taken:
        return
    await db.execute(
        "update payments set state = 'refused' where payment_id = any($1::uuid[])",
        [one.payment_id for one in taken],
    )
    await post(
        db,
        [journal_entry(Step.REFUSED, one.payer, f"payment/{one.payment_id}", one.cents) for one in taken],
    )
    await store_follow_ups(
        db,
        [
            (
                derived("hold-items", str(one.payment_id), one.reason.value),
                "hold_items",
                one.payment_id,
                one.reason,
            )
            for one in taken
        ],
    )
