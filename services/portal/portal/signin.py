"""What every way of signing in ends with. Local accounts and passkeys come here; OpenID Connect would come here too.

A way in proves who somebody is: a person id of the topic ``people``, and how it was proved. Everything after that
(session, cookie, roles, step-up) does not know which way it was.
"""

from __future__ import annotations

import re
from uuid import UUID

from fastapi import Response

from chassis import clock
from portal.page import Visit, go_to
from portal.sessions import SESSION_COOKIE, begin_session, end_session, find_session, give_cookie
from portal.tenancy import SIGN_IN, writing

_OWN_PATH = re.compile(r"/(?![/\\])[A-Za-z0-9/_.?=&%~-]{0,500}")


async def signed_in(visit: Visit, person_id: UUID, method: str, back: str) -> Response:
    """Begin a session under a new secret, end the one that the browser had, and go where it was to go."""
    before = await find_session(visit.context, visit.request)
    async with writing(visit.context, SIGN_IN) as db:
        if before is not None:
            await end_session(db, before.id, clock.event_time())
        agent = visit.request.headers.get("user-agent", "")
        secret = await begin_session(db, visit.context, person_id, method, agent)
    answer = go_to(visit.request, own_path(back))
    give_cookie(answer, SESSION_COOKIE, secret)
    return answer


def own_path(asked: str) -> str:
    """Where to go after the sign-in: a page of ours, or the first."""
    return asked if _OWN_PATH.fullmatch(asked) else "/"
