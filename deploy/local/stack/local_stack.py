"""The stack as one object: start it, use its addresses, break single parts, stop it with nothing left running."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

import psutil

from stack import services
from stack.environment import Places, service_environment
from stack.errors import StackError
from stack.kafka import Kafka
from stack.keys import ensure_keys
from stack.ports import Ports, require_free
from stack.postgres import ADMIN, Postgres
from stack.process import ManagedProcess, Running, stop_running
from stack.run_file import Run, forget_run, read_run, write_run
from stack.secrets_file import role_password
from stack.settings import DEFAULT_PORT_BASE, read_settings
from stack.topics import ensure_flow_topics
from throughline.flow import SERVICES

KAFKA, POSTGRES, SERVICES_PART, BANK = "kafka", "postgres", "services", "bank"
WHOLE = (KAFKA, POSTGRES, SERVICES_PART, BANK)
INFRASTRUCTURE = (KAFKA, POSTGRES)
_FREE_BYTES_NEEDED = 1_000_000_000


class LocalStack:
    """A stack in one directory, as a context manager or by `start` and `stop`. All methods block; none is async.

    A second start in the same directory finds its topics, databases, keys and passwords again.
    """

    def __init__(
        self,
        directory: Path,
        port_base: int | None = None,
        *,
        parts: Iterable[str] = WHOLE,
        replicas: Mapping[str, int] | None = None,
        partners: Iterable[str] = ("portal",),
        report: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        """`port_base`: the first of a hundred ports; `replicas`: processes by service, 1 where not named, 0 for none;
        `report`: hears one sentence for each step, for a progress display."""
        self.directory = Path(directory).absolute()
        self.ports = Ports(port_base or read_settings().port_base or DEFAULT_PORT_BASE)
        self.parts = tuple(parts)
        self.replicas = {name: (replicas or {}).get(name, 1) for name in SERVICES}
        self.partners = tuple(partners)
        self.places = Places(self.directory)
        self.processes: dict[str, ManagedProcess] = {}
        self._ready: dict[str, Callable[[], bool]] = {}
        self._report = report
        self._run: Run | None = None
        self._lock: IO[str] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._kafka: Kafka | None = None
        self._postgres: Postgres | None = None

    @classmethod
    def attach(cls, directory: Path, report: Callable[[str], None] = lambda sentence: None) -> LocalStack:
        """The stack that an earlier `start(detached=True)` left running. Raises StackError where none runs there."""
        directory = Path(directory).absolute()
        run = read_run(directory)
        if run is None or not run.any_alive():
            raise StackError(f"No stack is running in {directory}: start one with 'make up'.")
        stack = cls(
            directory,
            run.port_base,
            parts=run.parts,
            replicas=run.replicas,
            partners=run.partners,
            report=report,
        )
        stack._run = run
        stack._describe()
        for name, running in run.processes.items():
            if name in stack.processes:
                stack.processes[name].adopt(running)
        return stack

    # addresses

    @property
    def kafka_bootstrap(self) -> str:
        return f"127.0.0.1:{self.ports.kafka}"

    @property
    def postgres(self) -> Postgres:
        """The server: `execute(sql, database)` and `dsn(database)` as its administrator."""
        if self._postgres is None:
            self._postgres = Postgres(self.directory, self.ports, role_password(self.directory, ADMIN))
        return self._postgres

    def database_url(self, service: str) -> str:
        """The service's own database, as its own role."""
        return self.postgres.dsn(service, service, role_password(self.directory, service))

    def http_url(self, service: str, replica: int = 1) -> str:
        """The base address of a service's HTTP API, or the bank's under the name `bank`."""
        if service == BANK:
            return f"http://127.0.0.1:{self.ports.bank}"
        return f"http://127.0.0.1:{self.ports.service(SERVICES.index(service), replica)}"

    # the whole

    def start(self, *, detached: bool = False) -> Self:
        """Starts every part in order and returns when all are ready. Raises StackError, and leaves nothing running.

        `detached`: the stack outlives its starter, until `attach(directory).stop()`.
        """
        self._claim_directory()
        try:
            self._run = Run(
                id=uuid.uuid4().hex,
                owner=_myself(),
                detached=detached,
                port_base=self.ports.base,
                parts=list(self.parts),
                replicas=self.replicas,
                partners=list(self.partners),
            )
            write_run(self.directory, self._run)
            if not detached:
                self._watch()
            self._start_parts()
        except OSError as error:
            self.stop()
            raise StackError(
                f"The stack's directory {self.directory} cannot be written ({error.strerror}): free space there."
            ) from error
        except BaseException:
            self.stop()
            raise
        if detached:
            self._release_directory()
        return self

    def stop(self) -> None:
        """Stops every part, the last started first. Stopping what is not running is no error."""
        names = list(self.processes)
        names.sort(
            key=lambda name: (KAFKA, POSTGRES).index(name) if name in INFRASTRUCTURE else 2, reverse=True
        )
        with _uninterrupted():
            self._stop_at_once([name for name in names if name not in INFRASTRUCTURE])
            self._stop_at_once([name for name in names if name in INFRASTRUCTURE])
            forget_run(self.directory)
            self._run = None
            self._dismiss_watchdog()
            self._release_directory()

    def __enter__(self) -> Self:
        self._previous_handler = _raise_on_sigterm()
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._previous_handler is not None:
            signal.signal(signal.SIGTERM, self._previous_handler)

    # single parts

    def running(self) -> dict[str, int]:
        """The pid of each process that is alive, by name: `kafka`, `postgres`, `bank`, `payout-1`, ..."""
        return {name: each.pid for name, each in self.processes.items() if each.pid is not None}

    def kill(self, name: str) -> None:
        """SIGKILL to one part and everything it started."""
        self._part(name).kill()

    def pause(self, name: str) -> None:
        """SIGSTOP; `resume` lets it go on."""
        self._part(name).pause()

    def resume(self, name: str) -> None:
        self._part(name).resume()

    def stop_part(self, name: str) -> None:
        """Asks one part to stop, and waits for it."""
        self._part(name).stop()

    def start_part(self, name: str, *, wait: bool = True) -> None:
        """Starts a part that is not running; with `wait`, returns when it is ready."""
        part = self._part(name)
        if part.is_alive():
            return
        self._launch(name)
        if wait:
            self.wait_ready([name])

    def restart(self, name: str) -> None:
        """Stops one part in order and starts it again."""
        self.stop_part(name)
        self.start_part(name)

    def wait_ready(self, names: Iterable[str] | None = None, seconds: float = 90) -> None:
        """Waits until parts are ready. Raises StackError, with the end of its log, for one that died or is late."""
        deadline = time.monotonic() + seconds
        for name in self.processes if names is None else names:
            part = self._part(name)
            while not self._ready[name]():
                if not part.is_alive():
                    raise StackError(_failed(part, "stopped while starting"))
                if time.monotonic() > deadline:
                    raise StackError(_failed(part, f"was not ready within {seconds:.0f} seconds"))
                time.sleep(0.05)

    def add_partner(self, partner: str) -> None:
        """Makes the two topics of a partner."""
        ensure_flow_topics(self.kafka_bootstrap, [partner])

    # how

    def _start_parts(self) -> None:
        self._require_ports()
        ensure_keys(self.places.keys)
        services.ensure_clock(self.places.clock)
        for folder in (self.places.logs, self.places.temporary, self.places.bank):
            folder.mkdir(parents=True, exist_ok=True)
        self._describe(prepare=True)
        infrastructure = [name for name in self.processes if name in INFRASTRUCTURE]
        if infrastructure:
            self._report(f"Starting {' and '.join(infrastructure)}")
        for name in infrastructure:
            self._launch(name)
        self.wait_ready(infrastructure)
        if SERVICES_PART in self.parts:
            self._start_services()
        if BANK in self.parts:
            self._launch(BANK)

    def _start_services(self) -> None:
        wanted = [service for service in SERVICES if self.replicas[service]]
        for service in wanted:
            self.postgres.ensure_database(service, role_password(self.directory, service))
        ensure_flow_topics(self.kafka_bootstrap, self.partners)
        self._report("Migrating the databases")
        services.migrate(wanted, self._service_environment, self.places)
        self._report(f"Starting {', '.join(wanted)}")
        names = [name for name in self.processes if name not in (*INFRASTRUCTURE, BANK)]
        for name in names:
            self._launch(name)
        self.wait_ready(names)

    def _service_environment(self, service: str, replica: int) -> dict[str, str]:
        return service_environment(
            service,
            replica,
            places=self.places,
            ports=self.ports,
            database_url=self.database_url(service),
            kafka_bootstrap=self.kafka_bootstrap,
        )

    def _describe(self, *, prepare: bool = False) -> None:
        """Fills `processes` with every part, none of them started."""
        if KAFKA in self.parts:
            self._kafka = Kafka(self.directory, self.ports, self._report)
            self._add(self._kafka.prepare(), self._kafka.is_ready)
        if POSTGRES in self.parts:
            server = self.postgres.prepare() if prepare else self.postgres.process()
            self._add(server, lambda: self.postgres.is_ready(server.pid))
        if SERVICES_PART in self.parts:
            for service in SERVICES:
                for replica in range(1, self.replicas[service] + 1):
                    process = services.service_process(
                        service, replica, self._service_environment(service, replica), self.places
                    )
                    self._add(process, services.readiness(self.http_url(service, replica)))
        if BANK in self.parts:
            self._add(services.bank_process(self.places, self.ports), lambda: True)

    def _add(self, process: ManagedProcess, ready: Callable[[], bool]) -> None:
        self.processes[process.name] = process
        self._ready[process.name] = ready

    def _part(self, name: str) -> ManagedProcess:
        if name not in self.processes:
            raise StackError(f"This stack has no part '{name}': it has {', '.join(self.processes)}.")
        return self.processes[name]

    def _launch(self, name: str) -> None:
        running = self.processes[name].start()
        if self._run is not None:
            self._run.processes[name] = running
            write_run(self.directory, self._run)

    def _stop_at_once(self, names: list[str]) -> None:
        threads = [threading.Thread(target=self.processes[name].stop) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _require_ports(self) -> None:
        needed: dict[int, str] = {}
        if KAFKA in self.parts:
            needed |= {self.ports.kafka: "Kafka", self.ports.kafka_controller: "Kafka's controller"}
        if POSTGRES in self.parts:
            needed[self.ports.postgres] = "PostgreSQL"
        if SERVICES_PART in self.parts:
            for position, service in enumerate(SERVICES):
                for replica in range(1, self.replicas[service] + 1):
                    needed[self.ports.service(position, replica)] = f"{service}-{replica}"
        for port, what in needed.items():
            require_free(port, what)

    def _claim_directory(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = (self.directory / "lock").open("w")
        except OSError as error:
            raise StackError(
                f"The stack's directory {self.directory} cannot be used ({error.strerror}): name another one."
            ) from error
        free = shutil.disk_usage(self.directory).free
        if free < _FREE_BYTES_NEEDED:
            raise StackError(
                f"Only {free // 1_000_000} MB are free in {self.directory} and a stack needs "
                f"{_FREE_BYTES_NEEDED // 1_000_000}: free some space or name a directory on another disk."
            )
        earlier = read_run(self.directory)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = f" by process {earlier.owner.pid}" if earlier else ""
            raise StackError(
                f"The stack in {self.directory} is already run{owner}: stop that, or name another directory."
            ) from error
        if earlier is not None:
            self._clear_up(earlier)

    def _clear_up(self, earlier: Run) -> None:
        if earlier.detached and earlier.any_alive():
            self._release_directory()
            raise StackError(
                f"The stack in {self.directory} is up already: use it, or stop it with 'make down' first."
            )
        for running in reversed(earlier.processes.values()):
            stop_running(running, signal.SIGTERM, 5)
        forget_run(self.directory)

    def _release_directory(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _watch(self) -> None:
        assert self._run is not None
        self._watchdog = subprocess.Popen(
            [sys.executable, "-m", "stack.watchdog", str(self.directory), self._run.id],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _dismiss_watchdog(self) -> None:
        if self._watchdog is None:
            return
        with contextlib.suppress(BrokenPipeError):
            self._watchdog.communicate(b".")
        self._watchdog = None


def _myself() -> Running:
    me = psutil.Process()
    return Running(me.pid, me.create_time())


def _failed(part: ManagedProcess, how: str) -> str:
    return f"{part.name} {how}; its log is {part.log}. It ends:\n{part.last_words()}"


Handler = Callable[[int, FrameType | None], object] | int | None


def _raise_on_sigterm() -> Handler:
    """Lets SIGTERM unwind the starter as Ctrl-C does; answers the handler to put back, None where none was changed."""
    if threading.current_thread() is not threading.main_thread():
        return None

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    return signal.signal(signal.SIGTERM, leave)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Holds Ctrl-C and SIGTERM back while the stack stops: a second one must not leave half of it running."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
