"""One PostgreSQL 18 server from the binaries of a wheel: own data folder and port, role and database per service."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psutil

from stack import unprivileged
from stack.database_server import ADMIN, DatabaseServer, programs
from stack.errors import StackError
from stack.ports import Ports
from stack.process import ManagedProcess
from stack.settings import part_environment

PROMISED = {
    # Nothing acknowledged is lost, and nobody keeps a lock for ever.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "idle_in_transaction_session_timeout": "30s",
    "lock_timeout": "5s",
    "timezone": "UTC",
    # No value of a row or a parameter in the server's log.
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
"""Settings that are part of what is promised about the data, wherever the server runs."""

FITTED = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    # Pages written whole into the log are mostly pages of hashed keys: pglz, the one method that the packaged server
    # knows, makes the log 8 % smaller and takes 0.1 ms of CPU a page.
    "wal_compression": "off",
    "jit": "off",
}
"""Settings that fit a machine which also runs the broker and the services."""

_LOCAL = {"listen_addresses": "127.0.0.1", "unix_socket_directories": ""}


class Postgres(DatabaseServer):
    """A server of this machine: its files, and how its process is made."""

    def __init__(self, directory: Path, ports: Ports, password: str) -> None:
        super().__init__(ports.postgres, password)
        self.directory = directory / "postgres"
        self.data = self.directory / "data"

    def prepare(self) -> ManagedProcess:
        """Makes the data folder at the first start, and answers the server's process."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        unprivileged.own_by_runner(self.data)
        self._forget_foreign_pid()
        return self.process()

    def process(self) -> ManagedProcess:
        """The server's process, not started; its data folder is taken as it is."""
        settings = PROMISED | FITTED | _LOCAL | {"port": str(self.port)}
        options = [f"--{name}={value}" for name, value in settings.items()]
        return ManagedProcess(
            "postgres",
            unprivileged.command([str(programs() / "postgres"), "-D", str(self.data), *options]),
            log=self.directory.parent / "logs" / "postgres.log",
            env=part_environment(self.directory.parent),
            directory=self.directory,
            stop_signal=signal.SIGINT,  # fast shutdown: sessions are ended, everything is written
        )

    def is_ready(self, pid: int | None) -> bool:
        """Whether the server that is this process accepts connections: its pid file says so (of a killed one too)."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return int(lines[0]) == pid and lines[7].strip() == "ready"
        except (OSError, ValueError, IndexError):
            return False

    def _forget_foreign_pid(self) -> None:
        # After a crash and a reboot the pid in the file may be another program's, for which PostgreSQL would wait.
        pid_file = self.data / "postmaster.pid"
        try:
            if psutil.Process(int(pid_file.read_text().splitlines()[0])).name() != "postgres":
                pid_file.unlink()
        except (OSError, ValueError, IndexError, psutil.Error):
            pass  # no file, or no such process: PostgreSQL sees that by itself

    def _initialise(self) -> None:
        # Made beside and renamed when whole: an interrupted attempt leaves nothing that looks like a data folder.
        unfinished = self.directory / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        with tempfile.NamedTemporaryFile("w", dir=self.directory, prefix=".initial-") as secret:
            secret.write(self._password)
            secret.flush()
            unprivileged.own_by_runner(self.directory)
            self._run_initdb(unfinished, Path(secret.name))
        unfinished.rename(self.data)

    def _run_initdb(self, data: Path, password_file: Path) -> None:
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"]
        made = subprocess.run(
            unprivileged.command(
                [
                    str(programs() / "initdb"),
                    f"--pgdata={data}",
                    f"--username={ADMIN}",
                    f"--pwfile={password_file}",
                    *options,
                ]
            ),
            env=part_environment(self.directory.parent),
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise StackError(
                f"PostgreSQL's data folder {data} could not be made; start as an ordinary user, "
                f"or in a folder that the user 'nobody' can reach. PostgreSQL said: {made.stderr.strip()[-400:]}"
            )
