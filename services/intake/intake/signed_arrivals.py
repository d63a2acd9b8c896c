"""What comes on the portal's topic comes of people: each command there is signed, its signer judged before it counts.

Other partners are known by their topic, which only they may write to; the portal speaks for many.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from chassis import Context, RawRecord, Signer, by
from chassis.arrival import APPENDED
from chassis.authority import Authority, Command, Standing
from chassis.security import SecurityEvent
from chassis.signer import Proof
from intake.arrival import Arrival, payee_id_of
from intake.attachments import PORTAL
from intake.untrusted import Understood
from throughline.commanding import MAY_GIVE
from throughline.flow import INTAKE
from throughline.message import Command as Asked
from throughline.reasons import Reason
from throughline.requests import CorrectRequest, SubmitRequest, WithdrawRequest
from throughline.signed import SECOND_SIGNATURE, SIGNATURE, STEP_UP

PORTAL_TOPIC = INTAKE.of(PORTAL)


async def identify(
    db: asyncpg.Connection, heard: Sequence[tuple[RawRecord, Arrival]], context: Context
) -> None:
    """Put into each arrival of the portal who sent it. One query for a slice, none where it has nothing of people."""
    signed = [(record, arrival) for record, arrival in heard if arrival.partner == PORTAL]
    if not signed:
        return
    commands = [_command_of(record) for record, _ in signed]
    authority = Authority(await Standing.of(db, [one.proof for one in commands]), context.trust)
    for (_, arrival), command in zip(signed, commands, strict=True):
        if isinstance(arrival.reading, Understood):
            asked: Asked = arrival.reading.command
            arrival.signer = _for_payee(authority.signer_of(command, by(*MAY_GIVE[type(asked)])), asked)


def security_event(record: RawRecord, reason: Reason) -> SecurityEvent:
    command = _command_of(record)
    return SecurityEvent(reason, record.topic, command.type, command.id)


def _for_payee(signer: Signer | Reason, asked: Asked) -> Signer | Reason:
    """Nobody asks for a payee that their organisation does not act for."""
    if isinstance(signer, Reason):
        return signer
    assert isinstance(asked, SubmitRequest | CorrectRequest | WithdrawRequest)
    payee = asked.payee if isinstance(asked, WithdrawRequest) else asked.request.payee
    return signer if signer.acts_for(payee_id_of(payee.kind, payee.identifier)) else Reason.PAYEE_NOT_YOURS


def _command_of(record: RawRecord) -> Command:
    """As far as the headers name one; what they do not say fits no signature."""
    found: dict[str, bytes] = {}
    for name, value in record.headers:
        if value is not None:
            found.setdefault(name, value)
    return Command(
        type=found.get("ce_type", b"")[:200].decode("ascii", "replace"),
        id=_uuid(found.get("ce_id", b"")),
        topic=record.topic,
        recorded_at=datetime.fromtimestamp(record.timestamp_ms / 1000, UTC),
        proof=Proof(
            record.value or b"",
            found.get(SIGNATURE),
            found.get(SECOND_SIGNATURE),
            found.get(STEP_UP),
            is_timed=record.timestamp_type == APPENDED,
        ),
    )


def _uuid(text: bytes) -> UUID:
    try:
        return UUID(text.decode("ascii"))
    except ValueError:
        return UUID(int=0)
