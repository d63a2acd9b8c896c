"""What two people decide over HTTP: each signs the call (`throughline.signed_http`), and the bearer token alone, which
every tool of ours holds, decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from fastapi import HTTPException, Request

from chassis import clock
from chassis.authority import Authority, Command, PeopleNotHeard, Standing
from chassis.guarded import context_of
from chassis.security import SecurityEvent, record
from chassis.signer import By, Proof
from throughline.payments import SignedCall
from throughline.reasons import Reason
from throughline.signed_http import (
    MAY_CALL,
    SECOND_SIGNATURE_HEADER,
    SIGNATURE_HEADER,
    Call,
    What,
    content_digest,
)


@dataclass(frozen=True, slots=True)
class Resolvers:
    """Who resolves something, and where two sign it, what they signed."""

    actors: tuple[str, ...]
    signed: SignedCall | None = None

    @property
    def named(self) -> str:
        """As rows keep it."""
        return " ".join(self.actors)


async def must_be_signed_by_two(request: Request, what: What, actor: str) -> Resolvers:
    """Both people, the one whom the body names first. Raises 403 with the reason, and has it noticed."""
    context, body = context_of(request), await request.body()
    digest = content_digest(sha256(body).digest())
    call = Call(what, "POST", request.url.path, digest)
    first, second = (
        one.encode() if (one := request.headers.get(name)) else None
        for name in (SIGNATURE_HEADER, SECOND_SIGNATURE_HEADER)
    )
    proof = Proof(call.value, first, second, None)
    command = Command(what, call.id, call.target, clock.event_time(), proof, actor=actor)
    try:
        async with context.pool.acquire() as db:
            authority = Authority(await Standing.of(db, [proof]), context.trust)
    except PeopleNotHeard:
        raise HTTPException(503, "nobody is known here yet; try again in a minute") from None
    signer = authority.signer_of(command, By(MAY_CALL[what], two=True))
    if isinstance(signer, Reason):
        record([SecurityEvent(signer, call.target, what, call.id)])
        raise HTTPException(403, signer.sentence)
    assert first is not None and second is not None
    signed = SignedCall(
        value=call.value.decode(), body=body.decode(), signatures=(first.decode(), second.decode())
    )
    return Resolvers((str(signer.person_id), str(signer.second_person_id)), signed)
