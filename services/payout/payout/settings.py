"""Payout's settings: those of every service, and the banks it pays through."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path

from pydantic import BaseModel, Field, model_validator

from chassis.guarded import GuardedSettings
from payout.calendar import Cutoff


class BankCutoff(BaseModel):
    """One cutoff of a bank, local to America/New_York: the time at which we must have built the file."""

    at: time
    same_day: bool = False
    grace_minutes: int = Field(10, ge=0)
    """How long after the cutoff the bank still takes a same-day file for the day."""


class Bank(BaseModel):
    """What one bank assigned to us, and where it takes and leaves files."""

    routing: str = Field(pattern=r"^[0-9]{9}$")
    origin: str = Field(min_length=9, max_length=10)
    name: str = Field(min_length=1, max_length=23)
    origin_name: str = Field(min_length=1, max_length=23)
    directory: Path | None = None
    """Its drop, with `inbox` (ours to it) and `outbox` (its to us); None means BANK_DIRECTORY."""
    cutoffs: tuple[BankCutoff, ...] = Field(min_length=1)
    company_names: dict[str, str] = Field(default_factory=dict)
    """The name that payees know a payer by, of at most 16 characters, where the payer's own is longer."""

    def all_cutoffs(self) -> tuple[Cutoff, ...]:
        return tuple(
            Cutoff(one.at, one.same_day, timedelta(minutes=one.grace_minutes)) for one in self.cutoffs
        )


# The sandbox bank locks this file in its directory.
SANDBOX_BANK_MARK = ".bank.lock"
SANDBOX_BANK = Bank(
    routing="121042882",
    origin="1210428820",
    name="SANDBOX BANK",
    origin_name="THROUGHLINE",
    cutoffs=(BankCutoff(at=time(15, 0)),),
)


class PayoutSettings(GuardedSettings):
    """Each bank by the code that payers' reference data names."""

    bank_directory: Path | None = Field(
        None, description="the drop of banks that name no directory of their own"
    )
    banks: dict[str, Bank] = Field(
        default={"sandbox-bank": SANDBOX_BANK},
        description="JSON: bank code to routing, origin, names, cutoffs, drop",
    )
    cooling_off_banking_days: int = Field(
        5, description="banking days before a changed account is paid to", ge=0
    )
    chunk_items: int = Field(
        500, description="events said in one transaction where many follow from one cause", ge=1
    )
    bank_file_bytes_max: int = Field(64 * 1024 * 1024, description="largest bank file that is read", ge=1)
    unknown_alarm_s: float = Field(300.0, description="age at which a file in doubt pages", ge=0)

    @model_validator(mode="after")
    def _live_is_live(self) -> PayoutSettings:
        if self.stack_mode != "live":
            return self
        for code, bank in self.banks.items():
            if bank == SANDBOX_BANK or (self.directory_of(bank) / SANDBOX_BANK_MARK).exists():
                raise ValueError(
                    f"BANKS: {code} is the sandbox bank, and STACK_MODE is live; name a real bank"
                )
        return self

    def directory_of(self, bank: Bank) -> Path:
        directory = bank.directory or self.bank_directory
        if directory is None:
            raise ValueError("set BANK_DIRECTORY, or a directory for each bank in BANKS")
        return directory
