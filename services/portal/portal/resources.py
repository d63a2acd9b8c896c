"""What the portal holds while it runs: its own keys."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from portal.read_model.sealed_content import ContentKey
from portal.settings import Settings

STORAGE_KEY_FILE = "storage.key"


class KeyMissing(RuntimeError):
    """A key of the portal is not there, or others may read it. The service must not start."""


@dataclass(frozen=True, slots=True)
class Resources:
    """Reached as ``context.resources``."""

    content_key: ContentKey


async def open_resources(settings: Settings, pool: asyncpg.Pool) -> Resources:
    """Raises KeyMissing."""
    if settings.secrets_dir is None:
        raise KeyMissing("SECRETS_DIR must name the directory of the portal's keys")
    return Resources(read_storage_key(settings.secrets_dir / STORAGE_KEY_FILE))


def read_storage_key(file: Path) -> ContentKey:
    """64 hexadecimal digits, readable by the portal alone."""
    try:
        text = file.read_text("ascii").strip()
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyMissing(f"{file.name} may be read by others; its mode must be 0600")
        return ContentKey(bytes.fromhex(text))
    except FileNotFoundError:
        raise KeyMissing(f"{file.name} is absent from {file.parent}") from None
    except ValueError:
        raise KeyMissing(f"{file.name} must hold 32 bytes as 64 hexadecimal digits") from None
