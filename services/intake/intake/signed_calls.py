"""Calls of the portal are calls of its people: each is signed, its signer judged before anything is taken or shown.

Other partners are known by their API key; the portal's says only that the portal calls.
"""

from __future__ import annotations

from fastapi import Request

from chassis import clock
from chassis.authority import Authority, Command, PeopleNotHeard, Standing
from chassis.security import SecurityEvent, record
from chassis.signer import By, Proof, Signer
from intake.http_access import context_of
from intake.http_problems import Problematic
from throughline.reasons import Reason
from throughline.signed_http import MAY_CALL, SIGNATURE_HEADER, Call


async def signer_of_call(request: Request, call: Call) -> Signer:
    """The person who calls. Raises Problematic 403 with the reason why nobody is believed to."""
    context = context_of(request)
    signature = request.headers.get(SIGNATURE_HEADER)
    proof = Proof(call.value, signature.encode() if signature else None, None, None)
    command = Command(call.what, call.id, call.target, clock.event_time(), proof)
    try:
        async with context.pool.acquire() as db:
            authority = Authority(await Standing.of(db, [proof]), context.trust)
    except PeopleNotHeard:
        raise Problematic(503, "not_ready", "Nobody is known here yet. Try again in a minute.") from None
    signer = authority.signer_of(command, By(MAY_CALL[call.what]))
    if isinstance(signer, Reason):
        record([SecurityEvent(signer, call.target.partition("?")[0], call.what, call.id)])
        raise Problematic(403, signer, signer.sentence)
    return signer
