"""Settings of audit beside those that every service has."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, model_validator

from chassis import ServiceSettings


class Settings(ServiceSettings):
    """See chassis.settings for the rest."""

    metadata_max_age_s: float = Field(3.0, description="how soon a new partner's topics are heard")
    fetch_bytes_min: int = Field(
        1_000_000, description="bytes the broker gathers before it answers a fetch, for 250 ms at most"
    )
    api_token: SecretStr | None = Field(
        None, description="bearer token that the HTTP API asks for; a live stack must set it"
    )
    checkpoint_key_file: Path | None = Field(
        None, description="Ed25519 key (PEM) that signs checkpoints; unset leaves them unsigned"
    )
    verify_settle_s: float = Field(
        30.0, description="how long a verification waits for audit to hear what is there"
    )

    @model_validator(mode="after")
    def _live_is_closed(self) -> Settings:
        if self.stack_mode == "live" and self.api_token is None:
            raise ValueError(
                "API_TOKEN must be set where STACK_MODE is live: the log shows who was paid what"
            )
        return self
