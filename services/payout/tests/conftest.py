"""A payout on a real database with its own vault, clock and bank directory, driven by hand."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import settings
from joserfc.jwk import OKPKey

from chassis import Context, FixedClock, testing
from payout.announce import announce_items, announce_payments
from payout.app import service
from payout.close_batch import close_due_windows
from payout.delivery import deliver_files
from payout.follow_ups import release_cooled_off, work_off_follow_ups
from payout.give_up_file import finish_giving_up
from payout.read_bank_files import read_bank_files
from payout.redate_files import redate_files
from payout.settings import PayoutSettings
from payout.take_back_batches import take_back_batches
from payout.vault import SEAL_KEY_FILE, load_vault
from payout.work import Resources
from throughline.adjudications import AdjudicatedLine, Adjudication
from throughline.decisions import ApprovalRevoked, Decider, SubmissionApproved
from throughline.identifiers import payee_id_for
from throughline.message import REGISTRY, Message
from throughline.money import CENTS_MAX
from throughline.payees import EnrolAccount
from throughline.programmes import BankEntry
from throughline.reference import Address, PayerRecorded
from throughline.requests import Payee, Subject
from throughline.sealed import BankAccount, new_key, seal_account
from throughline.sensitive import Sensitive, SensitiveTin

if TYPE_CHECKING:
    from stack.pytest_plugin import Databases

# How long an example takes says how busy the machine is.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

MONDAY_MORNING = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # 10:00 in New York
MONDAY_CUTOFF = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)  # 15:00
NPIS = ("1234567893", "1558598797", "1003000126", "1003000134", "1003000142", "1003000100")


@pytest.fixture(scope="session")
def payout_database(postgres: Databases) -> str:
    return testing.migrated("payout", postgres.make_database("payout"))


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    contents = {
        "account-encryption.key": secrets.token_hex(32),
        "account-fingerprint.key": secrets.token_hex(32),
        SEAL_KEY_FILE: json.dumps(new_key().as_dict(private=True)),
    }
    for name, content in contents.items():
        (folder / name).write_text(content)
        (folder / name).chmod(0o600)
    return folder


@pytest.fixture
async def pool(payout_database: str) -> AsyncIterator[asyncpg.Pool]:
    async with testing.emptied(
        payout_database,
        "truncate payers, payees, accounts, items, payments, batches, trace_numbers, file_days, journal, findings,"
        " bank_files, follow_ups, reversals, chassis.outbox, chassis.counters, chassis.heard_commands,"
        " chassis.entity_versions, chassis.said_before, chassis.recoveries",
        connections_max=8,
    ) as made:
        yield made


class House:
    """One payout, and the short words that its tests are written in."""

    def __init__(self, pool: asyncpg.Pool, dsn: str, keys: Path, directory: Path, **settings: Any) -> None:
        self.pool = pool
        self.directory = directory
        self.clock = FixedClock(MONDAY_MORNING)
        self.settings = PayoutSettings(database_url=dsn, keys_dir=keys, bank_directory=directory, **settings)
        self.vault = load_vault(keys)
        self.public_key = OKPKey.import_key(json.loads((keys / SEAL_KEY_FILE).read_text()))
        self.context: Context = testing.context_for(
            service, pool, clock=self.clock, settings=self.settings, resources=Resources(self.vault)
        )
        self.file, self.file_name = b"", ""
        """What the last `pay` sent."""

    # What others say

    async def hears(self, *messages: Message, ids: Iterable[UUID] = ()) -> list[Message]:
        """Deliver messages and answer what payout said to them."""
        given = list(ids)
        heard = []
        for at, message in enumerate(messages):
            about = (
                getattr(message, "request_id", None)
                or getattr(message, "payee_id", None)
                or getattr(message, "payer", "k")
            )
            heard.append(testing.heard(message, str(about), id=given[at] if at < len(given) else None))
        return [one.message for one in await testing.deliver(service, self.context, heard)]

    async def payer(
        self, payer: str = "acme", *, bank: str = "sandbox-bank", name: str = "ACME HEALTH"
    ) -> None:
        # All share one TIN: plans of one company do.
        await self.hears(
            PayerRecorded(
                payer=payer, version=1, name=name, tin="987654321", bank=bank,
                address=Address(street="1 Main", city="Town", state="CA", zip="90001"),
                contact_name="Desk", contact_phone="5555550100", auto_approve_below_cents=0,
            )
        )  # fmt: skip

    def enrolment(self, npi: str = NPIS[0], account: str = "123456789", **changes: Any) -> EnrolAccount:
        payee_id = payee_id_for("npi", npi)
        values: dict[str, Any] = {
            "payee_id": payee_id, "kind": "npi", "identifier": npi, "tin": SensitiveTin("123456789"),
            "name": "OAKWOOD CLINIC", "speaker": "enrolment", "sealed_account": self.sealed(payee_id, account),
            "verified_by": "bank-letter",
        }  # fmt: skip
        return EnrolAccount(**{**values, **changes})

    def sealed(
        self, payee_id: UUID, account: str, routing: str = "091000019", speaker: str = "enrolment"
    ) -> str:
        return seal_account(
            BankAccount(routing, account, "checking"),
            payee_id=payee_id,
            speaker=speaker,
            public_key=self.public_key,
        )

    async def enrol(self, npi: str = NPIS[0], account: str = "123456789", **changes: Any) -> list[Message]:
        return await self.hears(self.enrolment(npi, account, **changes))

    @staticmethod
    def approved(cents: int = 10_000, npi: str = NPIS[0], **changes: Any) -> SubmissionApproved:
        return approved(cents, npi, **changes)

    async def approve(self, cents: int = 10_000, npi: str = NPIS[0], **changes: Any) -> Approved:
        made = Approved(approved(cents, npi, **changes), uuid4())
        await self.hears(made.message, ids=[made.decision_id])
        return made

    # What time does

    async def cutoff(self, at: datetime = MONDAY_CUTOFF) -> None:
        self.clock.instant = at
        await close_due_windows(self.context)

    async def work(self) -> None:
        """Every timer, until nothing changes any more."""
        for _ in range(3):
            await announce_items(self.context)
            await redate_files(self.context)
            await take_back_batches(self.context)
            await finish_giving_up(self.context)
            await deliver_files(self.context)
            await announce_payments(self.context)
            await read_bank_files(self.context)
            await work_off_follow_ups(self.context)
            await release_cooled_off(self.context)

    async def pay(self) -> bytes:
        """Close Monday's window and send its file; the bytes as the bank finds them."""
        await self.cutoff()
        await self.work()
        (file,) = self.inbox()
        self.file, self.file_name = file.read_bytes(), file.name
        return self.file

    def inbox(self) -> list[Path]:
        return sorted((self.directory / "inbox").glob("*"))

    def bank_says(self, name: str, content: bytes | dict[str, Any]) -> None:
        outbox = self.directory / "outbox"
        outbox.mkdir(parents=True, exist_ok=True)
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        part = outbox / f".{name}.part"
        part.write_bytes(raw)
        part.rename(outbox / name)

    async def look_back(self) -> None:
        """As every second after a restore: what is still to be made again."""
        await self.context.said_before.look(self.pool)

    # What payout said and stored

    async def said(self) -> list[Message]:
        """Everything said outside a slice, in order."""
        found = []
        for record in await testing.said_in(self.pool):
            headers = dict(record.headers)
            name = headers["ce_type"].decode().removeprefix("throughline.")
            found.append(REGISTRY[name, 1].model_validate_json(record.value))
        return found

    async def said_of(self, *types: type[Message]) -> list[Any]:
        return [one for one in await self.said() if isinstance(one, types)]

    async def rows(self, query: str, *args: object) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.pool.fetch(query, *args)]

    async def states(self) -> dict[str, int]:
        return dict(
            await self.rows("select state || coalesce(':' || reason, ''), count(*) from items group by 1")
        )

    async def balances(self) -> dict[str, int]:
        rows = await self.rows(
            "select account, sum(cents)::bigint from postings group by 1 having sum(cents) <> 0"
        )
        return {account: int(cents) for account, cents in rows}


