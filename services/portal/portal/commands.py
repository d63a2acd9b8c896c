"""What people ask for leaves here: signed with the portal's key for the session's person, through the outbox.

async with visit.speaking() as tx:
    await send_command(visit, tx, command, key=str(request_id), once=once)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast
from uuid import UUID

import asyncpg
from fastapi import HTTPException

from chassis import Context, Transaction, clock
from portal.page import Visit
from portal.rules import Role
from throughline.identifiers import derived
from throughline.message import Message
from throughline.signed import SECOND_SIGNATURE, SIGNATURE, STEP_UP, Method, sign
from throughline.signed_http import Call

_FIRST = """
insert into sent_commands (command_id, person_id, content_hash, sent_at) values ($1, $2, $3, $4)
on conflict (command_id) do nothing returning true
"""
_SAME = "select content_hash = $2 from sent_commands where command_id = $1"


class SentOtherwise(HTTPException):
    """The form was already sent, and said something else: that counts, and what it says now is not sent."""

    def __init__(self) -> None:
        super().__init__(409, "once")


@dataclass(frozen=True, slots=True)
class Command:
    """A command with the id and the very bytes that will be signed."""

    message: Message
    key: str
    topic: str
    id: UUID
    value: bytes


@dataclass(frozen=True, slots=True)
class Acting:
    """As whom a person asks: in one role, for one organisation."""

    person_id: UUID
    role: Role
    organisation_id: UUID


def prepare(context: Context, message: Message, *, key: str, once: UUID, topic: str | None = None) -> Command:
    """``once`` is drawn with the form: however often the form arrives, it is one command of one id."""
    name = context.topics.outlet(type(message), topic).topic
    identity = derived("portal", str(once), message.type_name(), key)
    return Command(message, key, name, identity, message.__pydantic_serializer__.to_json(message))


async def counts(db: asyncpg.Connection, command: Command, person_id: UUID) -> bool:
    """Whether this is the first time that its form sends it; of two at once the second waits. Raises SentOtherwise."""
    content = sha256(command.value).digest()
    if await db.fetchval(_FIRST, command.id, person_id, content, clock.event_time()):
        return True
    if not await db.fetchval(_SAME, command.id, content):
        raise SentOtherwise
    return False


async def must_not_be_sent_otherwise(db: asyncpg.Connection, command: Command) -> None:
    """Before a person proves who they are for it. Raises SentOtherwise."""
    if await db.fetchval(_SAME, command.id, sha256(command.value).digest()) is False:
        raise SentOtherwise


def acting_as(visit: Visit, role: Role | None = None, organisation_id: UUID | None = None) -> Acting:
    """The person in the first of the route's roles that they have (in the organisation, where one is named), or in the
    one named. Raises HTTPException 403 where they have none there."""
    assert visit.caller is not None
    held = [
        one
        for one in visit.caller.roles
        if organisation_id is None or organisation_id in visit.session.roles[one]
    ]
    if role is None and not held:
        raise HTTPException(403)
    chosen = role or held[0]
    organisations = visit.session.roles[chosen]
    organisation = organisations[0] if organisation_id is None else organisation_id
    assert organisation in organisations, "nobody acts for an organisation without a role in it"
    return Acting(visit.session.person_id, chosen, organisation)


async def send_command(
    visit: Visit,
    transaction: Transaction,
    message: Message,
    *,
    key: str,
    once: UUID,
    topic: str | None = None,
    role: Role | None = None,
    organisation_id: UUID | None = None,
    correlation_id: str | None = None,
) -> UUID:
    """Say a command of the session's person when the transaction commits, once however often its form comes. Returns
    its id. Raises SentOtherwise.

    ``topic`` is needed where the map has several, as ``intake.portal``. A command that needs a step-up goes through
    ``portal.step_up.ask`` instead.
    """
    command = prepare(visit.context, message, key=key, once=once, topic=topic)
    acting = acting_as(visit, role, organisation_id)
    method = cast(Method, visit.session.method)
    if not await counts(transaction.db, command, acting.person_id):
        return command.id
    say_signed(visit.context, transaction, command, acting, method, correlation_id=correlation_id)
    return command.id


def say_signed(
    context: Context,
    transaction: Transaction,
    command: Command,
    acting: Acting,
    method: Method,
    *,
    step_up: bytes | None = None,
    beside: tuple[Acting, Method] | None = None,
    correlation_id: str | None = None,
) -> None:
    """Sign these bytes for this person, with how they proved who they are, and for who asked for it beside them."""
    _must_name(command.message, acting.person_id)
    headers = [(SIGNATURE, signature_of(context, command, acting, method))]
    if beside is not None:
        headers.append((SECOND_SIGNATURE, signature_of(context, command, *beside)))
    if step_up is not None:
        headers.append((STEP_UP, step_up))
    say_with(transaction, command, headers, correlation_id)


def signature_of(context: Context, command: Command, acting: Acting, method: Method) -> bytes:
    return sign(
        command.value,
        key=context.resources.signing_key,
        message=command.message.type_name(),
        id=command.id,
        topic=command.topic,
        person_id=acting.person_id,
        organisation_id=acting.organisation_id,
        role=acting.role.value,
        method=method,
        at=clock.event_time(),
    ).encode()


def sign_call(context: Context, call: Call, acting: Acting, method: Method) -> str:
    """The signature of a call of intake's HTTP API, for this person."""
    return sign(
        call.value,
        key=context.resources.signing_key,
        message=call.what,
        id=call.id,
        topic=call.target,
        person_id=acting.person_id,
        organisation_id=acting.organisation_id,
        role=acting.role.value,
        method=method,
        at=clock.event_time(),
    )


def say_with(
    transaction: Transaction,
    command: Command,
    headers: Sequence[tuple[str, bytes]],
    correlation_id: str | None = None,
) -> None:
    transaction.say_signed(
        command.message,
        command.key,
        id=command.id,
        value=command.value,
        signatures=headers,
        cause=command.id,
        correlation_id=correlation_id,
        topic=command.topic,
    )


def _must_name(message: Any, person_id: UUID) -> None:
    """A command that names who asks names this person."""
    for field in ("actor", "requested_by", "confirmed_by"):
        named = getattr(message, field, None)
        assert named is None or str(named) == str(person_id), f"{field} is not the session's person"
