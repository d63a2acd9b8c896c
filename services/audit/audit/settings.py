"""Settings of audit beside those that every service has."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from chassis.guarded import GuardedSettings


class Settings(GuardedSettings):
    """See chassis.settings for the rest."""

    metadata_max_age_s: float = Field(3.0, description="how soon a new partner's topics are heard")
    fetch_bytes_min: int = Field(
        1_000_000, description="bytes the broker gathers before it answers a fetch, for 250 ms at most"
    )
    checkpoint_key_file: Path | None = Field(
        None, description="Ed25519 key (PEM) that signs checkpoints; unset leaves them unsigned"
    )
    feed_token: SecretStr | None = Field(
        None, description="bearer token of the feed of whole records; unset means there is no feed"
    )
    verify_settle_s: float = Field(
        30.0, description="how long a verification waits for audit to hear what is there"
    )
