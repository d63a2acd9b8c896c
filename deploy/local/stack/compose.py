"""The whole line in containers, by docker-compose.yml: what LocalStack is for processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from stack import services
from stack.compose_images import IMAGES, make_images
from stack.compose_project import COMPOSE_FILE, ENV_FILE, ComposeProject
from stack.compose_settings import ComposePlaces, prepare_folders, write_settings
from stack.docker_engine import last_line, require_engine
from stack.errors import StackError
from stack.interruption import Watchdog
from stack.lifetime import Lifetime
from stack.run_file import Run, running_run
from stack.settings import engine_environment
from stack.topics import ensure_flow_topics
from throughline.flow import SERVICES

_LOOK_EVERY_S = 2.0
"""To ask the engine costs more than a look at a process."""
_RESTARTS_MAX = 2
"""So often a container may end while the stack starts, before that counts as failed."""


class ComposeStack(Lifetime):
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
        super().__init__(directory, port_base, replicas, partners, report)
        self.places = ComposePlaces(self.directory)
        self.project = ComposeProject(self.directory)
        self._seen: tuple[float, dict[str, int]] = (-_LOOK_EVERY_S, {})
        if any(count not in (0, 1) for count in self.replicas.values()):
            raise StackError(
                "A stack in containers has one of each service: leave STACK=docker out for more."
            )

    @classmethod
    def attach(cls, directory: Path, report: Callable[[str], None] = lambda sentence: None) -> ComposeStack:
        """The stack that an earlier `start(detached=True)` left running. Raises StackError where none runs there."""
        require_engine()
        directory = Path(directory).absolute()
        run = running_run(directory, in_containers=True)
        stack = cls(directory, run.port_base, replicas=run.replicas, partners=run.partners, report=report)
        stack._run = run
        return stack

    def running(self) -> dict[str, int]:
        """The pid of each container's main process, as the engine counts them; up to two seconds old."""
        asked, answer = self._seen
        if time.monotonic() - asked > _LOOK_EVERY_S:
            answer = self.project.running()
            self._seen = (time.monotonic(), answer)
        return answer

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

    def _require_prerequisites(self) -> None:
        if not COMPOSE_FILE.exists():
            raise StackError(
                "A stack in containers is started from a checkout: there is no docker-compose.yml here."
            )
        require_engine()

    def _needed_ports(self) -> dict[int, str]:
        return {
            self.ports.kafka: "Kafka",
            self.ports.postgres: "PostgreSQL",
        } | self._services_ports()

    def _new_run(self, *, detached: bool) -> Run:
        run = super()._new_run(detached=detached)
        run.project = self.project.name
        return run

    def _new_watchdog(self, run: Run) -> Watchdog:
        return Watchdog(self.directory, run.id, env=engine_environment())

    def _start_parts(self) -> None:
        self._forget_data_of_a_removed_directory()
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

    def _stop_parts(self, run: Run) -> None:
        """The log of each container is kept: it goes with its container."""
        self.project.keep_logs(self.places.logs)
        self.project.remove(data=not run.detached)

    def _wanted(self) -> list[str]:
        return [service for service in SERVICES if self.replicas[service]]

    def _parts(self) -> list[str]:
        return ["kafka", "postgres", "prepare", *self._wanted(), "bank"]

    def _forget_data_of_a_removed_directory(self) -> None:
        """Who removes the directory of a stack removes the stack: its volumes would know other passwords."""
        if not (self.directory / ENV_FILE).exists():
            self.project.remove(data=True)

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
