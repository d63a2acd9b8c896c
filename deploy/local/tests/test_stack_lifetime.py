"""A stack leaves nothing running, however its starter ends, and says in one sentence what keeps it from starting."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from stack import INFRASTRUCTURE, LocalStack, StackError
from stack.keeper import LOOK_EVERY_S, PAUSE_S_MIN, SETTLED_AFTER_S, Pause
from stack.ports import find_free_base
from stack.run_file import read_run
from stack.secrets_file import role_password
from stack.settings import MARK

STARTER = """
import signal, sys, time
from stack import LocalStack
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job begins with Ctrl-C ignored
with LocalStack(sys.argv[1], int(sys.argv[2]), parts=["postgres"]):
    print("up", flush=True)
    time.sleep(600)
"""


def wait_for(holds: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def processes_of(directory: Path) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            marked = process.environ().get(MARK) == str(directory)
            words = process.cmdline()
            watches = {"stack.watchdog", "stack.keeper"} & set(words) and str(directory) in words
            if (marked or watches) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def wait_for_none(directory: Path, seconds: float = 20) -> None:
    wait_for(lambda: not processes_of(directory), "something is still running", seconds)


@contextmanager
def a_starter(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """A process of its own that runs a stack with PostgreSQL, past its start."""
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(directory), str(find_free_base())],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "up\n"
        try:
            yield starter
        finally:
            starter.kill()


def test_start_and_stop_leave_nothing_running_and_a_second_start_finds_the_data(tmp_path: Path) -> None:
    port_base = find_free_base()
    with LocalStack(tmp_path, port_base, parts=["postgres"]) as stack:
        stack.postgres.ensure_database("payout", "secret")
        stack.postgres.execute("create table kept as select 7 as value", "payout")
        assert processes_of(tmp_path)
    assert processes_of(tmp_path) == []
    with LocalStack(tmp_path, port_base, parts=["postgres"]) as stack:
        assert stack.postgres.execute("select value from kept", "payout") == "7"
    assert processes_of(tmp_path) == []


def test_secrets_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        with LocalStack(tmp_path, find_free_base(), parts=["postgres"]) as stack:
            secret = [tmp_path / "passwords.json", *sorted(stack.places.keys.iterdir())]
        assert [stat.S_IMODE(path.stat().st_mode) for path in secret] == [0o600] * 5
        seen.append([path.read_bytes() for path in secret])
    assert seen[0] == seen[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_starter_that_is_ended_takes_its_stack_with_it(tmp_path: Path, number: signal.Signals) -> None:
    with a_starter(tmp_path) as starter:
        starter.send_signal(number)
        starter.wait(timeout=30)
        wait_for_none(tmp_path)


def test_what_starter_and_watchdog_left_behind_is_stopped_by_the_next_start(tmp_path: Path) -> None:
    with a_starter(tmp_path) as starter:
        run = read_run(tmp_path)
        assert run is not None
        left_over = run.processes["postgres"]
        for pid in processes_of(tmp_path):
            if "stack.watchdog" in psutil.Process(pid).cmdline():
                os.kill(pid, signal.SIGKILL)
        starter.kill()
        starter.wait(timeout=30)
        assert left_over.process() is not None
    with LocalStack(tmp_path, find_free_base(), parts=["postgres"]) as stack:
        assert left_over.process() is None
        assert list(stack.running()) == ["postgres"]
    assert processes_of(tmp_path) == []


def test_two_starters_of_one_directory(tmp_path: Path) -> None:
    with a_starter(tmp_path) as starter:
        with pytest.raises(StackError, match=rf"is already run by process {starter.pid}: stop that"):
            LocalStack(tmp_path, find_free_base(), parts=["postgres"]).start()
        assert starter.poll() is None
        starter.terminate()
        starter.wait(timeout=30)


def test_a_detached_stack_stays_until_it_is_stopped(tmp_path: Path) -> None:
    LocalStack(tmp_path, find_free_base(), parts=["postgres"]).start(detached=True)
    stack = LocalStack.attach(tmp_path)
    assert stack.postgres.execute("select 1") == "1"
    with pytest.raises(StackError, match="is up already"):
        LocalStack(tmp_path, find_free_base(), parts=["postgres"]).start()
    stack.stop()
    assert processes_of(tmp_path) == []
    with pytest.raises(StackError, match="No stack is running"):
        LocalStack.attach(tmp_path)


def test_what_ends_in_a_stack_that_was_left_running_comes_back_and_what_is_stopped_does_not(
    tmp_path: Path,
) -> None:
    LocalStack(tmp_path, find_free_base(), parts=["bank"]).start(detached=True)
    stack = LocalStack.attach(tmp_path)
    try:
        pid = stack.running()["bank"]
        os.kill(pid, signal.SIGKILL)
        wait_for(
            lambda: LocalStack.attach(tmp_path).running().get("bank", pid) != pid, "the bank is not back"
        )
        said = tmp_path / "logs" / "keeper.log"  # written once the new process stands in the run's file
        wait_for(
            lambda: "bank had ended and was started again" in said.read_text(), "the keeper says nothing"
        )
        stack = LocalStack.attach(tmp_path)
        stack.stop_part("bank")
        time.sleep(2 * LOOK_EVERY_S)  # nothing happens: there is no condition to wait for
        assert LocalStack.attach(tmp_path).running() == {}
    finally:
        stack.stop()
    assert processes_of(tmp_path) == []


def test_the_pause_before_a_part_is_started_again_grows_to_a_bound_and_shrinks_when_it_has_settled() -> None:
    pause, now, seen = Pause(), 100.0, []
    for _ in range(7):
        assert pause.may_start(now)
        pause.started(now)
        assert not pause.may_start(pause.until - 0.1)
        seen.append(pause.until - now)
        now = pause.until
    assert seen == [1, 2, 4, 8, 16, 30, 30]
    pause.started(now + SETTLED_AFTER_S + 1)
    assert pause.until == now + SETTLED_AFTER_S + 1 + PAUSE_S_MIN


def test_the_administrators_password_is_on_no_command_line(tmp_path: Path) -> None:
    with LocalStack(tmp_path, find_free_base(), parts=["postgres"]) as stack:
        seen = threading.Thread(target=stack.postgres.execute, args=("select pg_sleep(1)",))
        seen.start()
        children: list[str] = []

        def psql_is_seen() -> bool:
            children.extend(_command_lines_of("psql"))
            return bool(children)

        wait_for(psql_is_seen, "psql was not seen running")
        seen.join()
        assert role_password(tmp_path, "postgres") not in " ".join(children)


def _command_lines_of(name: str) -> list[str]:
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if child.name() == name:
                found.append(" ".join(child.cmdline()))
    return found


def test_a_taken_port_is_named_with_its_owner_and_the_way_out(tmp_path: Path) -> None:
    port_base = find_free_base()
    with socket.socket() as other:
        other.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as a server does: the port may just have closed
        other.bind(("127.0.0.1", port_base + 2))
        other.listen()
        owner = f"is taken by process {os.getpid()} "
        sentence = rf"Port {port_base + 2}, which PostgreSQL needs, {owner}.*STACK_PORT_BASE="
        with pytest.raises(StackError, match=sentence):
            LocalStack(tmp_path, port_base, parts=["postgres"]).start()
    assert processes_of(tmp_path) == []


def test_a_full_disk_is_named_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=5_000_000)
    monkeypatch.setattr("stack.claim.shutil.disk_usage", lambda path: usage)
    with pytest.raises(StackError, match=r"Only 5 MB are free .*free some space"):
        LocalStack(tmp_path, find_free_base(), parts=INFRASTRUCTURE).start()
    assert processes_of(tmp_path) == []


def test_a_part_that_dies_while_starting_is_named_with_its_last_words(tmp_path: Path) -> None:
    port_base = find_free_base()
    with LocalStack(tmp_path, port_base, parts=["postgres"]):
        pass
    (tmp_path / "postgres" / "data" / "global" / "pg_control").unlink()
    with pytest.raises(StackError, match=r"postgres stopped while starting; its log is .*postgres\.log"):
        LocalStack(tmp_path, port_base, parts=["postgres"]).start()
    assert processes_of(tmp_path) == []
