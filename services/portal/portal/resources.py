"""What the portal holds while it runs: its own keys."""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from portal.read_model.sealed_content import ContentKey
from portal.rule_help import RuleHelp
from portal.sandbox_accounts import ensure_sandbox_accounts
from portal.settings import Settings
from throughline.packs.directory import Packs, load_packs

STORAGE_KEY_FILE = "storage.key"
SIGNING_KEY_FILE = "signing.jwk"


class KeyMissing(RuntimeError):
    """A key of the portal is not there, or others may read it. The service must not start."""


@dataclass(frozen=True, slots=True)
class Resources:
    """Reached as ``context.resources``."""

    content_key: ContentKey
    signing_key: OKPKey
    """Signs commands for the person of a session."""
    rule_help: RuleHelp = field(default_factory=RuleHelp)
    """What the rules in force ask of a form's fields."""
    packs: Packs = field(default_factory=dict)
    """Whose forms are drawn."""


async def open_resources(settings: Settings, pool: asyncpg.Pool) -> Resources:
    """Raises KeyMissing, PackUnfit."""
    if settings.secrets_dir is None:
        raise KeyMissing("SECRETS_DIR must name the directory of the portal's keys")
    content_key = read_storage_key(settings.secrets_dir / STORAGE_KEY_FILE)
    if settings.stack_mode == "sandbox":
        await ensure_sandbox_accounts(settings.secrets_dir, pool, content_key)
    packs = load_packs(settings.packs_dir)
    return Resources(content_key, read_signing_key(settings.secrets_dir / SIGNING_KEY_FILE), packs=packs)


def read_storage_key(file: Path) -> ContentKey:
    """64 hexadecimal digits, readable by the portal alone."""
    return ContentKey(_bytes_of(file, read_secret(file)))


def read_signing_key(file: Path) -> OKPKey:
    try:
        return OKPKey.import_key(json.loads(read_secret(file)))
    except (ValueError, JoseError):
        raise KeyMissing(f"{file.name} must hold an Ed25519 key as a JWK") from None


def read_secret(file: Path) -> str:
    """Raises KeyMissing where it is absent, or others may read it."""
    try:
        text = file.read_text("ascii").strip()
    except FileNotFoundError:
        raise KeyMissing(f"{file.name} is absent from {file.parent}") from None
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyMissing(f"{file.name} may be read by others; its mode must be 0600")
    return text


def _bytes_of(file: Path, text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise KeyMissing(f"{file.name} must hold 32 bytes as 64 hexadecimal digits") from None
