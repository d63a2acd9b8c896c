"""What a stack of processes and a stack of containers share: a directory, addresses, and how they begin and end."""

from __future__ import annotations

import contextlib
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from stack.claim import Claim
from stack.database_server import ADMIN, DatabaseServer
from stack.errors import StackError
from stack.interruption import Watchdog, sigterm_unwinds, uninterrupted
from stack.ports import Ports, require_free
from stack.process import myself
from stack.run_file import Run, forget_run, write_run
from stack.secrets_file import role_password
from stack.settings import DEFAULT_PORT_BASE, read_settings
from stack.topics import ensure_flow_topics
from throughline.flow import SERVICES


class Lifetime(ABC):
    """One stack in one directory, as a context manager or by `start` and `stop`. All methods block."""

    def __init__(
        self,
        directory: Path,
        port_base: int | None,
        replicas: Mapping[str, int] | None,
        partners: Iterable[str],
        report: Callable[[str], None],
    ) -> None:
        self.directory = Path(directory).absolute()
        self.ports = Ports(port_base or read_settings().port_base or DEFAULT_PORT_BASE)
        self.replicas = {name: (replicas or {}).get(name, 1) for name in SERVICES}
        self.partners = tuple(partners)
        self._report = report
        self._run: Run | None = None
        self._claim: Claim | None = None
        self._watchdog: Watchdog | None = None
        self._until_exit = contextlib.ExitStack()

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

    def add_partner(self, partner: str) -> None:
        """Makes the two topics of a partner."""
        ensure_flow_topics(self.kafka_bootstrap, [partner])

    # the whole

    def start(self, *, detached: bool = False) -> Self:
        """Starts every part in order and returns when all are ready. Raises StackError, and leaves nothing running.

        `detached`: the stack outlives its starter, until `attach(directory).stop()`.
        """
        self._require_prerequisites()
        self._claim = Claim(self.directory)
        try:
            for port, what in self._needed_ports().items():
                require_free(port, what)
            self._run = self._new_run(detached=detached)
            write_run(self.directory, self._run)
            if not detached:
                self._watchdog = self._new_watchdog(self._run)
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
            self._release()
        return self

    def stop(self) -> None:
        """Stops every part, the last started first. Stopping what is not running is no error."""
        with uninterrupted():
            if self._run is not None:
                self._stop_parts(self._run)
                forget_run(self.directory)
            self._run = None
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

    # what is another in each

    @abstractmethod
    def _require_prerequisites(self) -> None:
        """Raises StackError where this machine cannot run such a stack."""

    @abstractmethod
    def _needed_ports(self) -> dict[int, str]:
        """Each port that must be free, and what needs it."""

    @abstractmethod
    def _start_parts(self) -> None:
        """Raises StackError; what was started by then is stopped by the caller."""

    @abstractmethod
    def _stop_parts(self, run: Run) -> None: ...

    def _new_run(self, *, detached: bool) -> Run:
        return Run(
            id=uuid.uuid4().hex,
            owner=myself(),
            detached=detached,
            port_base=self.ports.base,
            replicas=self.replicas,
            partners=list(self.partners),
        )

    def _new_watchdog(self, run: Run) -> Watchdog:
        return Watchdog(self.directory, run.id)

    def _services_ports(self) -> dict[int, str]:
        return {
            self.ports.service(position, replica): f"{service}-{replica}"
            for position, service in enumerate(SERVICES)
            for replica in range(1, self.replicas[service] + 1)
        }

    def _release(self) -> None:
        if self._watchdog is not None:
            self._watchdog.dismiss()
            self._watchdog = None
        if self._claim is not None:
            self._claim.release()
            self._claim = None
