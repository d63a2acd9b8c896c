"""Whether every offset of every topic is in the log: against itself, the map, the partners and the broker."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Any, NamedTuple

import asyncpg

from audit.findings import Findings
from audit.leaves import decode
from audit.log_ends import AskBroker, LogEnds
from audit.packs import unpack
from audit.reading import found
from throughline.flow import fixed_topics, partner_topics, topic_named
from throughline.reference import PartnerRegistered

PARTNERS_TOPIC = "reference.partners"


class Held(NamedTuple):
    """The offsets of one partition that audit holds: from `first` up to, not including, `stop`."""

    first: int
    stop: int


NOTHING = Held(0, 0)


async def held_partitions(db: asyncpg.Connection) -> dict[tuple[str, int], Held]:
    """What audit holds of each partition, in the tree or waiting for it."""
    rows = await db.fetch(
        """
        select topic, partition, min(first_offset) as first, max(first_offset + length) as stop
        from batches group by topic, partition order by topic, partition
        """
    )
    return {(row["topic"], row["partition"]): Held(row["first"], row["stop"]) for row in rows}


async def wait_for(db: asyncpg.Connection, logs: LogEnds, seconds: float) -> None:
    """Wait until audit holds these logs to their ends and has them in the tree, `seconds` at most."""
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        waiting = await db.fetchval("select exists (select from batches where first_leaf is null)")
        held = await held_partitions(db)
        if not waiting and all(
            held.get((topic, partition), NOTHING).stop >= ends.end or ends.start == ends.end
            for topic, partitions in logs.items()
            if topic_named(topic) is not None
            for partition, ends in partitions.items()
        ):
            return
        await asyncio.sleep(0.2)


async def check_coverage(
    db: asyncpg.Connection,
    before: LogEnds | None,
    ask: AskBroker | None,
    findings: Findings,
    partitions: list[dict[str, Any]],
    notes: list[str],
) -> None:
    """Adds a finding for each offset run and each topic that is missing; fills `partitions` with what is held.

    `before` is what the broker held at the beginning: all of it must be here. What it holds at the end is asked
    after looking here: nothing here may be beyond it. So a log that grows meanwhile is not mistaken for either.
    """
    held = await held_partitions(db)
    await _check_holes(db, findings)
    waiting = await db.fetchval("select count(*) from batches where first_leaf is null")
    if waiting:
        notes.append(f"{waiting} batches are heard and not yet in the tree")
    for (topic, partition), span in held.items():
        partitions.append({"topic": topic, "partition": partition, "from": span.first, "to": span.stop})
    if before is not None and ask is not None:
        after = await ask()
        expected = set(fixed_topics())
        for partner in await registered_partners(db):
            expected |= set(partner_topics(partner))
        _check_topics(expected, after, findings, notes)
        _check_all_held(held, before, findings, notes)
        _check_nothing_beyond(held, after, findings)


async def _check_holes(db: asyncpg.Connection, findings: Findings) -> None:
    rows = await db.fetch(
        """
        select topic, partition, expected, first_offset from (
            select topic, partition, first_offset,
                   lag(first_offset + length) over (partition by topic, partition order by first_offset) as expected
            from batches
        ) as run where first_offset <> expected order by topic, partition, first_offset
        """
    )
    for row in rows:
        where = f"{row['topic']}/{row['partition']}/{row['expected']}"
        if row["first_offset"] > row["expected"]:
            findings.add("missing offsets", where, f"nothing is held up to offset {row['first_offset']}")
        else:
            findings.add("offsets held twice", where, f"a batch begins at offset {row['first_offset']}")


async def registered_partners(db: asyncpg.Connection) -> set[str]:
    """Every partner ever registered, as audit itself heard it."""
    partners = set()
    for row in await db.fetch("select records from batches where topic = $1", PARTNERS_TOPIC):
        for kept in unpack(row["records"]):
            message = found(decode(kept), None).message
            if isinstance(message, PartnerRegistered):
                partners.add(message.partner)
    return partners


def _check_topics(expected: set[str], logs: LogEnds, findings: Findings, notes: list[str]) -> None:
    for name in sorted(expected - set(logs)):
        findings.add("missing topic", name, "the map or a registered partner has it, the broker has not")
    for name in sorted(expected & set(logs)):
        mapped = topic_named(name)
        if mapped is not None and len(logs[name]) != mapped.partitions:
            findings.add(
                "partition count", name, f"the map says {mapped.partitions}, the broker {len(logs[name])}"
            )
    unknown = sorted(name for name in logs if topic_named(name) is None)
    if unknown:
        notes.append(f"topics that the map does not have, and audit does not hear: {', '.join(unknown)}")


def _check_all_held(
    held: Mapping[tuple[str, int], Held], logs: LogEnds, findings: Findings, notes: list[str]
) -> None:
    for topic in sorted(name for name in logs if topic_named(name) is not None):
        for partition, ends in sorted(logs[topic].items()):
            where = f"{topic}/{partition}"
            span = held.get((topic, partition))
            if span is None:
                if ends.end > ends.start:
                    findings.add(
                        "missing offsets", where, f"offsets {ends.start} to {ends.end - 1} are not held"
                    )
                continue
            if span.first > ends.start:
                findings.add(
                    "missing offsets", where, f"offsets {ends.start} to {span.first - 1} are not held"
                )
            elif span.first:
                notes.append(f"{where} is held from offset {span.first} on; what was before had expired")
            if span.stop < ends.end:
                findings.add("missing offsets", where, f"offsets {span.stop} to {ends.end - 1} are not held")


def _check_nothing_beyond(held: Mapping[tuple[str, int], Held], logs: LogEnds, findings: Findings) -> None:
    for (topic, partition), span in sorted(held.items()):
        ends = logs.get(topic, {}).get(partition)
        where = f"{topic}/{partition}"
        if ends is None:
            findings.add("log gone", where, "held here, and gone from the broker")
        elif span.stop > ends.end:
            findings.add("log cut", where, f"held up to offset {span.stop - 1}, the log ends at {ends.end}")
