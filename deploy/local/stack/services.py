"""The services and the sandbox bank as processes: migrate each, run each, ask each whether it is ready."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path

from stack.environment import Places, bank_environment
from stack.errors import StackError
from stack.ports import Ports
from stack.process import ManagedProcess

Environment = Callable[[str, int], dict[str, str]]


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


def bank_process(places: Places, ports: Ports) -> ManagedProcess:
    """`python -m sandbox_bank run`."""
    return ManagedProcess(
        "bank",
        [sys.executable, "-m", "sandbox_bank", "run"],
        log=places.logs / "bank.log",
        env=bank_environment(places=places, ports=ports),
        directory=places.directory,
    )


def migrate(services: Iterable[str], environment: Environment, places: Places) -> None:
    """Brings every service's database to its newest schema, all at once. Raises StackError naming a failure."""
    running = []
    for service in services:
        log = places.logs / f"{service}-migrate.log"
        with log.open("wb") as out:
            child = subprocess.Popen(
                [sys.executable, "-m", service, "migrate"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=environment(service, 1),
                cwd=places.directory,
            )
        running.append((service, child, log))
    failed = [(service, log) for service, child, log in running if child.wait() != 0]
    for service, log in failed:
        words = "\n".join(log.read_text(errors="replace").strip().splitlines()[-5:])
        raise StackError(f"The database of {service} could not be migrated; see {log}. It ends:\n{words}")


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
