"""Remittance's settings: those of every service, and its own. The only reader of the environment here."""

from __future__ import annotations

from pydantic import Field, SecretStr

from chassis import ServiceSettings


class RemittanceSettings(ServiceSettings):
    """Trace numbers, amounts and dates come with the payment; what is here is only how much at once and for whom."""

    api_token: SecretStr | None = Field(None, description="bearer token of the HTTP API; unset asks for none")
    sweep_payments_max: int = Field(
        100, description="waiting payments and notices taken up in one look", ge=1
    )
