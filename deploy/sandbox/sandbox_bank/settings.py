"""The bank's settings, from the environment."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    bank_directory: Path = Field(description="where inbox, outbox, collected and the ledger lie")
    clock_file: Path | None = Field(None, description="the sandbox clock; unset: real time")
    routing: str = Field("121042882", alias="BANK_ROUTING", description="the bank's own routing number")
    seed: int = Field(1, alias="BANK_SEED", description="seeds the moments of collection")
    collect_seconds_max: float = Field(
        1.5, alias="BANK_COLLECT_SECONDS_MAX", description="longest wait in the inbox"
    )
    poll_seconds: float = Field(0.1, alias="BANK_POLL_SECONDS", description="how often the bank looks")
