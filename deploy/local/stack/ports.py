"""Which ports a stack takes, and a sentence where one of them is taken already."""

from __future__ import annotations

import random
import socket
from dataclasses import dataclass

import psutil

from stack.errors import StackError

PORTS_PER_STACK = 100
_REPLICAS_PER_SERVICE = 10
_FIRST_SERVICE_PORT = 10
# From 32768 up ports are handed out to outgoing connections: a restarted broker could find its own port taken.
_SEARCH_FROM, _SEARCH_TO = 22_000, 32_000


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one stack, all counted from `base`."""

    base: int

    @property
    def kafka(self) -> int:
        return self.base

    @property
    def kafka_controller(self) -> int:
        return self.base + 1

    @property
    def postgres(self) -> int:
        return self.base + 2

    def service(self, position: int, replica: int) -> int:
        """The HTTP port of a service's replica (counted from 1); `position` is the service's place in the flow."""
        if not 1 <= replica <= _REPLICAS_PER_SERVICE:
            raise StackError(f"A service has 1 to {_REPLICAS_PER_SERVICE} replicas here, not {replica}.")
        return self.base + _FIRST_SERVICE_PORT + position * _REPLICAS_PER_SERVICE + replica - 1


def is_free(port: int) -> bool:
    """Whether a server could listen on the port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def require_free(port: int, what: str) -> None:
    """Raises StackError naming the port, who has it where that can be seen, and the way out."""
    if is_free(port):
        return
    raise StackError(
        f"Port {port}, which {what} needs, is taken{_taken_by(port)}: stop that program, "
        f"or choose other ports, for example STACK_PORT_BASE={find_free_base()}."
    )


def find_free_base() -> int:
    """The first of a hundred neighbouring free ports, picked at random so that two searches rarely meet."""
    bases = list(range(_SEARCH_FROM, _SEARCH_TO, PORTS_PER_STACK))
    random.SystemRandom().shuffle(bases)
    for base in bases:
        if all(is_free(port) for port in range(base, base + PORTS_PER_STACK)):
            return base
    raise StackError(
        f"No hundred neighbouring ports are free between {_SEARCH_FROM} and {_SEARCH_TO}: stop some programs."
    )


def _taken_by(port: int) -> str:
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                return f" by process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass  # who it is may be hidden from us; the port is taken all the same
    return ""
