"""What one stack in containers is told: its folders, its ports, its passwords, and who its containers run as."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stack import services
from stack.compose_images import Image, source_variable
from stack.compose_project import ENV_FILE
from stack.database_server import ADMIN
from stack.docker_engine import is_rootless
from stack.environment import Places
from stack.keys import FEED_TOKEN, PORTAL_SIGNING_KEY, ensure_intake_keys, ensure_keys, ensure_portal_keys
from stack.people import ensure_people
from stack.ports import Ports
from stack.provider_people import ensure_provider_people
from stack.secrets_file import role_password, write_secret
from throughline.flow import SERVICES

_IMAGE_USER = 10001
"""The user of our images, for which a stack of root's gives its folders away."""


@dataclass(frozen=True, slots=True)
class ComposePlaces(Places):
    """As LocalStack has them, but for the clock: a container sees a file replaced only in a folder it is given."""

    @property
    def clock(self) -> Path:
        return self.directory / "clock" / "clock.json"


def prepare_folders(places: ComposePlaces) -> None:
    """Made here, not by a container: what this machine reads and writes belongs to whoever started the stack."""
    ensure_keys(places.keys)
    ensure_portal_keys(places.portal_keys, places.keys)
    ensure_intake_keys(places.intake_keys)
    ensure_people(places.people, places.trust, places.portal_keys / PORTAL_SIGNING_KEY)
    ensure_provider_people(places.people, places.portal_keys)
    places.clock.parent.mkdir(parents=True, exist_ok=True)
    services.ensure_clock(places.clock)
    for folder in (places.bank, places.logs):
        folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0 and not is_rootless():
        for folder in (
            places.keys,
            places.portal_keys,
            places.intake_keys,
            places.people,
            places.trust.parent,
            places.clock.parent,
            places.bank,
        ):
            for path in (folder, *folder.rglob("*")):
                os.chown(path, _IMAGE_USER, _IMAGE_USER, follow_symlinks=False)


def write_settings(places: ComposePlaces, ports: Ports, sources: Mapping[Image, str]) -> None:
    """Writes what docker-compose.yml asks for, 0600."""
    settings = {
        "RUN_AS": run_as(os.geteuid(), os.getegid(), rootless=is_rootless()),
        "KEYS_VOLUME": str(places.keys),
        "PORTAL_KEYS_VOLUME": str(places.portal_keys),
        "INTAKE_KEYS_VOLUME": str(places.intake_keys),
        "PEOPLE_VOLUME": str(places.people),
        "TRUST_VOLUME": str(places.trust.parent),
        "CLOCK_VOLUME": str(places.clock.parent),
        "BANK_VOLUME": str(places.bank),
        "KAFKA_PORT": str(ports.kafka),
        "POSTGRES_PORT": str(ports.postgres),
        **{f"{name.upper()}_PORT": str(ports.service(place, 1)) for place, name in enumerate(SERVICES)},
        **{f"{role.upper()}_PASSWORD": role_password(places.directory, role) for role in (ADMIN, *SERVICES)},
        "FEED_TOKEN": (places.portal_keys / FEED_TOKEN).read_text(encoding="ascii").strip(),
        **{source_variable(image): source for image, source in sources.items()},
    }
    lines = [f"{name}='{value}'\n" for name, value in settings.items()]
    write_secret(places.directory / ENV_FILE, "".join(lines))


def run_as(user: int, group: int, *, rootless: bool) -> str:
    """Who our containers run as, `user:group`: the starter, whose folders they are given; never the machine's root.

    Under a rootless engine the starter is called root inside its containers, and only there.
    """
    if rootless:
        return "0:0"
    return f"{user}:{group}" if user else f"{_IMAGE_USER}:{_IMAGE_USER}"
