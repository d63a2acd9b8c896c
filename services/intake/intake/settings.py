"""What an operator can set. Every setting of the chassis applies too."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

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
    keys_dir: Path | None = Field(
        None,
        description="intake's own keys, 0600: attachment-encryption.key. Without it no attachment is taken",
    )
    attachment_bytes_max: int = Field(20_000_000, description="largest attachment accepted over HTTP", ge=1)
    attachment_total_s: float = Field(60.0, description="longest time for the whole body of an attachment")
    attachment_unnamed_bytes_max: int = Field(
        1_000_000_000,
        description="most bytes that a partner, or an organisation in the portal, has here and no request names",
        ge=1,
    )
    attachment_unnamed_days: int = Field(
        30, description="after so many days an attachment that no request names is dropped", ge=1
    )
    clamd: str | None = Field(
        None, description="clamd, which looks at each attachment: host:port, or the path of its socket"
    )
    scanner_wait_s: float = Field(
        20.0, description="longest wait for the scanner; then nothing is kept", gt=0
    )

    @model_validator(mode="after")
    def _live_keeps_attachments(self) -> Self:
        if self.stack_mode == "live" and self.keys_dir is None:
            raise ValueError("a live stack must set KEYS_DIR to the directory of intake's keys")
        return self
