"""The stack as one object: start it, use its addresses, break single parts, stop it with nothing left running."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from stack import services
from stack.claim import Claim, stop_everything
from stack.database_server import ADMIN
from stack.environment import Places, bank_environment, service_environment
from stack.errors import StackError
from stack.interruption import Watchdog, sigterm_unwinds, uninterrupted
from stack.kafka import Kafka
from stack.keys import ensure_keys, ensure_portal_keys
from stack.parts import Parts
from stack.ports import Ports, require_free
from stack.postgres import Postgres
from stack.process import Running, myself
from stack.run_file import Run, forget_run, read_run, write_run
from stack.secrets_file import role_password
from stack.settings import DEFAULT_PORT_BASE, read_settings
from stack.topics import ensure_flow_topics
from throughline.flow import SERVICES

KAFKA, POSTGRES, SERVICES_PART, BANK = "kafka", "postgres", "services", "bank"
WHOLE = (KAFKA, POSTGRES, SERVICES_PART, BANK)
INFRASTRUCTURE = (KAFKA, POSTGRES)


class LocalStack(Parts):
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
        environment: Mapping[str, Mapping[str, str]] | None = None,
        quick_broker: bool = False,
        report: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        """`port_base`: the first of a hundred ports; `replicas`: processes by service, 1 where not named, 0 for none;
        `environment`: further variables by service (`bank` for the bank, `*` for all), over those of environment.py;
        `quick_broker`: it starts with half the CPU time and carries less, for tests;
        `report`: hears one sentence for each step.
        """
        super().__init__()
        self.directory = Path(directory).absolute()
        self.ports = Ports(port_base or read_settings().port_base or DEFAULT_PORT_BASE)
        self.parts = tuple(parts)
        self.replicas = {name: (replicas or {}).get(name, 1) for name in SERVICES}
        self.partners = tuple(partners)
        self.environment = {name: dict(env) for name, env in (environment or {}).items()}
        self.places = Places(self.directory)
        self._quick_broker = quick_broker
        self._report = report
        self._run: Run | None = None
        self._claim: Claim | None = None
        self._watchdog: Watchdog | None = None
        self._until_exit = contextlib.ExitStack()
        self._postgres: Postgres | None = None

    @classmethod
    def attach(cls, directory: Path, report: Callable[[str], None] = lambda sentence: None) -> LocalStack:
        """The stack that an earlier `start(detached=True)` left running. Raises StackError where none runs there."""
        directory = Path(directory).absolute()
        run = read_run(directory)
        if run is None or run.project or not run.any_alive(directory):
            raise StackError(f"No stack is running in {directory}: start one with 'make up'.")
        stack = cls(
            directory,
            run.port_base,
            parts=run.parts,
            replicas=run.replicas,
            partners=run.partners,
            environment=run.environment,
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
        """The base address of a service's HTTP API."""
        return f"http://127.0.0.1:{self.ports.service(SERVICES.index(service), replica)}"

    # the whole

    def start(self, *, detached: bool = False) -> Self:
        """Starts every part in order and returns when all are ready. Raises StackError, and leaves nothing running.

        `detached`: the stack outlives its starter, until `attach(directory).stop()`.
        """
        self._claim = Claim(self.directory)
        try:
            self._run = Run(
                id=uuid.uuid4().hex,
                owner=myself(),
                detached=detached,
                port_base=self.ports.base,
                parts=list(self.parts),
                replicas=self.replicas,
                partners=list(self.partners),
                environment=self.environment,
            )
            write_run(self.directory, self._run)
            if not detached:
                self._watchdog = Watchdog(self.directory, self._run.id)
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
            self._stop_at_once([name for name in self.processes if name not in INFRASTRUCTURE])
            self._stop_at_once([name for name in self.processes if name in INFRASTRUCTURE])
            stop_everything(self.directory, self._run)
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

    def add_partner(self, partner: str) -> None:
        """Makes the two topics of a partner."""
        ensure_flow_topics(self.kafka_bootstrap, [partner])

    # how

    def _start_parts(self) -> None:
        self._require_ports()
        ensure_keys(self.places.keys)
        ensure_portal_keys(self.places.portal_keys, self.places.keys)
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
            self.wait_ready([BANK])

    def _start_services(self) -> None:
        wanted = [service for service in SERVICES if self.replicas[service]]
        self.postgres.ensure_databases(
            {service: role_password(self.directory, service) for service in wanted}
        )
        ensure_flow_topics(self.kafka_bootstrap, self.partners)
        self._report("Migrating the databases")
        self._migrate(wanted)
        self._report(f"Starting {', '.join(wanted)}")
        names = [name for name in self.processes if name not in (*INFRASTRUCTURE, BANK)]
        for name in names:
            self._launch(name)
        self.wait_ready(names)

    def _migrate(self, wanted: Iterable[str]) -> None:
        migrations = [
            services.migration(service, self._service_environment(service, 1), self.places)
            for service in wanted
        ]
        for each in migrations:
            self._remember(each.name, each.start())
        services.require_migrated(migrations)

    def _further(self, name: str) -> dict[str, str]:
        return self.environment.get("*", {}) | self.environment.get(name, {})

    def _service_environment(self, service: str, replica: int) -> dict[str, str]:
        return service_environment(
            service,
            replica,
            places=self.places,
            ports=self.ports,
            database_url=self.database_url(service),
            kafka_bootstrap=self.kafka_bootstrap,
        ) | self._further(service)

    def _describe(self, *, prepare: bool = False) -> None:
        """Fills `processes` with every part, none of them started."""
        if KAFKA in self.parts:
            kafka = Kafka(self.directory, self.ports, self._report, quick=self._quick_broker)
            self._add(kafka.prepare() if prepare else kafka.process(), kafka.is_ready)
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
            env = bank_environment(self.places) | self._further(BANK)
            self._add(services.bank_process(self.places, env), (self.places.bank / "inbox").is_dir)

    def _remember(self, name: str, running: Running) -> None:
        if self._run is not None:
            self._run.processes[name] = running
            write_run(self.directory, self._run)

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

    def _release(self) -> None:
        if self._watchdog is not None:
            self._watchdog.dismiss()
            self._watchdog = None
        if self._claim is not None:
            self._claim.release()
            self._claim = None
