"""What tests read of the portal: commands that left, values in its forms; and telling it what others said."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import httpx
from portal_stories import Teller

from chassis import Context, testing
from portal.app import service
from throughline.envelope import read_envelope
from throughline.signed import SIGNATURE


async def told(context: Context, teller: Teller) -> None:
    await testing.deliver(service, context, teller.told)


async def said(context: Context) -> list[Any]:
    """Each command that left, once, in the order of leaving; every one carries a signature."""
    found: dict[UUID, Any] = {}
    for record in await testing.said_in(context.pool):
        envelope, model = read_envelope(record.headers), read_envelope(record.headers).message_class()
        assert model is not None and dict(record.headers)[SIGNATURE]
        found.setdefault(envelope.id, model.model_validate_json(record.value))
    return list(found.values())


def hidden(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, name
    return found[1]
