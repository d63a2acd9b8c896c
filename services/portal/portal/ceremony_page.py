"""The page on which a person proves who they are: with what it is about, and what their browser is asked to sign."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import Response

from portal.ceremonies import Ceremony
from portal.page import Visit
from portal.passkeys import keys_of, options_to_sign

Find = Callable[[Visit, Any, UUID], Awaitable[Ceremony]]


async def show_ceremony(
    visit: Visit, template: str, find: Find, ceremony_id: UUID, *, wrong: bool = False
) -> Response:
    """``wrong``: what was given before proved nothing. Who has no passkey is asked to sign nothing."""
    async with visit.reading() as db:
        ceremony = await find(visit, db, ceremony_id)
        keys = [key["credential_id"] for key in await keys_of(db, visit.session.person_id)]
    return await visit.show(
        template,
        status=401 if wrong else 200,
        ceremony=ceremony,
        options=options_to_sign(visit.settings, ceremony.challenge, keys) if keys else None,
        wrong=wrong,
    )
