"""One whole local line for every test that needs one: real broker, database, bank and services, driven as its users do.

Business time only moves forward: whoever needs a bank's day lives through the next one.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from random import Random
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
from sample_input.claims import ClaimMaker
from sample_input.feed import envelope_headers, request_id
from sample_input.reference import Provider, World, build_world
from typer.testing import CliRunner

from sandbox_bank.bank_days import ZONE, after
from stack import LocalStack
from stack.people import KeyFile
from stack.provider_people import BILLER, PROVIDER, act_for
from throughline.answers import Coordinates, RequestAnswered
from throughline.flow import INTAKE, ORDERS, PAYEES
from throughline.message import Command, Message
from throughline.payees import ChangeAccount, ConfirmAccount
from throughline.payments import BatchClosed, PaymentSent
from throughline.reference import PartnerRegistered
from throughline.requests import CorrectRequest, PaymentRequest, SubmitRequest
from throughline.sealed import BankAccount, seal_account
from throughline_cli import show
from throughline_cli.app import app
from throughline_cli.clock import read_clock
from throughline_cli.demo import reference
from throughline_cli.demo.bank_files import Entry, delivered_entries
from throughline_cli.demo.place import Place
from throughline_cli.demo.remittance_files import Remittance, read_835
from throughline_cli.demo.rest import Rest, bank_has_lived
from throughline_cli.demo.sent import SentLog
from throughline_cli.demo.story import Story, tell
from throughline_cli.line import Line
from throughline_cli.speaking import SPEAKER, Speaker
from throughline_cli.witness import Witness

PATIENCE_S = 45.0
BY_KAFKA, BY_FILE, BY_HTTP = "cedar-billing", "northclear", "evergreen-ehr"
"""Partners of the sample world, by how they send here."""
MAGIC_ACCOUNTS = {
    "returned": "9901030301",
    "corrected": "9901020001",
    "late": "9903000001",
    "lost": "9904000001",
    "stated twice": "9905000001",
    "returned twice": "9905030001",
    "refused entry": "9906000001",
    "refused file": "9907000001",
    "returned in the portal": "9901020002",
}
"""Account numbers that choose the sandbox bank's answer (deploy/sandbox/README.md)."""


def environment(otlp_endpoint: str) -> dict[str, dict[str, str]]:
    """Short waits, so that tests are short; and every span exported, so that it can be looked at."""
    return {
        "*": {
            "SESSION_TIMEOUT_S": "6",
            "HEARTBEAT_INTERVAL_S": "0.5",
            "METADATA_MAX_AGE_S": "1",
            "OTLP_ENDPOINT": otlp_endpoint,
        },
        "intake": {"REGISTRATION_WAIT_S": "2"},
        "bank": {"BANK_COLLECT_SECONDS_MAX": "0.3"},
    }


Spoken = TypeVar("Spoken", bound=Message)


