"""A step-up: the person proves again who they are, for one command whose amount, payee or mask they see.

What a passkey signs is the hash of the command's id and bytes (``throughline.signed.challenge_of``), so that it counts
for nothing else; who carries the command out checks it again. In a sandbox a TOTP code does too.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from fastapi import HTTPException, Response

from portal import ceremonies
from portal.ceremonies import Ceremony
from portal.commands import Acting, Command, acting_as, must_not_be_sent_otherwise, prepare
from portal.page import Visit
from portal.rules import Role
from throughline.message import REGISTRY, Message
from throughline.signed import challenge_of

_SEALED_AS = "ceremonies.about"
Fact = tuple[str, str]
"""The key of a text, and what the person sees beside it."""


async def ask(
    visit: Visit,
    message: Message,
    *,
    key: str,
    once: UUID,
    facts: Sequence[Fact],
    back: str,
    notice: str,
    topic: str | None = None,
    role: Role | None = None,
    organisation_id: UUID | None = None,
    correlation_id: str | None = None,
    proposal: UUID | None = None,
) -> Response:
    """Go to the page that shows ``facts`` and asks for the proof; after it the command is sent, ``notice`` shown, and
    the browser is at ``back`` again. ``proposal``: of orders or of rules; who made it signs beside."""
    command = prepare(visit.context, message, key=key, once=once, topic=topic)
    acting = acting_as(visit, role, organisation_id)
    about = {
        "message": [type(message).__name__, type(message).VERSION],
        "key": key,
        "topic": command.topic,
        "id": str(command.id),
        "value": base64.b64encode(command.value).decode(),
        "role": acting.role.value,
        "organisation": str(acting.organisation_id),
        "correlation": correlation_id,
        "proposal": None if proposal is None else str(proposal),
        "facts": [list(fact) for fact in facts],
        "back": back,
        "notice": notice,
    }
    # Notes, names and the command itself: kept as the forms of drafts are, for nobody to read in the database.
    sealed = visit.context.resources.content_key.seal(json.dumps(about).encode(), _SEALED_AS, command.id)
    async with visit.writing() as db:
        await must_not_be_sent_otherwise(db, command)
        ceremony = await ceremonies.begin(
            db,
            "step-up",
            seconds=visit.settings.step_up_seconds,
            person_id=visit.session.person_id,
            session_id=visit.session.id,
            challenge=challenge_of(command.id, command.value),
            about={"id": str(command.id), "sealed": sealed.hex()},
        )
    return visit.redirect(f"/step-up/{ceremony.id}")


async def asked(visit: Visit, db: Any, identity: UUID, *, use: bool = False) -> Ceremony:
    """The step-up of this session. Raises HTTPException 401 where it is over, done, or another session's."""
    found = await ceremonies.find(db, identity, "step-up", session_id=visit.session.id, use=use)
    if found is None or found.person_id != visit.session.person_id:
        over = f'Bearer error="insufficient_user_authentication", max_age={visit.settings.step_up_seconds}'
        raise HTTPException(401, headers={"WWW-Authenticate": over})
    sealed, command_id = bytes.fromhex(found.about["sealed"]), UUID(found.about["id"])
    about = visit.context.resources.content_key.open(sealed, _SEALED_AS, command_id)
    return replace(found, about=json.loads(about))


def command_of(about: dict[str, Any]) -> Command:
    """The command again, of the very bytes that were shown for it."""
    value = base64.b64decode(about["value"])
    kind: type[Message] = REGISTRY[about["message"][0], about["message"][1]]
    return Command(kind.model_validate_json(value), about["key"], about["topic"], UUID(about["id"]), value)


def acting_of(visit: Visit, about: dict[str, Any]) -> Acting:
    """As whom it was asked, if the person still may. Raises HTTPException 403."""
    role, organisation = Role(about["role"]), UUID(about["organisation"])
    if organisation not in visit.session.roles.get(role, ()):
        raise HTTPException(403)
    return Acting(visit.session.person_id, role, organisation)
