"""Verification: it holds over what was kept, and every way of tampering, losing or forgetting is found by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg
import pytest

from audit.erase import erase_value
from audit.log_ends import Ends, LogEnds
from audit.packs import erase_at
from audit.verify import Progress, Report, verify
from chassis.testing import raw
from throughline import flow


async def report_of(
    pool: asyncpg.Pool,
    before: LogEnds | None = None,
    after: LogEnds | None = None,
    remembered: Mapping[int, str] | None = None,
) -> Report:
    answers = iter([before, after or before])

    async def ask() -> LogEnds:
        answer = next(answers)
        assert answer is not None
        return answer

    report: Report | None = None
    async with pool.acquire() as db:
        steps = verify(db, ask if before else None, remembered=remembered, settle_seconds=0.1)
        async for step in steps:
            if isinstance(step, Report):
                report = step
    assert report is not None
    return report


def kinds(report: Report) -> set[str]:
    return {finding.kind for finding in report.findings.kept}


@pytest.fixture
async def kept(log: Any) -> Any:
    """Three roots over 900 records of two topics, in batches of 100."""
    for start in (0, 300, 600):
        for first in range(start, start + 300, 100):
            topic = "decisions" if first % 200 else "submissions"
            base = first // 200 * 100
            await log.keep(*(raw(topic, b"v%d" % at, offset=at) for at in range(base, base + 100)))
        await log.seal()
    return log


def broker(**changes: Any) -> LogEnds:
    """Every topic of the map, with the logs that `kept` holds."""
    logs = {
        name: {partition: Ends(0, 0) for partition in range(topic.partitions)}
        for name, topic in flow.fixed_topics().items()
    }
    logs["submissions"][0] = Ends(0, 500)
    logs["decisions"][0] = Ends(0, 400)
    for name, ends in changes.items():
        logs[name][0] = ends
    return logs


async def test_what_was_kept_holds(pool: asyncpg.Pool, kept: Any) -> None:
    report = await report_of(pool, broker())
    assert report.findings.kept == []
    assert report.holds
    assert (report.size, report.roots) == (900, 3)
    assert report.root == (await pool.fetchval("select root from roots where size = 900")).hex()
    assert report.partitions == [
        {"topic": "decisions", "partition": 0, "from": 0, "to": 400},
        {"topic": "submissions", "partition": 0, "from": 0, "to": 500},
    ]


async def test_an_empty_log_holds(pool: asyncpg.Pool) -> None:
    report = await report_of(pool)
    assert (report.holds, report.size) == (True, 0)


async def test_progress_rises_to_the_whole(
    pool: asyncpg.Pool, kept: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.verify.BATCHES_AT_ONCE", 4)
    async with pool.acquire() as db:
        seen = [(step.done, step.total) async for step in verify(db, None) if isinstance(step, Progress)]
    assert seen == [(400, 900), (800, 900), (900, 900)]


TAMPERED = [
    (
        "a value changed, its leaf hash kept",
        "update batches set records = (select records from batches where id = 4) where id = 2",
        {"leaf differs", "misfiled record", "root differs", "edge differs", "stored hash differs"},
    ),
    (
        "a value changed with its leaf hash",
        "update batches set (records, leaf_hashes) = (select records, leaf_hashes from batches where id = 4)"
        " where id = 2",
        {"misfiled record", "root differs", "edge differs", "stored hash differs"},
    ),
    (
        "a batch cut to pieces",
        "update batches set records = substr(records, 1, 50) where id = 9",
        {"corrupt batch", "wrong length"},
    ),
    (
        "leaf hashes replaced",
        "update batches set leaf_hashes = decode(repeat('00', 3200), 'hex') where id = 9",
        {"leaf differs"},
    ),
    (
        "a batch deleted",
        "delete from batches where id = 5",
        {"missing leaves", "missing offsets"},
    ),
    ("the last batch deleted", "delete from batches where id = 9", {"wrong size"}),
    (
        "two batches exchanged in the tree",
        "update batches set first_leaf = null where id in (3, 4);"
        "update batches set first_leaf = case id when 3 then 300 else 200 end where id in (3, 4)",
        {"root differs", "edge differs", "stored hash differs"},
    ),
    (
        "a root rewritten",
        "update roots set root = decode(repeat('00', 32), 'hex') where size = 600",
        {"root differs"},
    ),
    ("a root moved", "update roots set size = 650 where size = 600", {"root apart"}),
    (
        "a root invented",
        "insert into roots select 901, root, epoch from roots where size = 900",
        {"root beyond the tree"},
    ),
    (
        "a stored hash rewritten",
        "update subtrees set hash = decode(repeat('00', 32), 'hex') where position = 1",
        {"stored hash differs"},
    ),
    ("a stored hash deleted", "delete from subtrees where position = 2", {"stored hash differs"}),
    ("the edge rewritten", "update tree set edge = decode(repeat('00', 128), 'hex')", {"edge differs"}),
    ("the tree set back", "update tree set size = 600", {"edge differs", "root beyond the tree"}),
    ("a batch filed elsewhere", "update batches set topic = 'items' where id = 8", {"misfiled record"}),
    (
        "offsets moved",
        "update batches set first_offset = 450 where id = 8",
        {"misfiled record", "missing offsets"},
    ),
]


@pytest.mark.parametrize(("how", "statements", "expected"), TAMPERED, ids=[each[0] for each in TAMPERED])
async def test_tampering_is_found(
    how: str, statements: str, expected: set[str], pool: asyncpg.Pool, kept: Any
) -> None:
    await pool.execute(statements)
    report = await report_of(pool)
    assert not report.holds
    assert expected <= kinds(report)


async def test_a_log_rewritten_as_a_whole_does_not_meet_a_remembered_root(
    pool: asyncpg.Pool, kept: Any, log: Any
) -> None:
    root = (await pool.fetchval("select root from roots where size = 600")).hex()
    assert (await report_of(pool, remembered={600: root})).holds
    await pool.execute("truncate batches, mentions, roots, subtrees")
    await pool.execute("update tree set size = 0, edge = ''")
    await log.keep(*(raw("submissions", b"forged", offset=at) for at in range(600)))
    await log.seal()
    assert (await report_of(pool)).holds
    assert kinds(await report_of(pool, remembered={600: root})) == {"remembered root differs"}
    assert kinds(await report_of(pool, remembered={300: root})) == {"remembered root missing"}


async def test_an_erasure_on_record_holds_and_one_without_is_found(pool: asyncpg.Pool, kept: Any) -> None:
    async with pool.acquire() as db:
        await erase_value(db, "submissions", 0, 3, actor="privacy officer", note="asked")
    report = await report_of(pool)
    assert (report.holds, report.erased) == (True, 1)
    [batch] = await pool.fetch(
        "select id, records from batches where topic = 'submissions' and first_offset = 100"
    )
    await pool.execute(
        "update batches set records = $2 where id = $1", batch["id"], erase_at(batch["records"], 7)
    )
    report = await report_of(pool)
    assert [(each.kind, each.where) for each in report.findings.kept] == [
        ("erased without a record", "submissions/0/107")
    ]


BROKER = [
    ("a record that was not heard", {"submissions": Ends(0, 501)}, "missing offsets", "submissions/0"),
    ("a partition that was not heard", {"items": Ends(0, 1)}, "missing offsets", "items/0"),
    ("a log that was cut", {"submissions": Ends(0, 499)}, "log cut", "submissions/0"),
]


@pytest.mark.parametrize(("how", "changes", "kind", "where"), BROKER, ids=[each[0] for each in BROKER])
async def test_the_broker_holds_more_or_less(
    how: str, changes: dict[str, Ends], kind: str, where: str, pool: asyncpg.Pool, kept: Any
) -> None:
    report = await report_of(pool, broker(**changes))
    assert [(each.kind, each.where) for each in report.findings.kept] == [(kind, where)]


async def test_a_log_that_grows_meanwhile_or_expired_at_its_start_is_no_finding(
    pool: asyncpg.Pool, kept: Any
) -> None:
    assert (await report_of(pool, broker(submissions=Ends(0, 400)), broker())).holds
    assert (await report_of(pool, broker(), broker(submissions=Ends(0, 700)))).holds
    assert (await report_of(pool, broker(submissions=Ends(450, 500)))).holds


async def test_the_beginning_of_a_log_that_was_not_heard_is_found(pool: asyncpg.Pool, log: Any) -> None:
    await log.keep(raw("submissions", b"v", offset=10))
    await log.seal()
    logs = broker(submissions=Ends(4, 11), decisions=Ends(0, 0))
    assert [each.detail for each in (await report_of(pool, logs)).findings.kept] == [
        "offsets 4 to 9 are not held"
    ]
    logs = broker(submissions=Ends(10, 11), decisions=Ends(0, 0))
    report = await report_of(pool, logs)
    assert report.holds
    assert report.notes == ["submissions/0 is held from offset 10 on; what was before had expired"]


async def test_topics_of_the_map_and_of_registered_partners_must_exist(
    pool: asyncpg.Pool, log: Any, example: Any
) -> None:
    registered = example("PartnerRegistered", "partner")
    await log.keep(log.record(registered, "reference.partners", registered.partner, registered.partner))
    await log.seal()
    logs = broker(submissions=Ends(0, 0), decisions=Ends(0, 0))
    logs["reference.partners"][0] = Ends(0, 1)
    del logs["items"]
    logs["payments"].pop(3)
    logs[f"answers.{registered.partner}"] = {at: Ends(0, 0) for at in range(4)}
    logs["scratch"] = {0: Ends(0, 9)}
    report = await report_of(pool, logs)
    assert [(each.kind, each.where) for each in report.findings.kept] == [
        ("missing topic", f"intake.{registered.partner}"),
        ("missing topic", "items"),
        ("partition count", "payments"),
    ]
    assert report.notes == ["topics that the map does not have, and audit does not hear: scratch"]


async def test_a_topic_held_here_and_gone_from_the_broker_is_found(pool: asyncpg.Pool, kept: Any) -> None:
    logs = broker()
    del logs["decisions"]
    assert ("log gone", "decisions/0") in {
        (each.kind, each.where) for each in (await report_of(pool, logs)).findings.kept
    }


async def test_records_that_wait_for_the_tree_are_noted_and_counted_as_held(
    pool: asyncpg.Pool, kept: Any
) -> None:
    await kept.keep(raw("submissions", b"v", offset=500))
    report = await report_of(pool, broker(submissions=Ends(0, 501)))
    assert report.holds
    assert report.notes == ["1 batches are heard and not yet in the tree"]
