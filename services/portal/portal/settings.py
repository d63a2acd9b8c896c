"""Settings of the portal beside those that every service has."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from chassis.settings import ServiceSettings
from portal.banking_days import Cutoff


class Settings(ServiceSettings):
    """See chassis.settings for the rest."""

    public_origin: str = Field(
        "http://localhost:8000",
        description="what people type: scheme, host and port. Pages answer under this name alone",
    )
    secrets_dir: Path | None = Field(
        None,
        description="the portal's own keys: signing.jwk, storage.key (AES-256, hex), intake.key (API key); 0600",
    )
    packs_dir: Path | None = Field(
        None,
        description="the directory of the programme packs; without it no programme's form can be filled in",
    )
    sealing_key_file: Path | None = Field(
        None, description="payout's public key (JWK), to which bank accounts are sealed"
    )
    intake_url: str | None = Field(None, description="intake's HTTP API, which takes files and attachments")
    audit_url: str | None = Field(None, description="audit's HTTP API, for timelines and proofs")
    audit_token: str | None = Field(None, description="bearer token of audit's HTTP API")

    validation_url: str | None = Field(
        None, description="validation's HTTP API, which checks a form's request"
    )
    validation_token: SecretStr | None = Field(None, description="bearer token of validation's HTTP API")
    remittance_url: str | None = Field(None, description="remittance's HTTP API, for 835s as posted")
    remittance_token: SecretStr | None = Field(None, description="bearer token of remittance's HTTP API")
    trusted_proxies: tuple[str, ...] = Field(
        (), description="JSON: addresses of proxies whose X-Forwarded-For names who calls"
    )
    bank_cutoffs: dict[str, tuple[Cutoff, ...]] = Field(
        default={"sandbox-bank": (Cutoff(time(15, 0)),)},
        description="JSON: bank code to cutoffs as payout's BANKS has them, to foretell dates",
    )
    session_idle_minutes: int = Field(30, description="a session unused for so long has ended", ge=1)
    session_hours: int = Field(12, description="a session ends so long after its sign-in", ge=1)
    step_up_seconds: int = Field(300, description="how long a started step-up may be finished", ge=30)
    sign_ins_per_account: int = Field(5, description="tries for one account in a minute", ge=1)
    sign_ins_per_address: int = Field(20, description="tries from one address in a minute", ge=1)
    form_bytes_max: int = Field(262_144, description="largest body of a form", ge=1024)
    upload_bytes_max: int = Field(26_214_400, description="largest body of an upload", ge=1024)
    body_seconds_max: float = Field(20.0, description="longest wait for a form to be complete", gt=0)
    upload_seconds_max: float = Field(180.0, description="longest wait for an upload to be complete", gt=0)

    def cutoffs_of(self, bank: str | None) -> tuple[Cutoff, ...]:
        """The cutoffs of a payer's bank; none where it is not known."""
        return self.bank_cutoffs.get(bank or "", ())

    @property
    def host(self) -> str:
        """The name of the public origin, without its port: also the relying party of passkeys."""
        return urlsplit(self.public_origin).hostname or ""

    @model_validator(mode="after")
    def _the_origin_is_sound(self) -> Self:
        origin = urlsplit(self.public_origin)
        if origin.path or not origin.hostname or origin.scheme not in ("http", "https"):
            raise ValueError("PUBLIC_ORIGIN is a scheme, a host and a port: https://portal.example")
        if origin.scheme == "http" and (self.stack_mode == "live" or origin.hostname != "localhost"):
            raise ValueError("PUBLIC_ORIGIN must begin with https; a sandbox may use http://localhost")
        return self
