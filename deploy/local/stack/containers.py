"""Broker and database server as containers, for tests with `STACK=docker`: same settings, same ways to break them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from testcontainers.core.container import DockerContainer

from stack.database_server import DatabaseServer
from stack.errors import StackError
from stack.jars import KAFKA_VERSION
from stack.kafka import broker_answers, broker_properties
from stack.ports import Ports
from stack.postgres import FITTED, PROMISED

_PASSWORD = "tests-only"
_KAFKA_PORT, _CONTROLLER_PORT, _POSTGRES_PORT = 9092, 9093, 5432
# The image's own start refuses storage that is formatted already, so that a killed broker would not come back.
_KAFKA_SCRIPT = """\
set -e
printf '%s\n' "$PROPERTIES" >/tmp/server.properties
/opt/kafka/bin/kafka-storage.sh format --ignore-formatted -t 5L6g3nShT-eMCtK--X86sw -c /tmp/server.properties
exec java -Xmx512m -cp '/opt/kafka/libs/*' kafka.Kafka /tmp/server.properties
"""


class ContainerStack:
    """Kafka and PostgreSQL from their official images. Ports stay the same over `kill` and `start_part`."""

    def __init__(self, ports: Ports) -> None:
        self.kafka_bootstrap = f"127.0.0.1:{ports.kafka}"
        self.postgres = DatabaseServer(ports.postgres, _PASSWORD)
        self._containers = {"kafka": _kafka(ports), "postgres": _postgres(ports)}
        self._ready: dict[str, Callable[[], bool]] = {
            "kafka": lambda: broker_answers(self.kafka_bootstrap),
            "postgres": self._database_answers,
        }

    def __enter__(self) -> Self:
        try:
            for container in self._containers.values():
                container.start()
        except Exception as error:  # whatever the engine says, it comes to this
            self._remove()
            raise StackError(
                f"Docker did not start the containers ({error}): start Docker, or leave STACK=docker out."
            ) from error
        self.wait_ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def kill(self, name: str) -> None:
        """SIGKILL to the container's main process."""
        self._engine(name).kill()

    def pause(self, name: str) -> None:
        """Freezes the container; `resume` lets it go on."""
        self._engine(name).pause()

    def resume(self, name: str) -> None:
        self._engine(name).unpause()

    def stop_part(self, name: str) -> None:
        """Asks it to stop, and waits for it."""
        self._engine(name).stop(timeout=30)

    def start_part(self, name: str, *, wait: bool = True) -> None:
        """Starts it again with the data it had; with `wait`, returns when it is ready."""
        self._engine(name).start()
        if wait:
            self.wait_ready()

    def restart(self, name: str) -> None:
        """Stops one in order and starts it again."""
        self.stop_part(name)
        self.start_part(name)

    def running(self) -> dict[str, int]:
        """The pid of each main process that is alive, as the engine counts them."""
        pids = {}
        for name in self._containers:
            engine = self._engine(name)
            engine.reload()
            if engine.status == "running":
                pids[name] = int(engine.attrs["State"]["Pid"])
        return pids

    def wait_ready(self, seconds: float = 180) -> None:
        """Waits until both accept connections. Raises StackError naming the one that is late."""
        deadline = time.monotonic() + seconds
        for name, is_ready in self._ready.items():
            while not is_ready():
                if time.monotonic() > deadline:
                    words = self._engine(name).logs(tail=5).decode(errors="replace")
                    raise StackError(
                        f"{name} was not ready within {seconds:.0f} seconds. Its log ends:\n{words}"
                    )
                time.sleep(0.2)

    def _database_answers(self) -> bool:
        try:
            return self.postgres.execute("select 1") == "1"
        except StackError:
            return False

    def _engine(self, name: str) -> Any:
        # docker-py's own object, untyped: testcontainers starts and stops, but does not kill or pause.
        return self._containers[name].get_wrapped_container()

    def _remove(self) -> None:
        for container in self._containers.values():
            with contextlib.suppress(Exception):  # one that never started cannot be removed
                container.stop(force=True, delete_volume=True)


def _kafka(ports: Ports) -> DockerContainer:
    container = DockerContainer(f"apache/kafka:{KAFKA_VERSION}")
    properties = broker_properties(
        listen=f"PLAINTEXT://:{_KAFKA_PORT},CONTROLLER://:{_CONTROLLER_PORT}",
        advertised=f"PLAINTEXT://127.0.0.1:{ports.kafka}",
        controller=f"localhost:{_CONTROLLER_PORT}",
        data="/tmp/kraft-combined-logs",
    )
    container = container.with_env(
        "PROPERTIES", "\n".join(f"{name}={value}" for name, value in properties.items())
    )
    container = container.with_command(["bash", "-c", _KAFKA_SCRIPT])
    return _on_this_machine(container, _KAFKA_PORT, ports.kafka)


def _postgres(ports: Ports) -> DockerContainer:
    container = (
        DockerContainer("postgres:18")
        .with_env("POSTGRES_PASSWORD", _PASSWORD)
        .with_env("POSTGRES_INITDB_ARGS", "--data-checksums --encoding=UTF8 --locale=C.UTF-8")
        .with_command(["postgres", *(f"--{name}={value}" for name, value in (PROMISED | FITTED).items())])
    )
    return _on_this_machine(container, _POSTGRES_PORT, ports.postgres)


def _on_this_machine(container: DockerContainer, inside: int, outside: int) -> DockerContainer:
    # docker-py takes (address, port), testcontainers' own type does not: without it the whole network could connect.
    container.ports = {f"{inside}/tcp": ("127.0.0.1", outside)}  # type: ignore[dict-item]
    return container
