"""The one place that says what each process of a stack is told: its environment, complete."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stack.keys import FEED_TOKEN, PUBLIC_SEALING_KEY
from stack.ports import Ports
from stack.settings import part_environment
from throughline.flow import SERVICES

PACKS = Path(__file__).resolve().parents[3] / "packs"
"""The checkout's programme packs."""


@dataclass(frozen=True, slots=True)
class Places:
    """The folders and files of one stack that its processes share."""

    directory: Path

    @property
    def keys(self) -> Path:
        return self.directory / "keys"

    @property
    def portal_keys(self) -> Path:
        """The portal's own keys: what it signs with, and what it stores people's secrets under."""
        return self.directory / "portal-keys"

    @property
    def intake_keys(self) -> Path:
        """Intake's own key, under which it stores attachments."""
        return self.directory / "intake-keys"

    @property
    def people(self) -> Path:
        """Key files of the sandbox's people: of whoever commands at this machine, never of a service."""
        return self.directory / "people"

    @property
    def trust(self) -> Path:
        """Whose public keys are trusted from the start: founders' and the portal's."""
        return self.directory / "trust" / "people.json"

    @property
    def clock(self) -> Path:
        """The sandbox clock: JSON `{"now": "<UTC instant>"}`."""
        return self.directory / "clock.json"

    @property
    def bank(self) -> Path:
        """The bank's drop: what payout writes and the sandbox bank collects and answers."""
        return self.directory / "bank"

    @property
    def logs(self) -> Path:
        return self.directory / "logs"

    @property
    def temporary(self) -> Path:
        return self.directory / "tmp"


def service_environment(
    service: str, replica: int, *, places: Places, ports: Ports, database_url: str, kafka_bootstrap: str
) -> dict[str, str]:
    """What `python -m <service> run` and `migrate` read."""
    return _shared(places) | {
        "DATABASE_URL": database_url,
        "KAFKA_BOOTSTRAP": kafka_bootstrap,
        "HTTP_HOST": "127.0.0.1",
        "HTTP_PORT": str(ports.service(SERVICES.index(service), replica)),
        "INSTANCE_ID": f"{service}-{replica}",
        "PEOPLE_FOUNDERS": str(places.trust),
        **({"KEYS_DIR": str(places.intake_keys)} if service == "intake" else {}),
        **(_of_audit(places) if service == "audit" else {}),
        **(_of_payout(places) if service == "payout" else {}),
        **({"PACKS_DIR": str(PACKS)} if service in ("validation", "portal") else {}),
        **(_of_portal(places, ports, replica) if service == "portal" else {}),
    }


def bank_environment(places: Places) -> dict[str, str]:
    """What `python -m sandbox_bank run` reads: its drop and the clock, nothing of ours."""
    return _shared(places) | {"BANK_DIRECTORY": str(places.bank)}


def _of_audit(places: Places) -> dict[str, str]:
    token = _feed_token(places)
    return {"FEED_TOKEN": token} if token else {}


def _feed_token(places: Places) -> str:
    """None is there in a stack whose keys were made before the portal read the feed; then it reads none."""
    path = places.portal_keys / FEED_TOKEN
    return path.read_text(encoding="ascii").strip() if path.exists() else ""


def _of_payout(places: Places) -> dict[str, str]:
    # The keys of the vault and the bank's drop are payout's alone: no other service is told where they are.
    return {"KEYS_DIR": str(places.keys), "BANK_DIRECTORY": str(places.bank)}


def _of_portal(places: Places, ports: Ports, replica: int) -> dict[str, str]:
    # A browser takes cookies of http://localhost as it takes those of https, and passkeys need a name.
    audit = f"http://127.0.0.1:{ports.service(SERVICES.index('audit'), 1)}"
    token = _feed_token(places)
    feed = {"AUDIT_FEED_URL": f"{audit}/v1/feed", "AUDIT_FEED_TOKEN": token} if token else {}
    return {
        "PUBLIC_ORIGIN": f"http://localhost:{ports.service(SERVICES.index('portal'), replica)}",
        "SECRETS_DIR": str(places.portal_keys),
        "SEALING_KEY_FILE": str(places.portal_keys / PUBLIC_SEALING_KEY),
        "INTAKE_URL": f"http://127.0.0.1:{ports.service(SERVICES.index('intake'), 1)}",
        "VALIDATION_URL": f"http://127.0.0.1:{ports.service(SERVICES.index('validation'), 1)}",
        "REMITTANCE_URL": f"http://127.0.0.1:{ports.service(SERVICES.index('remittance'), 1)}",
        "AUDIT_URL": audit,
        **feed,
    }


def _shared(places: Places) -> dict[str, str]:
    return part_environment(places.directory) | {
        "STACK_MODE": "sandbox",
        "CLOCK_FILE": str(places.clock),
        "LOG_LEVEL": "INFO",
        "TMPDIR": str(places.temporary),
    }
