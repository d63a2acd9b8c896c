"""The whole line in containers, by docker-compose.yml: what LocalStack is for processes."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from stack import services
from stack.claim import Claim
from stack.compose_images import IMAGES, make_images
from stack.compose_project import COMPOSE_FILE, ENV_FILE, ComposeProject
from stack.compose_settings import ComposePlaces, prepare_folders, write_settings
from stack.database_server import ADMIN, DatabaseServer
from stack.docker_engine import last_line, require_engine
from stack.errors import StackError
from stack.interruption import Watchdog, sigterm_unwinds, uninterrupted
from stack.ports import Ports, require_free
from stack.process import myself
from stack.run_file import Run, forget_run, read_run, write_run
from stack.secrets_file import role_password
from stack.settings import DEFAULT_PORT_BASE, engine_environment, read_settings
from stack.topics import ensure_flow_topics
from throughline.flow import SERVICES

_LOOK_EVERY_S = 2.0
"""To ask the engine costs more than a look at a process."""
_RESTARTS_MAX = 2
"""So often a container may end while the stack starts, before that counts as failed."""


class ComposeStack:
    """A stack of containers in one directory, as a context manager or by `start` and `stop`. All methods block.

    Keys, clock, the bank's drop and the passwords lie in the directory, data of the broker and the databases in
    volumes of the engine. As a context manager it removes those at its end; started detached, it keeps them.
    """

    def __init__(
        self,
        directory: Path,
        port_base: int | None = None,
        *,
        replicas: Mapping[str, int] | None = None,
        partners: Iterable[str] = ("portal",),
        report: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        """As LocalStack; `replicas`: 0 leaves a service out, more than 1 is refused."""
        self.directory = Path(directory).absolute()
        self.ports = Ports(port_base or read_settings().port_base or DEFAULT_PORT_BASE)
        self.replicas = {name: (replicas or {}).get(name, 1) for name in SERVICES}
        self.partners = tuple(partners)
        self.places = ComposePlaces(self.directory)
        self.project = ComposeProject(self.directory)
        self._report = report
        self._run: Run | None = None
        self._seen: tuple[float, dict[str, int]] = (-_LOOK_EVERY_S, {})
        self._claim: Claim | None = None
        self._watchdog: Watchdog | None = None
        self._until_exit = contextlib.ExitStack()
        if any(count not in (0, 1) for count in self.replicas.values()):
            raise StackError(
                "A stack in containers has one of each service: leave STACK=docker out for more."
            )

    @classmethod
    def attach(cls, directory: Path, report: Callable[[str], None] = lambda sentence: None) -> ComposeStack:
        """The stack that an earlier `start(detached=True)` left running. Raises StackError where none runs there."""
        require_engine()
        directory = Path(directory).absolute()
        run = read_run(directory)
        if run is None or not run.project or not run.any_alive(directory):
            raise StackError(f"No stack is running in {directory}: start one with 'make up'.")
        stack = cls(directory, run.port_base, replicas=run.replicas, partners=run.partners, report=report)
        stack._run = run
        return stack

    # addresses

    @property
    def kafka_bootstrap(self) -> str:
        return f"127.0.0.1:{self.ports.kafka}"

    @property
    def postgres(self) -> DatabaseServer:
        """The server: `execute(sql, database)` and `dsn(database)` as its administrator."""
        return DatabaseServer(self.ports.postgres, role_password(self.directory, ADMIN))

    def database_url(self, service: str) -> str:
        """The service's own database, as its own role."""
        return self.postgres.dsn(service, service, role_password(self.directory, service))

    def http_url(self, service: str, replica: int = 1) -> str:
        """The base address of a service's HTTP API."""
        return f"http://127.0.0.1:{self.ports.service(SERVICES.index(service), replica)}"

    def running(self) -> dict[str, int]:
        """The pid of each container's main process, as the engine counts them; up to two seconds old."""
        asked, answer = self._seen
        if time.monotonic() - asked > _LOOK_EVERY_S:
            answer = self.project.running()
            self._seen = (time.monotonic(), answer)
        return answer

    # the whole

    def start(self, *, detached: bool = False) -> Self:
        """Makes what images are missing, starts all and returns when all are ready. Raises StackError, nothing running.

        `detached`: the stack outlives its starter, until `attach(directory).stop()`.
        """
        _require_checkout()
        require_engine()
        self._claim = Claim(self.directory)
        try:
            self._require_ports()
            self._run = Run(
                id=uuid.uuid4().hex,
                owner=myself(),
                detached=detached,
                port_base=self.ports.base,
                parts=[],
                replicas=self.replicas,
                partners=list(self.partners),
                project=self.project.name,
            )
            self._forget_data_of_a_removed_directory()
            write_run(self.directory, self._run)
            if not detached:
                self._watchdog = Watchdog(self.directory, self._run.id, env=engine_environment())
            self._start_parts()
        except BaseException:
            self.stop()
            raise
        if detached:
            self._release()
        return self

    def stop(self) -> None:
        """Stops every container, and keeps its log. Stopping what is not running is no error."""
        with uninterrupted():
            run, self._run = self._run, None
            if run is not None:
                self.project.keep_logs(self.places.logs)
                self.project.remove(data=not run.detached)
                forget_run(self.directory)
            self._release()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opened:
            opened.enter_context(sigterm_unwinds())
            self.start()
            self._until_exit = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._until_exit.close()

    def add_partner(self, partner: str) -> None:
        """Makes the two topics of a partner."""
        ensure_flow_topics(self.kafka_bootstrap, [partner])

    def wait_ready(self, seconds: float = 300) -> None:
        """Waits until `GET /ready` of every service answers 200. Raises StackError naming one that is not."""
        deadline = time.monotonic() + seconds
        look_at = time.monotonic() + _LOOK_EVERY_S
        for service in self._wanted():
            is_ready = services.readiness(self.http_url(service))
            while not is_ready():
                if time.monotonic() > deadline:
                    raise self._failed(service, f"was not ready within {seconds:.0f} seconds")
                if time.monotonic() > look_at:
                    self._require_none_failed()
                    look_at = time.monotonic() + _LOOK_EVERY_S
                time.sleep(0.1)

    # how

    def _start_parts(self) -> None:
        prepare_folders(self.places)
        sources = {image: image.source() for image in IMAGES if image.service in self._parts()}
        write_settings(self.places, self.ports, sources)
        make_images(self.project, sources, self._report)
        self._report(f"Starting {', '.join(self._parts())} in containers")
        try:
            self.project.call("up", "--detach", "--no-build", *self._parts())
        except StackError as error:
            ended = [name for name, one in self.project.containers().items() if one["State"]["ExitCode"]]
            raise (self._failed(ended[0], f"failed ({error})") if ended else error) from error
        ensure_flow_topics(self.kafka_bootstrap, self.partners)
        self.wait_ready()

    def _wanted(self) -> list[str]:
        return [service for service in SERVICES if self.replicas[service]]

    def _parts(self) -> list[str]:
        return ["kafka", "postgres", "prepare", *self._wanted(), "bank"]

    def _forget_data_of_a_removed_directory(self) -> None:
        """Who removes the directory of a stack removes the stack: its volumes would know other passwords."""
        if not (self.directory / ENV_FILE).exists():
            self.project.remove(data=True)

    def _require_ports(self) -> None:
        require_free(self.ports.kafka, "Kafka")
        require_free(self.ports.postgres, "PostgreSQL")
        for place, service in enumerate(SERVICES):
            if self.replicas[service]:
                require_free(self.ports.service(place, 1), service)

    def _require_none_failed(self) -> None:
        containers = self.project.containers()
        for part in ("kafka", "postgres", *self._wanted(), "bank"):
            one = containers.get(part)
            if one is None or not one["State"]["Running"] or one["RestartCount"] > _RESTARTS_MAX:
                raise self._failed(part, "stopped while starting")

    def _failed(self, service: str, how: str) -> StackError:
        self.project.keep_logs(self.places.logs)
        log = self.places.logs / f"{service}.log"
        words = last_line(log.read_text(errors="replace")) if log.exists() else "it says nothing"
        return StackError(f"{service} {how}; its log is {log}. It ends:\n{words}")

    def _release(self) -> None:
        if self._watchdog is not None:
            self._watchdog.dismiss()
            self._watchdog = None
        if self._claim is not None:
            self._claim.release()
            self._claim = None


def _require_checkout() -> None:
    if not COMPOSE_FILE.exists():
        raise StackError(
            "A stack in containers is started from a checkout: there is no docker-compose.yml here."
        )
