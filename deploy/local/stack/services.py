"""The services and the sandbox bank as processes: migrate each, run each, ask each whether it is ready."""

from __future__ import annotations

import datetime as dt
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path

from stack.environment import Places
from stack.errors import StackError
from stack.process import ManagedProcess


def service_process(service: str, replica: int, env: dict[str, str], places: Places) -> ManagedProcess:
    """`python -m <service> run`, one replica."""
    name = f"{service}-{replica}"
    return ManagedProcess(
        name,
        [sys.executable, "-m", service, "run"],
        log=places.logs / f"{name}.log",
        env=env,
        directory=places.directory,
        stop_seconds=30,
    )


def bank_process(places: Places, env: dict[str, str]) -> ManagedProcess:
    """`python -m sandbox_bank run`."""
    return ManagedProcess(
        "bank",
        [sys.executable, "-m", "sandbox_bank", "run"],
        log=places.logs / "bank.log",
        env=env,
        directory=places.directory,
    )


def migration(service: str, env: dict[str, str], places: Places) -> ManagedProcess:
    """`python -m <service> migrate`: brings the service's database to its newest schema and ends."""
    name = f"{service}-migrate"
    return ManagedProcess(
        name,
        [sys.executable, "-m", service, "migrate"],
        log=places.logs / f"{name}.log",
        env=env,
        directory=places.directory,
    )


def require_migrated(migrations: Iterable[ManagedProcess]) -> None:
    """Waits for migrations. Raises StackError naming the first that failed."""
    failed = [each for each in migrations if each.wait() != 0]
    for each in failed:
        raise StackError(f"{each.name} failed; its log is {each.log}. It ends:\n{each.last_words()}")


def readiness(base_url: str) -> Callable[[], bool]:
    """Asks `GET /ready` of a service."""

    def is_ready() -> bool:
        try:
            with urllib.request.urlopen(f"{base_url}/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    return is_ready


def ensure_clock(path: Path) -> None:
    """Sets the sandbox clock to the present where the stack has none; from then on only its owner moves it."""
    if not path.exists():
        now = dt.datetime.now(dt.UTC).replace(microsecond=0)
        path.write_text(json.dumps({"now": now.isoformat().replace("+00:00", "Z")}))
