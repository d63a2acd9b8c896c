"""What can be seen from outside after a run: the topics, what was sent, the bank's directories, the 835s.

Reads by itself and with the contracts alone: no code of a service, of the chassis, of the demo or of the bank.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from confluent_kafka import Consumer, TopicPartition
from pydantic import ValidationError

from throughline.envelope import Envelope, EnvelopeBreach, read_envelope
from throughline.flow import INTAKE, TOPICS, Kind, topic_named
from throughline.message import Message

OURS = re.compile("|".join(topic.pattern for topic in TOPICS))
SILENCE_S = 30.0
Place = tuple[str, int, int]
"""Topic, partition, offset."""
Sent = tuple[str, int]
"""The feed file below the input folder, and the line, call or claim in it, from 1."""


@dataclass(frozen=True, slots=True)
class Record:
    topic: str
    partition: int
    offset: int
    key: str
    digest: str
    """SHA-256 of the value."""
    envelope: Envelope | None
    message: Message | None
    """None where it is a partner's, or can't be read."""

    @property
    def place(self) -> Place:
        return self.topic, self.partition, self.offset


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a file that the bank collected."""

    file: str
    trace: str
    amount_cents: int
    effective: str
    """YYMMDD."""
    trace_number: str
    """TRN02 of its addenda."""


@dataclass(frozen=True, slots=True)
class Remittance:
    """One transaction of an 835."""

    file: str
    amount_cents: int
    date: str
    trace_number: str
    claims_cents: int


@dataclass
class History:
    """Everything the checker may look at."""

    records: list[Record] = field(default_factory=list)
    sent: dict[Place, Sent] = field(default_factory=dict)
    receipts: dict[UUID, tuple[str, int | None]] = field(default_factory=dict)
    """By receipt: the feed file, and its line; None where the receipt is a whole file's."""
    collected: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each file the bank took, by the name under which it keeps it."""
    entries: list[Entry] = field(default_factory=list)
    refused_files: dict[str, str] = field(default_factory=dict)
    """The bank's reason by file."""
    remittances: list[Remittance] = field(default_factory=list)
    audit: dict[str, object] = field(default_factory=dict)
    """Audit's own report."""

    def said(self) -> Iterator[tuple[Record, Envelope, Message]]:
        """What our services said, every event once, however often it stands in the log."""
        seen: set[UUID] = set()
        for record in self.records:
            entry = topic_named(record.topic)
            if entry is None or entry.kind is not Kind.EVENTS:
                continue
            if record.envelope is None or record.message is None or record.envelope.id in seen:
                continue
            seen.add(record.envelope.id)
            yield record, record.envelope, record.message


def read_history(bootstrap: str, out: Path, bank: Path, audit: dict[str, object]) -> History:
    """Everything, once the line is at rest. ``out`` holds sent.json and the folder remittances."""
    history = History(records=read_topics(bootstrap), audit=audit)
    told = json.loads((out / "sent.json").read_text())
    history.sent = {(topic, part, at): (name, line) for topic, part, at, name, line in told["records"]}
    history.receipts = {UUID(receipt): (name, line) for receipt, name, line in told["receipts"]}
    read_bank(history, bank)
    for path in sorted((out / "remittances").glob("*.835")):
        history.remittances += read_835(path.read_text("utf-8"), path.name)
    return history


def read_topics(bootstrap: str) -> list[Record]:
    """Every record of every topic of the map, from the start of the logs to their present ends."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "checker", "enable.auto.commit": False, "log_level": 0}
    )
    try:
        places = [
            TopicPartition(name, partition, 0)
            for name, about in consumer.list_topics(timeout=30).topics.items()
            if OURS.fullmatch(name)
            for partition in about.partitions
        ]
        ends = {
            (at.topic, at.partition): consumer.get_watermark_offsets(at, timeout=30, cached=False)[1]
            for at in places
        }
        consumer.assign(places)
        missing = sum(ends.values())
        found = []
        heard_at = time.monotonic()
        while missing > 0:
            batch = consumer.consume(num_messages=2_000, timeout=0.3)
            heard_at = time.monotonic() if batch else heard_at
            if time.monotonic() - heard_at > SILENCE_S:
                raise RuntimeError(f"{missing} records that the broker says it has were not given")
            for raw in batch:
                topic, partition, offset = raw.topic(), raw.partition(), raw.offset()
                if raw.error() is not None or topic is None or partition is None or offset is None:
                    continue
                if offset < ends[topic, partition]:
                    missing -= 1
                    found.append(
                        _record(topic, partition, offset, raw.key(), raw.value(), raw.headers() or [])
                    )
    finally:
        consumer.close()
    return sorted(found, key=lambda record: record.place)


def _record(
    topic: str, partition: int, offset: int, key: bytes | None, value: bytes | None, headers: object
) -> Record:
    envelope, message = None, None
    if topic_named(topic) is not INTAKE and value is not None:
        try:
            envelope = read_envelope(headers)  # type: ignore[arg-type]
            known = envelope.message_class()
            message = known.model_validate_json(value) if known else None
        except (EnvelopeBreach, ValidationError):
            message = None
    digest = hashlib.sha256(value or b"").hexdigest()
    return Record(
        topic, partition, offset, (key or b"").decode("utf-8", "replace"), digest, envelope, message
    )


def read_bank(history: History, bank: Path) -> None:
    """What the bank took, byte for byte, and which files it refused."""
    for path in sorted((bank / "collected").glob("[!.]*")):
        content = path.read_bytes()
        history.collected[path.name] = hashlib.sha256(content).hexdigest()
        history.entries += read_nacha(content.decode("ascii"), path.name)
    for path in sorted((bank / "outbox").glob("ack-*.json")):
        told = json.loads(path.read_text())
        if told["status"] == "refused":
            history.refused_files[told["file"]] = str(told["reason"])


def read_nacha(content: str, file: str) -> list[Entry]:
    """Entries with their addenda (Nacha rules, appendix 3: records of 94 characters, types 5, 6 and 7)."""
    found: list[Entry] = []
    effective = ""
    for line in content.splitlines():
        if line.startswith("5"):
            effective = line[69:75]
        elif line.startswith("6"):
            found.append(Entry(file, line[79:94], int(line[29:39]), effective, ""))
        elif line.startswith("7"):
            elements = line[3:83].strip().rstrip("~\\").split("*")
            trn = elements[2] if len(elements) > 2 else ""
            last = found.pop()
            found.append(Entry(file, last.trace, last.amount_cents, effective, trn))
    return found


def read_835(content: str, file: str) -> list[Remittance]:
    """BPR02, BPR16, TRN02 and the sum of CLP04 less PLB of each transaction."""
    element, end = content[3], content[105]
    found: list[Remittance] = []
    for segment in content.split(end):
        parts = segment.strip().split(element)
        if parts[0] == "BPR":
            found.append(Remittance(file, _cents(parts[2]), parts[16], "", 0))
        elif parts[0] in ("TRN", "CLP", "PLB"):
            last = found.pop()
            trn = parts[2] if parts[0] == "TRN" else last.trace_number
            claims = last.claims_cents
            if parts[0] == "CLP":
                claims += _cents(parts[4])
            elif parts[0] == "PLB":
                claims -= sum(_cents(one) for one in parts[4::2] if one)
            found.append(Remittance(file, last.amount_cents, last.date, trn, claims))
    return found


def _cents(text: str) -> int:
    whole, _, part = text.lstrip("-").partition(".")
    cents = int(whole or "0") * 100 + int((part + "00")[:2])
    return -cents if text.startswith("-") else cents