class Approved:
    """An approval and its decision id."""

    def __init__(self, message: SubmissionApproved, decision_id: UUID) -> None:
        self.message = message
        self.decision_id = decision_id
        self.request_id = message.request_id

    def revoked(self, cause: str = "withdrawal") -> ApprovalRevoked:
        return ApprovalRevoked.model_validate(
            {
                "request_id": self.request_id,
                "version": self.message.version,
                "decision_id": self.decision_id,
                "cause": cause,
            }
        )


def approved(
    cents: int = 10_000,
    npi: str = NPIS[0],
    *,
    request_id: UUID | None = None,
    version: int = 1,
    payer: str = "acme",
    programme: str = "medical",
    entry: BankEntry | None = None,
) -> SubmissionApproved:
    parts = [cents] if cents <= CENTS_MAX else [CENTS_MAX, cents - CENTS_MAX]
    lines = tuple(
        AdjudicatedLine(
            line_id=str(number), from_date=date(2026, 11, 2), to_date=date(2026, 11, 2), code="99213",
            units_thousandths=1000, charge_cents=part, allowed_cents=part, paid_cents=part,
        )
        for number, part in enumerate(parts)
    )  # fmt: skip
    adjudication = Adjudication.model_validate(
        {
            "partner": "billing", "number": "R-1", "payer_claim_number": "T1", "payer": payer, "programme": programme,
            "payee": Payee(kind="npi", identifier=npi, tin=SensitiveTin("123456789")),
            "payee_id": payee_id_for("npi", npi),
            "subject": Subject(member_id=Sensitive("M1"), last_name=Sensitive("Doe")),
            "frequency": "1", "charge_cents": cents, "paid_cents": cents, "patient_responsibility_cents": 0,
            "lines": lines, "entry": entry,
        }
    )  # fmt: skip
    return SubmissionApproved(
        request_id=request_id or uuid4(), version=version, adjudication=adjudication, decided_by=Decider(kind="system"),
        rule_set="0" * 64,
    )  # fmt: skip


@pytest.fixture
def house(pool: asyncpg.Pool, payout_database: str, keys: Path, tmp_path: Path) -> House:
    return House(pool, payout_database, keys, tmp_path / "bank")


@pytest.fixture(scope="session")
def house_type() -> type[House]:
    """For tests that build their own, once for each example."""
    return House
