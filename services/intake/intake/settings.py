"""What an operator can set. Every setting of the chassis applies too."""

from __future__ import annotations

from pydantic import Field

from chassis import ServiceSettings


class Settings(ServiceSettings):
    """Intake's own settings."""

    registration_wait_s: float = Field(
        10.0,
        description="how long records of an unknown partner wait for its registration before they are parked",
    )
    file_bytes_max: int = Field(512_000_000, description="largest claims file accepted over HTTP")
    body_wait_s: float = Field(10.0, description="longest silence within the body of an HTTP request")
    body_total_s: float = Field(600.0, description="longest time for the whole body of a file")
    file_claims_per_transaction: int = Field(200, description="claims of a file decided in one transaction")
    file_lease_s: float = Field(10.0, description="after this a file that its reader left is taken over")
