"""Values that must show nowhere but where they belong, and the searches for them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from confluent_kafka import Consumer, TopicPartition

from stack.database_server import DatabaseServer


@dataclass(frozen=True)
class Canaries:
    """Invented values by what they stand for. Nothing else in the run contains any of them."""

    values: Mapping[str, str]

    def in_text(self, text: str) -> set[str]:
        """What of them a text gives away: as it is, in other letters, in hexadecimal digits or in base 64."""
        low = text.casefold()
        return {name for name, value in self.values.items() if any(form in low for form in _forms(value))} | {
            name for name, value in self.values.items() if any(form in text for form in _base64(value))
        }

    def in_bytes(self, content: bytes) -> set[str]:
        return self.in_text(content.decode("latin-1"))

    def around(self, content: bytes) -> dict[str, str]:
        """Of each that is given away, what stands before it: what was exported too much."""
        text = content.decode("latin-1")
        found = {name: text.casefold().find(self.values[name].casefold()) for name in self.in_bytes(content)}
        return {name: ascii(text[max(0, at - 300) : at + 40]) for name, at in found.items()}

    def but(self, *names: str) -> Canaries:
        """Without some of them."""
        return Canaries({name: value for name, value in self.values.items() if name not in names})

    def only(self, *names: str) -> Canaries:
        return Canaries({name: self.values[name] for name in names})


def _forms(value: str) -> Iterator[str]:
    yield value.casefold()
    yield value.encode().hex()
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        yield value.replace("-", "")  # as X12 writes dates


def _base64(value: str) -> Iterator[str]:
    """The middle of the value in base 64, at each of its three places in a longer text."""
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + value.encode()).decode()
        middle = coded[4 if shift else 0 : len(coded) // 4 * 4 - 4]
        if len(middle) >= 8:
            yield middle


def in_files(folder: Path, canaries: Canaries) -> dict[str, set[str]]:
    """Files below a folder that give something away."""
    found = {
        str(path.relative_to(folder)): canaries.in_bytes(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    return {name: told for name, told in found.items() if told}


@dataclass(frozen=True)
class Heard:
    """One record as it lies on the broker."""

    topic: str
    at: str
    key: bytes
    headers: tuple[tuple[str, bytes], ...]
    value: bytes = field(repr=False)


def every_record(bootstrap: str) -> list[Heard]:
    """Every record of every topic, as bytes."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "canaries", "enable.auto.commit": False})
    heard: list[Heard] = []
    try:
        topics = [name for name in consumer.list_topics(timeout=30).topics if not name.startswith("__")]
        places = {
            (name, partition): consumer.get_watermark_offsets(TopicPartition(name, partition), timeout=30)
            for name in topics
            for partition in consumer.list_topics(name, timeout=30).topics[name].partitions
        }
        left = sum(high - low for low, high in places.values())
        consumer.assign([TopicPartition(*place, offset=low) for place, (low, _) in places.items()])
        while left > 0:
            for record in consumer.consume(num_messages=2_000, timeout=5):
                assert record.error() is None
                pairs: Any = record.headers() or []
                headers = tuple((name, content or b"") for name, content in pairs)
                at = f"{record.topic()}/{record.partition()}@{record.offset()}"
                heard.append(
                    Heard(record.topic() or "", at, _bytes(record.key()), headers, _bytes(record.value()))
                )
                left -= 1
    finally:
        consumer.close()
    return heard


def _bytes(content: str | bytes | None) -> bytes:
    return content.encode() if isinstance(content, str) else content or b""


def in_envelopes(records: Iterable[Heard], canaries: Canaries) -> dict[str, set[str]]:
    """Records whose key or headers give something away."""
    found = {
        one.at: canaries.in_bytes(
            b"\n".join([one.key, *(name.encode() + b"=" + content for name, content in one.headers)])
        )
        for one in records
    }
    return {at: told for at, told in found.items() if told}


def in_values(records: Iterable[Heard], canaries: Canaries) -> dict[str, set[str]]:
    """Topics whose values carry something, with what they carry."""
    found: dict[str, set[str]] = {}
    for one in records:
        told = canaries.in_bytes(one.value)
        if told:
            found.setdefault(one.topic, set()).update(told)
    return found


_COLUMNS = """
select format('%I.%I', n.nspname, c.relname), a.attname, t.typname
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
join pg_type t on t.oid = a.atttypid
where c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and n.nspname not in ('pg_catalog', 'information_schema')
and t.typname in ('text', 'varchar', 'bytea', 'json', 'jsonb', '_text', 'name') order by 1, 2
"""


def in_columns(server: DatabaseServer, database: str, value: str) -> set[str]:
    """Columns of a database that hold a value in clear, as `table.column`."""
    asked = []
    for row in server.execute(_COLUMNS, database).splitlines():
        table, column, kind = row.split("|")
        holds = (
            f"position('\\x{value.encode().hex()}'::bytea in \"{column}\") > 0"
            if kind == "bytea"
            else f"position('{value}' in \"{column}\"::text) > 0"
        )
        asked.append(f"select '{table}.{column}' where exists (select from {table} where {holds})")
    assert asked, f"no columns in {database}"
    return set(server.execute(" union all ".join(asked), database).split())


def in_command_lines(pids: Iterable[int], canaries: Canaries) -> set[str]:
    """What the command lines of processes and their children give away."""
    found: set[str] = set()
    for pid in pids:
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            found |= canaries.in_text("\n".join(one.cmdline()))
    return found
