"""Collects what is to be sent, phase by phase and channel by channel, and what must come of it; writes both down.

A phase is fed when everything before it has come to rest, so that the outcome does not depend on which of two channels
is faster. The files of a phase:

    <phase>/kafka/<partner>.jsonl   one record a line: key, headers, and value (text), value_base64 or null
    <phase>/http/<partner>.jsonl    one call a line: idempotency_key and body
    <phase>/files/<partner>/*.837, *.csv
    <phase>/attachments/<partner>/*.pdf    sent before the phase's requests, which name them by their SHA-256
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from uuid import UUID, uuid5

from sample_input.claims import BUSINESS_DAY
from sample_input.csv_rows import write_csv
from sample_input.expected import ExpectedAnswer, ExpectedRequest
from sample_input.reference import World
from sample_input.x12 import billing_key, write_837p
from throughline.identifiers import NAMESPACE, request_id_for
from throughline.message import Command
from throughline.reference import ProviderRecorded
from throughline.requests import CorrectRequest, PaymentRequest, SubmitRequest

Channel = Literal["kafka", "http", "837p", "csv"]
FIRST, SECOND, EDITS, AFTER_PAYMENT = "1-first", "2-second", "3-edits", "4-after-payment"
PHASES = (FIRST, SECOND, EDITS, AFTER_PAYMENT)
CLAIMS_PER_FILE = 150


def request_id(partner: str, request: PaymentRequest) -> UUID:
    return request_id_for(partner, request.payee.kind, request.payee.identifier, request.number)


@dataclass
class Feed:
    """What is sent and what is expected, while scenarios add to it."""

    world: World
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    files: dict[tuple[str, str, str], list[PaymentRequest]] = field(default_factory=dict)
    raw_files: dict[str, bytes] = field(default_factory=dict)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    answers: list[ExpectedAnswer] = field(default_factory=list)
    requests: dict[tuple[UUID, int], ExpectedRequest] = field(default_factory=dict)
    _ids: int = 0

    def new_id(self) -> UUID:
        """A message id that the same seed gives again."""
        self._ids += 1
        return uuid5(NAMESPACE, f"sample message {self._ids}")

    def record(
        self,
        phase: str,
        partner: str,
        value: bytes | None,
        *,
        key: str | None,
        headers: Mapping[str, str],
        outcome: str,
        reasons: Sequence[str] = (),
        of: UUID | None = None,
        version: int | None = None,
    ) -> None:
        """One Kafka record, whatever its bytes."""
        sent = f"{phase}/kafka/{partner}.jsonl"
        line: dict[str, Any] = {"key": key, "headers": dict(headers)}
        if value is None:
            line["value"] = None
        else:
            try:
                line["value"] = value.decode("utf-8")
            except UnicodeDecodeError:
                line["value_base64"] = base64.b64encode(value).decode()
        self._line(sent, line, outcome, reasons, of, version)

    def command(
        self,
        phase: str,
        partner: str,
        message: Command,
        *,
        key: str,
        outcome: str = "accepted",
        reasons: Sequence[str] = (),
        of: UUID | None = None,
        version: int | None = None,
        message_id: UUID | None = None,
    ) -> UUID:
        """One whole message on Kafka. Gives its id, so that it can be said again."""
        message_id = message_id or self.new_id()
        value = message.model_dump_json(exclude_none=True).encode()
        headers = envelope_headers(message.type_name(), message.dataschema(), partner, message_id)
        self.record(
            phase,
            partner,
            value,
            key=key,
            headers=headers,
            outcome=outcome,
            reasons=reasons,
            of=of,
            version=version,
        )
        return message_id

    def submit(self, phase: str, channel: Channel, partner: str, request: PaymentRequest) -> UUID:
        """Send a request that will be accepted, by any channel. Gives its id."""
        made = request_id(partner, request)
        version = request.version
        if channel in ("837p", "csv"):
            self.files.setdefault((phase, channel, partner), []).append(request)
            return made
        message = (
            SubmitRequest(request=request) if request.frequency == "1" else CorrectRequest(request=request)
        )
        if channel == "kafka":
            self.command(phase, partner, message, key=request.number, of=made, version=version)
        else:
            body = json.loads(message.model_dump_json(exclude_none=True))
            self.call(phase, partner, message.__class__.__name__, body, "accepted", of=made, version=version)
        return made

    def call(
        self,
        phase: str,
        partner: str,
        message: str,
        body: dict[str, Any],
        outcome: str,
        reasons: Sequence[str] = (),
        of: UUID | None = None,
        version: int | None = None,
        key: str | None = None,
    ) -> str:
        """One HTTP call. Gives its idempotency key."""
        key = key or str(self.new_id())
        sent = f"{phase}/http/{partner}.jsonl"
        self._line(
            sent, {"idempotency_key": key, "message": message, "body": body}, outcome, reasons, of, version
        )
        return key

    def attach(self, phase: str, partner: str, name: str, content: bytes) -> None:
        """A document that requests of the phase name."""
        self.raw_files[f"{phase}/attachments/{partner}/{name}"] = content

    def expect(
        self,
        request: UUID,
        version: int,
        case: str,
        state: str,
        substatus: str = "",
        *,
        reason: str | None = None,
        paid_cents: int = 0,
        remitted: bool = False,
    ) -> None:
        """Where a version must stand in the end; said again, the later word holds."""
        self.requests[request, version] = ExpectedRequest(
            request, version, case, state, substatus or None, reason, paid_cents, remitted
        )

    def expect_answer(
        self,
        sent: str,
        position: int,
        outcome: str,
        reasons: Sequence[str],
        of: UUID | None = None,
        version: int | None = None,
    ) -> None:
        """The first answer to a claim of a file of ``raw_files``."""
        self.answers.append(ExpectedAnswer(sent, position, outcome, tuple(reasons), of, version))

    def decide(
        self, round_: int, request: UUID, version: int, decision: str, actor: str = "R. Reviewer"
    ) -> None:
        """A reviewer's decision, given in the round of that number."""
        note = {
            "approve": "Checked against the chart.",
            "deny": "Not covered.",
            "release": "Truly given twice.",
        }
        self.reviews.append(
            {"round": round_, "request_id": str(request), "version": version, "decision": decision,
             "note": note.get(decision, "Please send the missing proof."), "actor": actor}
        )  # fmt: skip

    def _line(
        self,
        sent: str,
        line: dict[str, Any],
        outcome: str,
        reasons: Sequence[str],
        of: UUID | None,
        version: int | None,
    ) -> None:
        lines = self.lines.setdefault(sent, [])
        lines.append(line)
        self.answers.append(ExpectedAnswer(sent, len(lines), outcome, tuple(reasons), of, version))

    def write(self, out: Path) -> None:
        """Everything as files below ``out``, and ``expected.jsonl``."""
        self._write_claim_files(out)
        for name, lines in self.lines.items():
            _write_jsonl(out / name, lines)
        for name, content in self.raw_files.items():
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        _write_jsonl(out / "reviews.jsonl", self.reviews)
        expected = [one.as_json() for one in self.answers] + [one.as_json() for one in self.requests.values()]
        _write_jsonl(out / "expected.jsonl", expected)

    def _write_claim_files(self, out: Path) -> None:
        providers = {one.record.identifier: one.record for one in self.world.providers}
        control = 0
        for (phase, channel, partner), requests in self.files.items():
            ordered = sorted(requests, key=billing_key) if channel == "837p" else requests
            for start in range(0, len(ordered), CLAIMS_PER_FILE):
                control += 1
                part = ordered[start : start + CLAIMS_PER_FILE]
                suffix = "837" if channel == "837p" else "csv"
                name = f"{phase}/files/{partner}/{channel}-{control:04d}.{suffix}"
                path = out / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(_claim_file(channel, part, providers, partner, control))
                for position, one in enumerate(part, start=1):
                    self.answers.append(
                        ExpectedAnswer(name, position, "accepted", (), request_id(partner, one), one.version)
                    )


def _claim_file(
    channel: str,
    part: Sequence[PaymentRequest],
    providers: Mapping[str, ProviderRecorded],
    partner: str,
    control: int,
) -> bytes:
    if channel == "csv":
        return write_csv(part)
    some = next(iter(providers.values()))
    claims = [(one, providers.get(one.payee.identifier, some)) for one in part]
    return write_837p(claims, sender=partner, control=control, day=BUSINESS_DAY)


def envelope_headers(type_name: str, dataschema: str, partner: str, message_id: UUID) -> dict[str, str]:
    """A partner's CloudEvents headers, but for the time, which is added when the record is sent."""
    return {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": str(message_id),
        "ce_type": type_name,
        "ce_source": f"partner/{partner}",
        "ce_subject": partner,
        "ce_dataschema": dataschema,
    }


def _write_jsonl(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
