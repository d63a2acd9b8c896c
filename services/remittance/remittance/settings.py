"""Remittance's settings: those of every service, and its own. The only reader of the environment here."""

from __future__ import annotations

from pydantic import Field, SecretStr, model_validator

from chassis import ServiceSettings


class RemittanceSettings(ServiceSettings):
    """Trace numbers, amounts and dates come with the payment; what is here is only how much at once and for whom."""

    api_token: SecretStr | None = Field(
        None, description="bearer token that the HTTP API asks for; a live stack must set it"
    )
    sweep_payments_max: int = Field(
        100, description="waiting payments and notices taken up in one look", ge=1
    )

    unexplained_after_s: int = Field(
        60,
        description="seconds that a settled payment may wait for its remittance before a person is paged",
        ge=0,
    )

    @model_validator(mode="after")
    def _live_is_closed(self) -> RemittanceSettings:
        if self.stack_mode == "live" and self.api_token is None:
            raise ValueError("API_TOKEN must be set where STACK_MODE is live: an 835 names patients")
        return self
