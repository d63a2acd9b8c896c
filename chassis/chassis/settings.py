"""Settings every service has. Each comes from the environment; `python -m <service> settings` prints them."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Extend it in the service's settings.py; every field needs a description, shown by the settings command."""

    model_config = SettingsConfigDict(env_file=None, extra="ignore", frozen=True)

    database_url: SecretStr = Field(
        description="postgresql://user:password@host/database of this service alone"
    )
    kafka_bootstrap: str = Field("127.0.0.1:9092", description="host:port of the brokers, comma separated")
    kafka_security_protocol: Literal["PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL", "SSL"] = Field(
        "PLAINTEXT", description="how the broker is spoken to"
    )
    kafka_username: str | None = Field(None, description="SCRAM-SHA-512 user")
    kafka_password: SecretStr | None = Field(None, description="SCRAM-SHA-512 password")
    http_host: str = Field("127.0.0.1", description="address the HTTP API listens on")
    http_port: int = Field(8000, description="port of the HTTP API; 0 takes a free one")
    instance_id: str = Field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}",
        description="names this replica; a stable name lets a restart keep its partitions",
    )
    static_membership: bool = Field(
        False, description="join the group under instance_id, so a restart moves nothing"
    )
    stack_mode: Literal["sandbox", "live"] = Field(
        "sandbox", description="must agree with the database's mark"
    )
    clock_file: Path | None = Field(None, description="file of the sandbox clock; unset means real time")
    keys_dir: Path | None = Field(None, description="directory of the stack's keys (0600)")
    people_founders: Path | None = Field(
        None, description="file of founding and portal public keys; unset: no command of a person is believed"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="lowest level logged")
    otlp_endpoint: str | None = Field(
        None, description="OpenTelemetry collector (http); unset exports no traces"
    )

    session_timeout_s: float = Field(20.0, description="Kafka session; also the bound on idle transactions")
    heartbeat_interval_s: float = Field(2.0, description="Kafka heartbeat")
    start_patience_s: float = Field(
        30.0, description="how long a start waits for a database or broker that does not answer"
    )
    graceful_stop_s: float = Field(15.0, description="how long a SIGTERM waits for work in hand")
    slice_records_max: int = Field(1000, description="records in one transaction")
    fetch_records_max: int = Field(2000, description="records in one poll")
    poll_timeout_s: float = Field(0.02, description="wait of one poll; an idle service sleeps as long again")
    fetch_bytes_min: int = Field(
        1, description="bytes the broker gathers before it answers a fetch, for 250 ms at most"
    )
    queue_records_max: int = Field(4000, description="records waiting per partition before it is paused")
    queue_bytes_max: int = Field(16_000_000, description="bytes waiting per partition before it is paused")
    held_records_max: int = Field(10_000, description="records kept per partition until their turn comes")
    held_bytes_max: int = Field(64_000_000, description="bytes kept per partition until their turn comes")
    database_pool_max: int = Field(8, description="connections to PostgreSQL")
    statement_timeout_s: float = Field(30.0, description="longest statement")
    lock_timeout_s: float = Field(5.0, description="longest wait for a lock")
    outbox_pending_bytes_max: int = Field(
        64_000_000, description="unsent bytes above which no new slice starts"
    )
    outbox_sweep_age_s: float = Field(1.0, description="age at which any replica sends a left-over pack")
    pack_bytes_max: int = Field(4_000_000, description="size at which an outbox row is cut")
    failing_share_max: float = Field(
        0.05, description="share of a partition's last 1,000 records that may fail"
    )
    failing_keys_max: int = Field(20, description="different failing keys from which the share counts")
    metadata_max_age_s: float = Field(3.0, description="how soon a new topic of a pattern is seen")
    audit_feed_url: str | None = Field(
        None,
        description="audit's feed (http://audit/v1/feed), read where a topic has expired behind a position",
    )
    audit_feed_token: SecretStr | None = Field(None, description="bearer token of audit's feed")
    check_broker: bool = Field(True, description="refuse to start where topics disagree with the map")

    @property
    def bootstrap_servers(self) -> list[str]:
        return [server.strip() for server in self.kafka_bootstrap.split(",") if server.strip()]

    def documented(self) -> list[tuple[str, str, str]]:
        """(environment variable, value without secrets, description) of every setting."""
        return [
            (name.upper(), str(getattr(self, name)), field.description or "")
            for name, field in type(self).model_fields.items()
        ]


def stack_mode_setting() -> str:
    """STACK_MODE alone, for the first migration."""
    return os.environ.get("STACK_MODE", "sandbox")
