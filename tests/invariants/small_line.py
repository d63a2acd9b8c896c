"""Intake, validation, payout and remittance on real PostgreSQL, joined by lists in memory instead of Kafka.

Each topic is a list; each hearer has its own place in it and is moved by hand, so that any interleaving of services can
be tried, thousands of times, without a broker. What the chassis promises is taken as given: each record of a topic is
heard once and in order by each hearer.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from joserfc.jwk import OKPKey
from tests.invariants.places import EMPTY, HEARERS, NPIS, OF_A_REQUEST, PARTNERS, START, TIMERS

import intake.app
import payout.app
import remittance.app
import validation.app
from chassis import Context, FixedClock, Service, testing
from chassis.heard import Heard
from chassis.pack import unpack
from intake.registration import Registrations
from intake.resources import Resources
from intake.settings import Settings as IntakeSettings
from payout.close_batch import close_due_windows
from payout.settings import PayoutSettings
from payout.vault import SEAL_KEY_FILE
from remittance.post_waiting import post_waiting
from remittance.settings import RemittanceSettings
from throughline.envelope import read_envelope
from throughline.identifiers import payee_id_for
from throughline.items import ItemScheduled
from throughline.lifecycle import Told, VersionState, fold
from throughline.message import Message
from throughline.payees import EnrolAccount
from throughline.reference import PartnerRegistered
from throughline.sealed import BankAccount, new_key, seal_account
from throughline.sensitive import SensitiveTin
from validation.settings import ValidationSettings
from validation.testing import TIN, contract, fees, payer, provider


@dataclass
class Node:
    service: Service
    pool: asyncpg.Pool
    context: Context


class SmallLine:
    """The services of one test; ``begin`` empties them for the next history."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = FixedClock(START)
        self.nodes: dict[str, Node] = {}
        self.topics: dict[str, list[Any]] = {}
        self.places: dict[tuple[str, str], int] = {}
        keys = directory / "keys"
        keys.mkdir()
        self._sealing = new_key()
        contents = {
            "account-encryption.key": secrets.token_hex(32),
            "account-fingerprint.key": secrets.token_hex(32),
            SEAL_KEY_FILE: json.dumps(self._sealing.as_dict(private=True)),
        }
        for name, content in contents.items():
            (keys / name).write_text(content)
            (keys / name).chmod(0o600)
        self.keys = keys
        self.bank_directory = directory / "bank"

    async def start(self, dsn_of: Callable[[str], str]) -> None:
        """Connect to migrated databases, and tell every service of the world: partners, payers, contracts, prices."""
        settings: dict[str, Any] = {
            "intake": IntakeSettings(database_url=dsn_of("intake")),
            "validation": ValidationSettings(database_url=dsn_of("validation")),
            "payout": PayoutSettings(
                database_url=dsn_of("payout"),
                keys_dir=self.keys,
                bank_directory=self.bank_directory,
                cooling_off_banking_days=1,
            ),
            "remittance": RemittanceSettings(database_url=dsn_of("remittance")),
        }
        services = (intake.app.service, validation.app.service, payout.app.service, remittance.app.service)
        for service in services:
            mine = settings[service.name]
            pool = await asyncpg.create_pool(dsn_of(service.name), min_size=1, max_size=3)
            resources: Any = Resources(Registrations(0))
            if service is validation.app.service:
                resources = await validation.app.build_resources(mine, pool)
            elif service is payout.app.service:
                resources = await payout.app.build_resources(mine, pool)
            context = testing.context_for(service, pool, clock=self.clock, settings=mine, resources=resources)
            self.nodes[service.name] = Node(service, pool, context)
        await self._tell_reference()

    async def _tell_reference(self) -> None:
        payers = [payer(), payer(payer="bolt", name="Bolt Health", tin="876543219")]
        providers = [
            provider(payee_id=payee_id_for("npi", npi), npi=npi, identifier=npi, name=f"Clinic {npi[-1]}")
            for npi in NPIS
        ]
        contracts = [
            contract(),
            contract(contract_id="bolt-general", payer="bolt"),
            # The patient owes all of it: priced to zero.
            contract(
                contract_id="acme-free", coinsurance_basis_points=10_000, effective_from=date(2019, 1, 1)
            ),
        ]
        partners = [
            PartnerRegistered(
                partner=one, version=1, name=one, api_key_sha256=sha256(one.encode()).hexdigest()
            )
            for one in PARTNERS
        ]
        for name, told in (
            ("intake", partners),
            ("validation", [*payers, *providers, *contracts, fees()]),
            ("payout", payers),
            ("remittance", [*payers, *providers]),
        ):  # fmt: skip
            node = self.nodes[name]
            await testing.deliver(node.service, node.context, list(told))

    async def close(self) -> None:
        for node in self.nodes.values():
            await node.pool.close()

    async def begin(self) -> None:
        """A new history on empty tables; reference data stays."""
        for name, node in self.nodes.items():
            await node.pool.execute(";".join(f"delete from {table}" for table in EMPTY[name].split()))
        self.clock.instant = START
        self.topics = {}
        self.places = dict.fromkeys(HEARERS, 0)
        self.nodes["payout"].context.resources.seen_files.clear()
        for folder in ("inbox", "outbox"):
            place = self.bank_directory / folder
            place.mkdir(parents=True, exist_ok=True)
            for file in place.iterdir():
                file.unlink()

    # What others say

    def command(self, topic: str, message: Message, key: str) -> None:
        self._append(topic, testing.heard(message, key, topic=topic, id=uuid4(), timestamp_ms=self._now_ms()))

    def record(self, partner: str, message: Message) -> None:
        """A partner's own record, under an id of its own."""
        headers = (("ce_id", uuid4().hex.encode()), ("ce_type", message.type_name().encode()))
        topic = f"intake.{partner}"
        value = message.model_dump_json().encode()
        self._append(topic, testing.raw(topic, value, headers=headers, timestamp_ms=self._now_ms()))

    def enrolment(self, payee: int, account: str) -> EnrolAccount:
        npi = NPIS[payee]
        payee_id = payee_id_for("npi", npi)
        return EnrolAccount(
            payee_id=payee_id, kind="npi", identifier=npi, tin=SensitiveTin(TIN), name=f"CLINIC {npi[-1]}",
            speaker="enrolment", sealed_account=self.sealed(payee_id, account), verified_by="bank-letter",
        )  # fmt: skip

    def sealed(self, payee_id: UUID, account: str) -> str:
        return seal_account(
            BankAccount("091000019", account, "checking"),
            payee_id=payee_id,
            speaker="enrolment",
            public_key=OKPKey.import_key(self._sealing.as_dict(private=False)),
        )

    def _now_ms(self) -> int:
        return int(self.clock.instant.timestamp() * 1000)

    # What moves

    async def hear(self, hearer: tuple[str, str], most: int = 1_000) -> bool:
        """Let one service hear the next records of one topic, as one slice. False where there are none."""
        service, topic = hearer
        log, place = self.topics.get(topic, []), self.places[hearer]
        taken = log[place : place + most]
        if not taken:
            return False
        node = self.nodes[service]
        hearing = node.service.hearing_of(topic)
        assert hearing is not None
        known = [one for one in taken if hearing.is_raw or type(one.message) in hearing.on]
        if known:
            await testing.deliver(hearing, node.context, known)
        self.places[hearer] = place + len(taken)
        await self._collect(node)
        return True

    async def tick(self, timer: Callable[[Context], Awaitable[None]]) -> None:
        await timer(self.nodes["payout"].context)
        await self._collect(self.nodes["payout"])

    async def settle_down(self) -> None:
        """Until nobody has anything to hear and no timer anything to do."""
        busy = True
        while busy:
            busy = False
            for hearer in HEARERS:
                busy = await self.hear(hearer) or busy
            before = self._said_count()
            for timer in TIMERS:
                await self.tick(timer)
            await post_waiting(self.nodes["remittance"].context)
            await self._collect(self.nodes["remittance"])
            busy = busy or self._said_count() != before

    async def close_windows(self) -> None:
        await self.tick(close_due_windows)

    async def _collect(self, node: Node) -> None:
        rows = await node.pool.fetch(
            "with gone as (delete from chassis.outbox returning body, stored_at, name)"
            " select body from gone order by stored_at, name"
        )
        for row in rows:
            for record in unpack(row["body"]):
                self._append(record.topic, self._heard(record))

    def _heard(self, record: Any) -> Heard[Any]:
        envelope = read_envelope(record.headers)
        kind = envelope.message_class()
        assert kind is not None
        message = kind.model_validate_json(record.value)
        offset = len(self.topics.get(record.topic, ()))
        return Heard(message, envelope, record.key.decode(), record.topic, 0, offset, self._now_ms())

    def _append(self, topic: str, one: Any) -> None:
        self.topics.setdefault(topic, []).append(one)

    def _said_count(self) -> int:
        return sum(len(log) for log in self.topics.values())

    # What can be seen from outside

    def said(self, topic: str) -> list[Heard[Any]]:
        return self.topics.get(topic, [])

    def events(self, *kinds: type[Message]) -> list[Any]:
        return [
            one.message
            for topic in OF_A_REQUEST
            for one in self.said(topic)
            if isinstance(one.message, kinds)
        ]

    def states(self, request_id: UUID) -> dict[int, VersionState]:
        """Where each version stands by the fold over everything said so far."""
        told, named = [], set()
        for one in self.said("items"):
            if isinstance(one.message, ItemScheduled) and one.message.request_id == request_id:
                named |= {one.message.payment_id, one.message.batch_id}
        for topic in OF_A_REQUEST:
            for one in self.said(topic):
                message = one.message
                about = getattr(message, "request_id", None)
                of_money = {getattr(message, "payment_id", None), getattr(message, "batch_id", None)} & named
                if about == request_id or (about is None and of_money):
                    told.append(_told(one))
        return fold(told)


def _told(one: Heard[Any]) -> Told:
    envelope = one.envelope
    return Told(one.topic, one.key or "", one.offset, envelope.id, envelope.time, one.message)
