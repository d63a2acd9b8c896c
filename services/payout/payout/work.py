"""What one slice needs in memory: loaded at once with its rows locked, decided upon, stored at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from chassis import Context, Heard
from payout import account_repository, repository
from payout.account_repository import AccountRow, PayeeRow
from payout.domain import AccountState, Item
from payout.ledger import JournalEntry, Step, journal_entry
from payout.repository import NewItem, PayerRow
from payout.vault import Vault
from throughline.reasons import Reason


@dataclass(frozen=True, slots=True)
class Resources:
    """What a process keeps: the opened vault, and which of the banks' files it has looked at."""

    vault: Vault
    seen_files: set[tuple[str, str, int, int]] = field(default_factory=set)
    """(bank, name, size, modification time in ns). Forgetting it costs a second look and nothing else."""


class ItemsWork:
    """The items of the requests that a slice of decisions or orders is about."""

    def __init__(self, items: Sequence[Item], now: datetime, slice_name: str) -> None:
        self.now = now
        self._slice_name = slice_name
        self._of_request: dict[UUID, list[Item]] = {}
        for item in items:
            self._of_request.setdefault(item.request_id, []).append(item)
        self._new: list[NewItem] = []
        self._changed: dict[UUID, Item] = {}
        self._approved: dict[str, int] = {}
        self._entries: list[JournalEntry] = []

    @classmethod
    async def load(cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context) -> ItemsWork:
        return cls(await cls.items_named(db, heard), context.clock.now(), cls.name_of(heard))

    @staticmethod
    async def items_named(db: asyncpg.Connection, heard: Sequence[Heard[Any]]) -> list[Item]:
        """The items of every request that the slice names, locked."""
        ids = [one.message.request_id for one in heard if hasattr(one.message, "request_id")]
        return await repository.lock_items_of_requests(db, ids)

    @staticmethod
    def name_of(heard: Sequence[Heard[Any]]) -> str:
        first, last = heard[0], heard[-1]
        return f"{first.topic}/{first.partition}/{first.offset}-{last.offset}"

    def items_of(self, request_id: UUID) -> list[Item]:
        return self._of_request.get(request_id, [])

    def item(self, decision_id: UUID, request_id: UUID) -> Item | None:
        return next((one for one in self.items_of(request_id) if one.decision_id == decision_id), None)

    def current(self, request_id: UUID, version: int) -> Item | None:
        """The item of a version that an order is about: the one that is not stopped, else the last."""
        found = [one for one in self.items_of(request_id) if one.version == version]
        live = [one for one in found if one.is_live]
        return live[0] if live else (found[-1] if found else None)

    def add(self, new: NewItem) -> None:
        self._of_request.setdefault(new.item.request_id, []).append(new.item)
        self._new.append(new)
        if new.item.cents:
            self._approved[new.item.payer] = self._approved.get(new.item.payer, 0) + new.item.cents

    def changed(self, item: Item) -> None:
        self._changed[item.decision_id] = item

    def post(self, entry: JournalEntry) -> None:
        self._entries.append(entry)

    async def store(self, db: asyncpg.Connection) -> None:
        fresh = {one.item.decision_id for one in self._new}
        await repository.insert_items(db, self._new, self.now)
        changed = [item for decision_id, item in self._changed.items() if decision_id not in fresh]
        await repository.update_items(db, changed, self.now)
        # One entry per payer and slice: what was approved stands item by item in the items themselves.
        approved = [
            journal_entry(Step.APPROVED, payer, self._slice_name, cents)
            for payer, cents in self._approved.items()
        ]
        await repository.post(db, [*approved, *self._entries])


class AccountsWork:
    """The accounts of the payees that a slice of commands is about."""

    def __init__(
        self, accounts: Sequence[AccountRow], vault: Vault, today: date, cooling_off_banking_days: int
    ) -> None:
        self.vault = vault
        self.today = today
        self.cooling_off_banking_days = cooling_off_banking_days
        self._accounts: dict[UUID, list[AccountRow]] = {}
        for account in accounts:
            self._accounts.setdefault(account.payee_id, []).append(account)
        self._changed: dict[str, AccountRow] = {}
        self._payees: list[PayeeRow] = []
        self._follow_ups: list[tuple[UUID, str, UUID, Reason]] = []

    @classmethod
    async def load(
        cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context
    ) -> AccountsWork:
        accounts = await account_repository.lock_accounts(db, (one.message.payee_id for one in heard))
        return cls(
            accounts,
            context.resources.vault,
            context.clock.today(),
            context.settings.cooling_off_banking_days,
        )

    def in_use(self, payee_id: UUID) -> AccountRow | None:
        """The account that is paid to, or was until it was held."""
        states = (AccountState.ACTIVE, AccountState.HELD)
        return next((one for one in self._accounts.get(payee_id, []) if one.state in states), None)

    def unconfirmed(self, payee_id: UUID) -> AccountRow | None:
        found = self._accounts.get(payee_id, [])
        return next((one for one in found if one.state is AccountState.UNCONFIRMED), None)

    def named(self, payee_id: UUID, token: str) -> AccountRow | None:
        return next((one for one in self._accounts.get(payee_id, []) if one.token == token), None)

    def put(self, account: AccountRow) -> None:
        if account.fresh and account.token not in self._changed:
            self._accounts.setdefault(account.payee_id, []).append(account)
        self._changed[account.token] = account

    def put_payee(self, payee: PayeeRow) -> None:
        self._payees.append(payee)

    def release_items_of(self, payee_id: UUID, cause: UUID) -> None:
        """Items held for want of an account wait again; done later, because they may be many."""
        self._follow_ups.append((cause, "release_items", payee_id, Reason.ACCOUNT_ARRIVED))

    async def store(self, db: asyncpg.Connection) -> None:
        await account_repository.store_accounts(db, list(self._changed.values()))
        await account_repository.upsert_payees(db, self._payees)
        await repository.store_follow_ups(db, self._follow_ups)


class PayersWork:
    """Payers as their master system last told of them. The chassis lets only a rising version through."""

    def __init__(self) -> None:
        self.payers: list[PayerRow] = []

    @classmethod
    async def load(cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context) -> PayersWork:
        return cls()

    async def store(self, db: asyncpg.Connection) -> None:
        await repository.upsert_payers(db, self.payers)
