"""The bank's life: what it takes, refuses, settles and returns, and that no kill makes it post twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bank_town import BANK, MONDAY, Town, nacha, settled
from lxml import etree

from sandbox_bank.bank import AnotherBank, Bank
from sandbox_bank.strict_nacha import Refusal, read


def test_a_good_file_is_acknowledged_listed_and_settled_on_its_effective_date(town: Town) -> None:
    content = nacha([("123456789", 13_000), ("000987654", 4_525)])
    town.drop("one.ach", content)
    town.bank.tick()
    ack = town.ack("one.ach")
    assert (ack["status"], ack["entries"], ack["credit_cents"], ack["refused_entries"]) == (
        "accepted",
        2,
        17_525,
        [],
    )
    listed = json.loads(town.answers("received-")["received-000001.json"])
    assert listed["files"] == [
        {
            "file": "one.ach",
            "sha256": ack["sha256"],
            "size": len(content),
            "received_at": MONDAY.isoformat(),
            "status": "accepted",
        }
    ]
    assert (town.settings.bank_directory / "collected" / "one.ach").read_bytes() == content
    assert town.answers("camt053") == {}
    town.day(24)
    (statement,) = town.answers("camt053-2026-11-24").values()
    assert settled(statement) == [("121042880000001", "T1", "130.00"), ("121042880000002", "T2", "45.25")]
    town.day(30)
    assert list(town.answers("camt053")) == ["camt053-2026-11-24.xml"]


def test_magic_accounts_choose_the_answer(town: Town) -> None:
    fates = ["99010300", "99020400", "9903", "9904", "99050200", "990500", "9906", "111111111"]
    town.drop("magic.ach", nacha([(account, 1_000 + n) for n, account in enumerate(fates)]))
    town.bank.tick()
    ack = town.ack("magic.ach")
    assert ack["refused_entries"] == [
        {"trace": "121042880000007", "amount_cents": 1_006, "reason": "account_refused"}
    ]
    (before,) = town.answers("return-").values()
    assert b"799R04121042880000002" in before
    town.day(24)
    statements = town.answers("camt053-2026-11-24")
    assert list(statements) == ["camt053-2026-11-24-again.xml", "camt053-2026-11-24.xml"]
    traces = [trace[-1] for trace, _, _ in settled(statements["camt053-2026-11-24.xml"])]
    assert traces == ["1", "5", "6", "8"]
    town.day(25)
    returns = town.answers("return-2026-11-25")
    assert len(returns) == 2  # sent twice, because of one entry
    for content in returns.values():
        assert b"799R03121042880000001" in content and b"799R02121042880000005" in content
    assert settled(town.answers("camt053-2026-11-25").popitem()[1], "CRDT") == [
        ("121042880000001", "T1", "10.00"), ("121042880000005", "T5", "10.04"),
    ]  # fmt: skip
    town.day(30)  # Thanksgiving lies between: three banking days late is the 30th
    assert [trace[-1] for trace, _, _ in settled(town.answers("camt053-2026-11-30").popitem()[1])] == ["3"]
    assert town.rows("select status, count(*) from entries group by 1 order by 1") == [
        ("lost", 1), ("refused", 1), ("returned", 3), ("settled", 3),
    ]  # fmt: skip


def test_what_came_before_is_never_posted_again(town: Town) -> None:
    content = nacha([("123456789", 13_000)])
    town.drop("one.ach", content)
    town.bank.tick()
    town.drop("one.ach", nacha([("123456789", 1)], modifier="B", first=9))
    town.drop("copy.ach", content)
    town.drop("modifier.ach", nacha([("123456789", 2)], first=8))
    town.drop("trace.ach", nacha([("123456789", 3)], modifier="C"))
    town.bank.tick()
    assert town.rows("select name, status, reason from files where id > 1 order by name") == [
        ("copy.ach", "refused", "duplicate_file"),
        ("modifier.ach", "refused", "file_id_modifier"),
        ("one.ach", "refused", "duplicate_file"),
        ("trace.ach", "refused", "duplicate_trace"),
    ]
    assert town.rows("select count(*), sum(amount_cents) from entries") == [(1, 13_000)]
    assert len(town.answers("ack-")) == 5


def test_a_whole_file_may_be_refused(town: Town) -> None:
    town.drop("bad.ach", nacha([("111", 5), ("9907", 5)]))
    town.drop("broken.ach", nacha([("111", 5)], modifier="B").replace(b"0000000005", b"0000000006", 1))
    town.bank.tick()
    assert (town.ack("bad.ach")["status"], town.ack("bad.ach")["reason"]) == ("refused", "account_refused")
    assert (town.ack("broken.ach")["reason"], town.ack("broken.ach")["field"]) == ("control", "credit")
    assert town.rows("select count(*) from entries") == [(0,)]


def test_unfinished_names_are_left_alone(town: Town) -> None:
    inbox = town.settings.bank_directory / "inbox"
    (inbox / "half.ach.part").write_bytes(b"x")
    (inbox / ".hidden").write_bytes(b"x")
    (inbox / "link.ach").symlink_to("/etc/hostname")
    town.bank.tick()
    assert sorted(file.name for file in inbox.iterdir()) == [".hidden", "half.ach.part", "link.ach"]
    assert town.rows("select count(*) from files") == [(0,)]


def test_one_bank_at_a_time(town: Town) -> None:
    with pytest.raises(AnotherBank):
        Bank(town.settings)


GOOD = nacha([("123456789", 13_000), ("000987654", 4_525)])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: b"", "empty"),
        (lambda d: d[:-1], "truncated"),
        (lambda d: d[: 95 * 5], "blocking"),
        (lambda d: d.replace(b"\n", b"\r\n"), "line"),
        (lambda d: d.replace(b"OAKWOOD", b"OAKWO\xc3\x91", 1), "line"),
        (lambda d: d.replace(b"101 121042882", b"101 091000019"), "destination"),
        (lambda d: d.replace(b"622091000019", b"622091000018", 1), "routing"),
        (lambda d: d.replace(b"622091000019", b"627091000019", 1), "reversal"),
        (lambda d: d.replace(b"0000013000", b"0000000000", 1), "amount"),
        (lambda d: d.replace(b"0000013000", b"0000013001", 1), "control"),
        (lambda d: d.replace(b"0018200002", b"0018200003"), "control"),
        (lambda d: d.replace(b"121042880000002\n", b"121042880000001\n", 1), "trace"),
        (lambda d: d.replace(b"00010000001", b"00010000002", 1), "addenda_trace"),
        (lambda d: d.replace(b"TRN*1*T1*1987654321~", b"TRN*1*T1*1987654321 ", 1), "trn"),
        (lambda d: d.replace(b"CCDHCC", b"PPDHCC"), "sec_code"),
        (lambda d: d.replace(b"261124261124", b"261131261131"), "date"),
        (lambda d: d + d, "after_control"),
        (lambda d: d[: 95 * 3] + d[95 * 4 :] + (b"9" * 94 + b"\n"), "addenda"),
    ],
)  # fmt: skip
def test_the_bank_is_strict(change: Callable[[bytes], bytes], reason: str) -> None:
    assert len(read(GOOD, BANK).entries) == 2
    with pytest.raises(Refusal) as refusal:
        read(change(GOOD), BANK)
    assert refusal.value.reason == reason


def test_every_prefix_and_any_changed_digit_of_a_sum_is_refused() -> None:
    for cut in range(len(GOOD)):
        with pytest.raises(Refusal):
            read(GOOD[:cut], BANK)
    lines = GOOD.splitlines(keepends=True)
    for number, first, last in ((2, 29, 39), (6, 4, 44), (7, 1, 55)):
        for at in range(first, last):
            flipped = bytearray(GOOD)
            place = sum(len(line) for line in lines[:number]) + at
            flipped[place] = ord("0") + (flipped[place] - ord("0") + 1) % 10
            with pytest.raises(Refusal):
                read(bytes(flipped), BANK)


def test_no_kill_makes_the_bank_lose_or_double(tmp_path: Path) -> None:
    """SIGKILL at seeded moments while files come in, days pass and answers go out."""
    town = Town(tmp_path)
    town.bank.close()
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "BANK_DIRECTORY": str(town.settings.bank_directory), "CLOCK_FILE": str(town.clock),
        "BANK_COLLECT_SECONDS_MAX": "0.05", "BANK_POLL_SECONDS": "0.005",
    }  # fmt: skip

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "sandbox_bank", "run"], env=environment)

    def steps_taken() -> int:
        """Every booked file, settled or returned entry and written answer is a step."""
        query = (
            "select (select count(*) from files) + (select count(*) from answers where written = 1)"
            " + (select count(*) from entries where status <> 'pending')"
        )
        return int(town.rows(query)[0][0])

    def until(done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not done():
            assert time.monotonic() < deadline
            time.sleep(0.002)

    chance = random.Random(7)
    for number, modifier in enumerate("ABCDEFGHIJKLMNOPQRST"):
        accounts = [("99050300" if n % 7 == 0 else "123456789", 100 * number + n + 1) for n in range(40)]
        town.drop(f"{number:02d}.ach", nacha(accounts, modifier=modifier, first=1 + 100 * number))
    process = start()

    def kill_at_work(times: int, done: Callable[[], bool]) -> None:
        """Kill it `times` times shortly after it has taken a step, then let it finish."""
        nonlocal process
        for _ in range(times):
            before = steps_taken()
            until(lambda before=before: steps_taken() > before or done())  # type: ignore[misc]
            time.sleep(chance.random() * 0.01)
            process.send_signal(signal.SIGKILL)
            process.wait()
            process = start()
        until(done)

    def all_said(files: int, through: str) -> Callable[[], bool]:
        query = (
            f"select (select count(*) from files) = {files} and (select count(*) from answers where written = 0) = 0"
            f" and (select through from progress) >= '{through}'"
        )
        return lambda: town.rows(query) == [(1,)]

    try:
        kill_at_work(10, all_said(20, "2026-11-23"))
        town.at(datetime(2026, 11, 25, 1, tzinfo=UTC))  # Tuesday evening
        kill_at_work(4, all_said(20, "2026-11-24T23"))
        town.at(datetime(2026, 11, 26, 1, tzinfo=UTC))
        kill_at_work(4, all_said(20, "2026-11-25T23"))
    finally:
        process.terminate()
        assert process.wait() in (0, -signal.SIGTERM)  # it may not have begun to listen for the signal
    assert town.rows("select status, count(*) from files group by 1") == [("accepted", 20)]
    assert town.rows("select status, count(*) from entries group by 1 order by 1") == [
        ("returned", 120),
        ("settled", 680),
    ]
    seen: list[str] = []
    for content in town.answers("camt053").values():
        etree.fromstring(content)
        seen += [trace for trace, _, _ in settled(content)]
    assert len(seen) == len(set(seen)) == 800
    assert sorted(town.answers("")) == sorted(name for (name,) in town.rows("select name from answers"))
