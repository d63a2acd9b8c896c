"""A window closes while accounts come and change: nothing is paid silently to an old one, nothing is held for ever."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from payout import batch_repository, draft_payments
from payout.work import AccountsWork
from throughline.identifiers import payee_id_for
from throughline.items import ItemHeld, ItemReleased
from throughline.money import CENTS_MAX
from throughline.payees import ChangeAccount

if TYPE_CHECKING:
    from conftest import House

NPI = "1234567893"
PAYEE = payee_id_for("npi", NPI)
CUTOFF = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


async def test_an_account_enrolled_while_the_window_closes_releases_what_it_held(house: House) -> None:
    await house.payer()
    await house.approve()
    read = batch_repository.payees_with_accounts

    async def read_then_enrol(db: Any, payees: Any) -> Any:
        found = await read(db, payees)
        await house.enrol()
        await house.work()  # what the enrolment releases is looked for before the batch has committed
        return found

    with patch.object(batch_repository, "payees_with_accounts", read_then_enrol):
        await house.cutoff()
    assert await house.states() == {"held:no_account": 1}
    await house.work()
    assert await house.states() == {"waiting": 1}
    assert [type(one) for one in await house.said_of(ItemHeld, ItemReleased)] == [ItemHeld, ItemReleased]


async def test_a_change_of_account_that_came_first_holds_the_payment(house: House) -> None:
    await house.payer()
    await house.enrol()
    await house.approve()
    changed = ChangeAccount(
        payee_id=PAYEE, speaker="portal", requested_by="ann",
        sealed_account=house.sealed(PAYEE, "555555555", speaker="portal"),
    )  # fmt: skip
    store = AccountsWork.store
    about_to_commit, go_on = asyncio.Event(), asyncio.Event()

    async def store_and_wait(work: Any, db: Any) -> None:
        await store(work, db)
        about_to_commit.set()
        await go_on.wait()

    with patch.object(AccountsWork, "store", store_and_wait):
        changing = asyncio.create_task(house.hears(changed))
        await about_to_commit.wait()
        closing = asyncio.create_task(house.cutoff())
        await _waits_for_a_lock(house)
        go_on.set()
        await changing
        await closing
    assert await house.states() == {"held:cooling_off": 1}


async def _waits_for_a_lock(house: House) -> None:
    query = "select count(*) from pg_locks where not granted"
    async with asyncio.timeout(20):
        while not await house.pool.fetchval(query):  # noqa: ASYNC110  # it is the database that waits
            await asyncio.sleep(0.01)


async def test_what_a_file_cannot_total_waits_for_the_next_window(house: House) -> None:
    """What has waited longest goes first, whatever its company's place in the file."""
    await house.payer()
    await house.payer("beta", name="ZZ LAST")
    for at, npi in enumerate((NPI, "1558598797", "1003000126")):
        await house.enrol(npi)
        await house.approve(CENTS_MAX, npi, payer="acme" if at else "beta")
        house.clock.instant += timedelta(minutes=1)
    with patch.object(draft_payments, "MAX_TOTAL_CENTS", 2 * CENTS_MAX):
        await house.cutoff()
    assert await house.states() == {"scheduled": 2, "waiting": 1}
    assert await house.rows("select state from items where payer = 'beta'") == [("scheduled",)]
    await house.cutoff(datetime(2026, 11, 24, 20, 0, tzinfo=UTC))
    assert await house.states() == {"scheduled": 3}
    assert await house.rows("select payment_count, total_cents from batches order by closed_at") == [
        (2, 2 * CENTS_MAX), (1, CENTS_MAX),
    ]  # fmt: skip
