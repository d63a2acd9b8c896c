"""How to reach the broker, from the settings."""

from __future__ import annotations

from typing import Any

from faststream.security import BaseSecurity, SASLScram512

from chassis.settings import ServiceSettings


def connection_of(settings: ServiceSettings) -> dict[str, Any]:
    """aiokafka's connection arguments."""
    connection: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers,
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_username is not None and settings.kafka_password is not None:
        connection["sasl_mechanism"] = "SCRAM-SHA-512"
        connection["sasl_plain_username"] = settings.kafka_username
        connection["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    if settings.kafka_security_protocol.endswith("SSL"):
        import ssl

        connection["ssl_context"] = ssl.create_default_context()
    return connection


def security_of(settings: ServiceSettings) -> BaseSecurity | None:
    """The same, as FastStream wants it."""
    connection = connection_of(settings)
    context = connection.get("ssl_context")
    if "sasl_mechanism" in connection:
        return SASLScram512(
            username=connection["sasl_plain_username"],
            password=connection["sasl_plain_password"],
            use_ssl=context is not None,
            ssl_context=context,
        )
    return BaseSecurity(ssl_context=context) if context is not None else None
