"""What intake holds while it runs: who waits for a registration, and the keys of attachments."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from intake.attachment_keys import AttachmentKeys, KeyMissing, load_attachment_keys
from intake.registration import Registrations
from intake.settings import Settings

_KEY_IDS = "select distinct key_id from attachments"


@dataclass(frozen=True, slots=True)
class Resources:
    """Reached as ``context.resources``. Without keys no attachment is taken in or given out."""

    registrations: Registrations
    attachment_keys: AttachmentKeys | None = None


async def open_resources(settings: Settings, pool: asyncpg.Pool) -> Resources:
    """Raises KeyMissing: without the keys of what it keeps intake must not start."""
    keys = None
    if settings.keys_dir is not None:
        keys = load_attachment_keys(settings.keys_dir, is_live=settings.stack_mode == "live")
    used = {row[0] for row in await pool.fetch(_KEY_IDS)}
    if not used <= (frozenset() if keys is None else keys.key_ids):
        raise KeyMissing("an attachment is stored under a key that is not in KEYS_DIR")
    return Resources(Registrations(settings.registration_wait_s), keys)
