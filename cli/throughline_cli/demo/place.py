"""Where a demo runs and leaves what it made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stack import Stack
from throughline.flow import SERVICES
from throughline_cli.signing import Signers


@dataclass(frozen=True)
class Place:
    """The running stack, and the folder of the demo."""

    stack: Stack
    out: Path

    @property
    def bootstrap(self) -> str:
        return self.stack.kafka_bootstrap

    @property
    def signers(self) -> Signers:
        """The sandbox's people."""
        return Signers.of_sandbox(self.stack.places.people)

    @property
    def clock(self) -> Path:
        return self.stack.places.clock

    @property
    def bank(self) -> Path:
        return self.stack.places.bank

    def urls(self) -> list[str]:
        """Every replica of every service."""
        return [
            self.stack.http_url(service, replica)
            for service in SERVICES
            for replica in range(1, self.stack.replicas[service] + 1)
        ]

    def urls_of(self, service: str) -> list[str]:
        """Every replica of one service."""
        return [
            self.stack.http_url(service, replica) for replica in range(1, self.stack.replicas[service] + 1)
        ]

    def url(self, service: str) -> str:
        return self.stack.http_url(service)