class WholeLine:
    """A running stack with the sample's world on it: what people, partners and the bank do, and what was said of it."""

    def __init__(self, stack: LocalStack, out: Path, witness: Witness, speaker: Speaker) -> None:
        self.stack, self.witness, self.speaker = stack, witness, speaker
        self.place = Place(stack, out)
        self.http = Line(stack)
        self.sent = SentLog()
        self.out = out
        self.world: World = build_world(Random(5), MAGIC_ACCOUNTS, clean_providers=40)
        self.maker = ClaimMaker(Random(6), self.world)
        self._payees = iter(self.world.of_role("clean"))
        self._changes_of_payers = 0
        self._rest = Rest(self.place, witness)

    # the world

    def publish_world(self) -> None:
        """Partners and their topics, payers, providers, terms; then the accounts, under seal."""
        world = self.world
        reference.publish_partners(self.stack, self.speaker, list(world.partners.values()))
        for entity, messages in (
            ("payers", list(world.payers.values())),
            ("providers", [one.record for one in world.providers]),
            ("contracts", list(world.contracts.values())),
            ("fee-schedules", list(world.schedules.values())),
        ):
            reference.publish(self.speaker, entity, list(messages))
        payees = [one.record.payee_id for one in world.providers]
        act_for(self.stack.kafka_bootstrap, self.stack.places.people, BILLER, payees)
        act_for(self.stack.kafka_bootstrap, self.stack.places.people, PROVIDER, payees[:1])
        self.rest()
        for provider in world.providers:
            if provider.account is not None:
                self.enrol(provider, provider.account)
        self.rest()

    @contextmanager
    def payer_with(self, name: str, **changes: object) -> Iterator[None]:
        """The payer is as the world has it but for these changes, which every service has heard; then as it was."""
        self._record_payer(name, changes)
        try:
            yield
        finally:
            self._record_payer(name, {})

    def _record_payer(self, name: str, changes: dict[str, object]) -> None:
        known = self.world.payers[name]
        self._changes_of_payers += 1
        changed = known.model_copy(update={"version": known.version + self._changes_of_payers, **changes})
        reference.publish(self.speaker, "payers", [changed])
        self.rest()

    def new_payee(self) -> Provider:
        """One with an account that just settles, and that no other journey uses."""
        return next(self._payees)

    def enrol(self, payee: Provider, account: str, name: str | None = None) -> None:
        told = {
            "kind": payee.record.kind,
            "identifier": payee.record.identifier,
            "tin": payee.record.tin.reveal(),
            "name": name or payee.bank_name,
            "routing": payee.routing,
            "account": account,
        }
        reference.enrol(self.speaker, told, reference.sealing_key(self.stack.places.keys))
        self.speaker.flush()

    def sealed(self, payee: Provider, account: str) -> str:
        """Another account of a payee, under seal, as this terminal's."""
        key = reference.sealing_key(self.stack.places.keys)
        return seal_account(
            BankAccount(payee.routing, account, "checking"),
            payee_id=payee.record.payee_id,
            speaker=SPEAKER,
            public_key=key,
        )

    def order(self, command: Command, key: str) -> UUID:
        """What operations staff ask of payout."""
        return self._say(ORDERS.name, command, key)

    def ask_of_payees(self, command: ChangeAccount | ConfirmAccount, nth: int = 0) -> UUID:
        """Asked by the nth of those who approve accounts."""
        return self._say(PAYEES.name, command, str(command.payee_id), self._approver(nth))

    def _approver(self, nth: int) -> KeyFile:
        assert self.speaker.signers is not None
        return self.speaker.signers.holding("account_approver", nth)

    def _say(self, topic: str, command: Command, key: str, by: KeyFile | None = None) -> UUID:
        command_id = self.speaker.say(topic, command, key, by=by)
        self.speaker.flush()
        return command_id

    def bill(self, payee: Provider, **changes: Any) -> PaymentRequest:
        """A claim that is approved by itself and paid above zero, unlike any other."""
        return self.maker.clean(payee, "BLUEHARBOR", lines_max=2).model_copy(update=changes)

    def worth(self, request: PaymentRequest) -> int:
        """Cents that the contract pays for a request, reckoned by the sample's own code."""
        return self.maker.paid(request)

    # what partners do

    def submit(self, request: PaymentRequest, partner: str = BY_KAFKA) -> UUID:
        """Send a version of a request by Kafka, and see it accepted."""
        kind = SubmitRequest if request.frequency == "1" else CorrectRequest
        answer = self.ask(kind(request=request), partner, key=request.number)
        assert answer.outcome == "accepted", answer
        assert answer.request_id == request_id(partner, request)
        assert answer.request_id is not None
        return answer.request_id

    def ask(self, command: Command, partner: str = BY_KAFKA, key: str = "k") -> RequestAnswered:
        """Send a command on the partner's topic, and hear its first answer."""
        return self.answer_to(self.record(command, partner, key))

    def record(self, command: Command, partner: str, key: str = "k") -> Coordinates:
        """A command as a partner's record, without waiting for its answer."""
        headers = envelope_headers(command.type_name(), command.dataschema(), partner, uuid4())
        value = command.model_dump_json(exclude_none=True).encode()
        return self.raw_record(INTAKE.of(partner), value, key.encode(), headers)

    def raw_record(
        self, topic: str, value: bytes | None, key: bytes | None, headers: Mapping[str, str | bytes]
    ) -> Coordinates:
        """Bytes on a topic. Gives where they stand."""
        stands: list[Coordinates] = []
        dated = {"ce_time": datetime.now(UTC).isoformat(), **headers}
        pairs = [(name, text.encode() if isinstance(text, str) else text) for name, text in dated.items()]
        self.speaker.send(
            topic,
            value,
            key,
            pairs,
            lambda partition, offset: stands.append(
                Coordinates(topic=topic, partition=partition, offset=offset)
            ),
        )
        self.speaker.flush()
        return stands[0]

    def answer_to(self, at: Coordinates) -> RequestAnswered:
        return self.until_said(RequestAnswered, coordinates=at)

    # what was said

    def said(self, kind: type[Spoken], **fields: Any) -> list[Spoken]:
        """Every message of a kind with these fields, in the order heard."""
        found = []
        for record in self.witness.records():
            message = record.message
            if isinstance(message, kind) and all(
                getattr(message, name) == value for name, value in fields.items()
            ):
                found.append(message)
        return found

    def until_said(self, kind: type[Spoken], **fields: Any) -> Spoken:
        found: list[Spoken] = []

        def heard() -> bool:
            found[:] = self.said(kind, **fields)
            return bool(found)

        def missed() -> str:
            request = fields.get("request_id")
            told = f"; it is '{self.state(request)}'" if isinstance(request, UUID) else ""
            return f"{kind.__name__} {fields}{told}"

        self.until(heard, missed)
        return found[0]

    def story(self) -> Story:
        """Everything heard so far, put together; states by the fold."""
        return tell(self.witness.records(), self.sent)

    def state(self, request: UUID, version: int = 1) -> str:
        """As people see it; empty where nothing was heard."""
        about = [
            one
            for one in self.witness.records()
            if getattr(one.message, "request_id", None) in (request, None) and one.message is not None
        ]
        found = tell(about, SentLog()).states.get((request, version))
        return found.label if found else ""

    def until_state(self, request: UUID, label: str, version: int = 1) -> None:
        self.until(
            lambda: self.state(request, version) == label,
            lambda: f"{request} version {version} to be '{label}'; it is '{self.state(request, version)}'",
        )

    def until(self, holds: Callable[[], bool], what: str | Callable[[], str]) -> None:
        """Asks whenever something was heard, and now and then. Fails with a sentence where it takes too long."""
        began = looked = time.monotonic()
        while not holds():
            asked, heard = time.monotonic(), self.witness.heard()
            if asked - began > PATIENCE_S:
                raise AssertionError(f"waited in vain for {what() if callable(what) else what}")
            if asked - looked > 1:
                self.witness.look_for_topics()  # those of a new partner
                looked = asked
            while self.witness.heard() == heard and time.monotonic() - asked < 0.25:
                time.sleep(0.02)

    def rest(self) -> None:
        """Until everything that was said was heard by whoever hears it, so that what did not come does not come."""
        self.speaker.flush()
        self._rest.wait()

    # the bank's days

    def now(self) -> datetime:
        return read_clock(self.stack.places.clock)

    def pass_the_cutoff(self) -> BatchClosed:
        """Business time goes past the next cutoff: the window is closed, its file collected and acknowledged."""
        batch = self.close_the_window()
        self.bank_took(batch)
        return batch

    def close_the_window(self) -> BatchClosed:
        """Business time goes past the next cutoff, and no further: the batch may wait for a person."""
        (window,) = self.http.get("payout", "/v1/windows")
        self._move(datetime.fromisoformat(window["next_cutoff"]) + timedelta(minutes=5))
        return self.until_said(BatchClosed, window=window["next_window"])

    def bank_took(self, batch: BatchClosed) -> None:
        """Until the bank's word on the batch's file is in payout, and the payments are told of."""
        if batch.file_name is None:
            return
        path = f"/v1/batches/{batch.batch_id}"
        self.until(
            lambda: self.http.get("payout", path)["state"] in ("acknowledged", "refused"),
            "the bank's acknowledgement",
        )
        self.until(
            lambda: len(self.said(PaymentSent, batch_id=batch.batch_id)) == batch.payment_count,
            "every payment of the batch to be told of",
        )

    def pass_the_settlement(self, batch: BatchClosed) -> None:
        """Business time goes to the evening of the effective date: the bank settles and writes its statement."""
        self.live_to(batch.effective_date, time_of_day(18, 30))

    def pass_banking_days(self, count: int, at: time_of_day) -> None:
        """Business time goes to an hour of the count-th banking day from today."""
        self.live_to(after(self.now().astimezone(ZONE).date(), count), at)

    def live_to(self, day: date, at: time_of_day) -> None:
        instant = datetime.combine(day, at, ZONE).astimezone(UTC)
        self._move(instant + timedelta(minutes=5))
        self.until(lambda: bank_has_lived(self.place.bank, instant), "the bank to live through the day")

    def _move(self, to: datetime) -> None:
        self.command("clock", "set", to.isoformat())

    def entries(self, account: str) -> list[Entry]:
        """Every entry for an account in every file that left for the bank."""
        return [one for one in delivered_entries(self.place.bank) if one.account == account]

    def remittance_835(self, remittance_id: UUID) -> Remittance:
        """As its bytes say it, read by the demo's own reader."""
        url = f"{self.stack.http_url('remittance')}/v1/remittances/{remittance_id}/835"
        (found,) = read_835(httpx.get(url, timeout=30).raise_for_status().text, str(remittance_id))
        return found

    # what people do at a terminal

    def command(self, *words: str, fails: bool = False) -> str:
        """What `throughline WORDS --stack ...` printed, on a wide screen. Fails unless it ends as expected."""
        show.console.width = 240
        result = CliRunner().invoke(app, [*words, "--stack", str(self.stack.directory)])
        problem = result.exception if not isinstance(result.exception, SystemExit) else None
        assert (result.exit_code != 0) is fails, f"{words}: {result.output} {problem!r}"
        return f"{result.output}{problem or ''}"

    def status(self, request: UUID) -> str:
        return self.command("status", str(request))

    def until_status(self, request: UUID, *told: str) -> None:
        """Until `throughline status` prints all of it: audit hears the line by itself."""

        def shows() -> bool:
            try:
                printed = self.status(request)
            except AssertionError:
                return False  # nothing was heard of it yet
            return all(one in printed for one in told)

        self.until(shows, lambda: f"status to show {told}; it shows {self.status(request)}")

    def submit_file(self, name: str, content: bytes, partner: str, fails: bool = False) -> str:
        """`throughline submit FILE` with the partner's API key."""
        path = self.out / name
        path.write_bytes(content)
        return self.command("submit", str(path), "--api-key", self.world.api_keys[partner], fails=fails)

    def register(self, partner: str, version: int = 1) -> str:
        """A partner's registration alone, without making topics. Gives its API key."""
        key = f"sandbox-{partner}-0123456789"
        digest = hashlib.sha256(key.encode()).hexdigest()
        registered = PartnerRegistered(partner=partner, version=version, name=partner, api_key_sha256=digest)
        reference.publish(self.speaker, "partners", [registered])
        self.speaker.flush()
        return key

    def close(self) -> None:
        self._rest.close()


def as_json(request: PaymentRequest) -> dict[str, Any]:
    """A request as it stands in the JSON of its command."""
    found: dict[str, Any] = json.loads(request.model_dump_json(exclude_none=True))
    return found
