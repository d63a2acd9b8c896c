"""Exported proofs: checked by one file and the standard library alone, and by nothing else that was changed."""

from __future__ import annotations

import base64
import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

import audit.proof
from audit.erase import erase_value
from audit.export import NotInTree, consistency_proof, inclusion_proof
from audit.merkle import check_consistency
from audit.proof import ProofFails, check
from chassis.testing import raw

SECRET = b'{"member_id":"A-1"}'


@pytest.fixture
async def sealed(log: Any) -> Any:
    """600 records of one partition in the tree, number 300 with a binary header, a null key and SECRET as value."""
    records = [raw("submissions", b"%d" % at, offset=at) for at in range(600)]
    records[300] = raw("submissions", SECRET, key=None, headers=(("h", b"\xff\x00"), ("n", None)), offset=300)
    records[301] = raw("submissions", None, offset=301)
    await log.keep(*records[:450])
    await log.seal()
    await log.keep(*records[450:])
    return await log.seal()


async def proof_of(pool: asyncpg.Pool, offset: int, **options: Any) -> dict[str, Any]:
    async with pool.acquire() as db:
        return json.loads(json.dumps(await inclusion_proof(db, "submissions", 0, offset, **options)))  # type: ignore[no-any-return]


async def test_every_record_is_proven_to_the_newest_root(pool: asyncpg.Pool, sealed: Any) -> None:
    for offset in (0, 255, 256, 300, 301, 449, 450, 599):
        assert (
            check(await proof_of(pool, offset, with_value=True), root=sealed.root.hex()) == sealed.root.hex()
        )


async def test_a_record_is_proven_to_an_older_root(pool: asyncpg.Pool, sealed: Any) -> None:
    proof = await proof_of(pool, 10, size=450)
    assert proof["tree"]["size"] == 450
    check(proof)
    with pytest.raises(NotInTree, match="not yet in the tree of 450"):
        await proof_of(pool, 500, size=450)


@pytest.mark.parametrize(("offset", "size"), [(600, None), (0, 77)])
async def test_what_cannot_be_proven_is_said(
    offset: int, size: int | None, pool: asyncpg.Pool, sealed: Any
) -> None:
    with pytest.raises(NotInTree):
        await proof_of(pool, offset, size=size)


async def test_a_proof_without_the_value_gives_nothing_away_and_still_proves(
    pool: asyncpg.Pool, sealed: Any
) -> None:
    proof = await proof_of(pool, 300)
    assert base64.b64encode(SECRET).decode() not in json.dumps(proof)
    assert check(proof) == sealed.root.hex()
    assert check(proof, value=SECRET) == sealed.root.hex()
    with pytest.raises(ProofFails, match="not the one that the log holds"):
        check(proof, value=SECRET + b" ")


CHANGES: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
    ("topic", lambda proof: proof["record"].update(topic="submission")),
    ("partition", lambda proof: proof["record"].update(partition=1)),
    ("offset", lambda proof: proof["record"].update(offset=299)),
    ("timestamp", lambda proof: proof["record"].update(timestamp_ms=0)),
    ("timestamp type", lambda proof: proof["record"].update(timestamp_type=0)),
    ("null key", lambda proof: proof["record"].update(key="")),
    ("header value", lambda proof: proof["record"]["headers"][0].__setitem__(1, "AAA=")),
    ("header order", lambda proof: proof["record"]["headers"].reverse()),
    ("header left out", lambda proof: proof["record"]["headers"].pop()),
    ("value", lambda proof: proof["record"].update(value="e30=")),
    ("salt", lambda proof: proof["record"].update(salt="00" * 16)),
    ("commitment", lambda proof: proof["record"].update(value_commitment="00" * 32)),
    ("value said to be null", lambda proof: proof["record"].update(value_commitment=None, value=None)),
    ("leaf index", lambda proof: proof.update(leaf_index=301)),
    ("tree size", lambda proof: proof["tree"].update(size=1200)),
    ("root", lambda proof: proof["tree"].update(root="00" * 32)),
    ("path cut", lambda proof: proof["path"].pop()),
    ("path changed", lambda proof: proof["path"].__setitem__(2, "00" * 32)),
    ("path reversed", lambda proof: proof["path"].reverse()),
    ("format", lambda proof: proof.update(format="throughline-proof-0")),
    ("no record", lambda proof: proof.pop("record")),
    ("key not base64", lambda proof: proof["record"].update(key="?")),
]


async def test_a_proof_changed_anywhere_fails(pool: asyncpg.Pool, sealed: Any) -> None:
    good = await proof_of(pool, 300, with_value=True)
    for name, change in CHANGES:
        changed = copy.deepcopy(good)
        change(changed)
        with pytest.raises(ProofFails):
            check(changed)
            pytest.fail(f"accepted with another {name}")


async def test_a_null_value_is_proven_null(pool: asyncpg.Pool, sealed: Any) -> None:
    proof = await proof_of(pool, 301, with_value=True)
    check(proof)
    with pytest.raises(ProofFails):
        check(proof, value=b"")


async def test_an_erased_value_is_gone_and_every_proof_still_holds(pool: asyncpg.Pool, sealed: Any) -> None:
    before = await proof_of(pool, 300, with_value=True)
    async with pool.acquire() as db:
        assert await erase_value(
            db, "submissions", 0, 300, actor="privacy officer", note="request of the member"
        )
        assert await erase_value(db, "submissions", 0, 300, actor="somebody", note="again")
        assert not await erase_value(db, "submissions", 0, 600, actor="somebody", note="never heard")
    after = await proof_of(pool, 300, with_value=True)
    assert (after["record"]["value"], after["record"]["salt"]) == (None, None)
    assert check(after) == check(before) == sealed.root.hex()
    with pytest.raises(ProofFails, match="erased"):
        check(after, value=SECRET)
    for offset in (299, 301):
        check(await proof_of(pool, offset, with_value=True))
    assert [tuple(row) for row in await pool.fetch("select record_offset, actor from erasures")] == [
        (300, "privacy officer")
    ]


async def test_consistency_between_published_roots_is_proven(pool: asyncpg.Pool, sealed: Any) -> None:
    async with pool.acquire() as db:
        proof = await consistency_proof(db, 450, 600)
        with pytest.raises(NotInTree):
            await consistency_proof(db, 449, 600)
    first, second = (bytes.fromhex(proof[name]["root"]) for name in ("first", "second"))
    check_consistency(450, 600, first, second, [bytes.fromhex(each) for each in proof["path"]])


async def test_the_one_file_checks_a_proof_with_python_alone(
    tmp_path: Path, pool: asyncpg.Pool, sealed: Any
) -> None:
    alone = tmp_path / "elsewhere" / "check_proof.py"
    alone.parent.mkdir()
    alone.write_bytes(Path(audit.proof.__file__).read_bytes())
    proof = tmp_path / "proof.json"
    proof.write_text(json.dumps(await proof_of(pool, 300)))
    value = tmp_path / "value"
    value.write_bytes(SECRET)

    def run(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-I", "-S", str(alone), "check", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    code, text = run(str(proof), "--root", sealed.root.hex(), "--value", str(value))
    assert code == 0
    assert "offset 300 is leaf 300 of the log of 600 leaves" in text
    value.write_bytes(b"other")
    assert run(str(proof), "--value", str(value))[0] == 1
    assert run(str(proof), "--root", "00" * 32)[0] == 1
    assert run(str(tmp_path / "absent"))[0] == 2
