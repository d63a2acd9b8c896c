"""The stack as one object: start it, use its addresses, break single parts, stop it with nothing left running."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from stack import services
from stack.claim import stop_everything
from stack.database_server import ADMIN, DatabaseServer
from stack.environment import Places, bank_environment, service_environment
from stack.infrastructure import Infrastructure
from stack.interruption import start_keeper
from stack.kafka import Kafka
from stack.keys import PORTAL_SIGNING_KEY, ensure_intake_keys, ensure_keys, ensure_portal_keys
from stack.lifetime import Lifetime
from stack.parts import Parts
from stack.people import ensure_people, record_people
from stack.postgres import Postgres
from stack.process import Running, stop_running
from stack.provider_people import ensure_provider_people, record_provider_people
from stack.run_file import Run, running_run, write_run
from stack.secrets_file import role_password
from stack.topics import ensure_flow_topics
from throughline.flow import SERVICES

KAFKA, POSTGRES, SERVICES_PART, BANK = "kafka", "postgres", "services", "bank"
WHOLE = (KAFKA, POSTGRES, SERVICES_PART, BANK)
INFRASTRUCTURE = (KAFKA, POSTGRES)


class LocalStack(Parts, Lifetime):
    """A stack of processes in one directory, as a context manager or by `start` and `stop`. All methods block.

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
        infrastructure: Infrastructure | None = None,
        quick_broker: bool = False,
        report: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        """`port_base`: the first of a hundred ports; `replicas`: processes by service, 1 where not named, 0 for none;
        `environment`: further variables by service (`bank` for the bank, `*` for all), over those of environment.py;
        `infrastructure`: a broker and a database server that run already, instead of its own;
        `quick_broker`: it starts with half the CPU time and carries less, for tests;
        `report`: hears one sentence for each step.
        """
        Parts.__init__(self)
        Lifetime.__init__(self, directory, port_base, replicas, partners, report)
        self.parts = tuple(part for part in parts if infrastructure is None or part not in INFRASTRUCTURE)
        self.environment = {name: dict(env) for name, env in (environment or {}).items()}
        self.places = Places(self.directory)
        self._infrastructure = infrastructure
        self._quick_broker = quick_broker
        self._server: Postgres | None = None

    @classmethod
    def attach(cls, directory: Path, report: Callable[[str], None] = lambda sentence: None) -> LocalStack:
        """The stack that an earlier `start(detached=True)` left running. Raises StackError where none runs there."""
        directory = Path(directory).absolute()
        run = running_run(directory, in_containers=False)
        stack = cls(
            directory,
            run.port_base,
            parts=run.parts,
            replicas=run.replicas,
            partners=run.partners,
            environment=run.environment,
            report=report,
        )
        stack._describe()
        stack.take_over(run)
        return stack

    def take_over(self, run: Run) -> None:
        """Takes the parts as another process left them; of one that it does not name, nothing runs."""
        self._run = run
        for name, running in run.processes.items():
            if name in self.processes:
                self.processes[name].adopt(running)

    # addresses

    @property
    def kafka_bootstrap(self) -> str:
        given = self._infrastructure
        return given.kafka_bootstrap if given is not None else super().kafka_bootstrap

    @property
    def postgres(self) -> DatabaseServer:
        """The server: `execute(sql, database)` and `dsn(database)` as its administrator."""
        return self._infrastructure.postgres if self._infrastructure is not None else self._own_server

    @property
    def _own_server(self) -> Postgres:
        if self._server is None:
            self._server = Postgres(self.directory, self.ports, role_password(self.directory, ADMIN))
        return self._server

    # how

    def _require_prerequisites(self) -> None:
        """Everything comes from wheels: what is missing names itself where it is looked for."""

    def _new_run(self, *, detached: bool) -> Run:
        run = super()._new_run(detached=detached)
        run.parts, run.environment = list(self.parts), self.environment
        return run

    def _needed_ports(self) -> dict[int, str]:
        needed: dict[int, str] = {}
        if KAFKA in self.parts:
            needed |= {self.ports.kafka: "Kafka", self.ports.kafka_controller: "Kafka's controller"}
        if POSTGRES in self.parts:
            needed[self.ports.postgres] = "PostgreSQL"
        return needed | (self._services_ports() if SERVICES_PART in self.parts else {})

    def _start_parts(self) -> None:
        ensure_keys(self.places.keys)
        ensure_portal_keys(self.places.portal_keys, self.places.keys)
        ensure_intake_keys(self.places.intake_keys)
        ensure_people(self.places.people, self.places.trust, self.places.portal_keys / PORTAL_SIGNING_KEY)
        ensure_provider_people(self.places.people, self.places.portal_keys)
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
        if self._run is not None and self._run.detached:
            self._run.keeper = start_keeper(self.directory, self._run.id)
            write_run(self.directory, self._run)

    def _stop_parts(self, run: Run) -> None:
        if run.keeper is not None:  # first: it would start again what is stopped
            stop_running(run.keeper, signal.SIGTERM, 5)
        self._stop_at_once([name for name in self.processes if name not in INFRASTRUCTURE])
        self._stop_at_once([name for name in self.processes if name in INFRASTRUCTURE])
        stop_everything(self.directory, run)

    def _start_services(self) -> None:
        wanted = [service for service in SERVICES if self.replicas[service]]
        self.postgres.ensure_databases(
            {service: role_password(self.directory, service) for service in wanted}
        )
        ensure_flow_topics(self.kafka_bootstrap, self.partners)
        record_people(self.kafka_bootstrap, self.places.people)
        record_provider_people(self.kafka_bootstrap, self.places.people)
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
            own = self._own_server
            server = own.prepare() if prepare else own.process()
            self._add(server, lambda: own.is_ready(server.pid))
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

    def _forget(self, name: str) -> None:
        # Before it is stopped: the keeper must not start again what somebody stops on purpose.
        if self._run is not None and self._run.processes.pop(name, None) is not None:
            write_run(self.directory, self._run)
