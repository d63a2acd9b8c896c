"""Local accounts: a password and a TOTP code. One way in of several; all end in ``signin.signed_in``."""

from __future__ import annotations

import asyncio
from functools import cache
from uuid import UUID, uuid4

import asyncpg
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from chassis import Context, clock
from portal.tenancy import SIGN_IN, reading, writing
from portal.totp import matching_step

PASSWORD_LENGTH_MIN, PASSWORD_LENGTH_MAX = 12, 200
_hasher = PasswordHasher()  # argon2id, RFC 9106's second choice: 64 MiB, 3 passes, 4 lanes


@cache
def _hash_of_nobody() -> str:
    """Checked where there is no such account: the answer takes as long."""
    return _hasher.hash("nobody's password")


_FIND = """
select person_id, password_hash from accounts join people using (person_id)
where login = $1 and active and password_hash is not null and totp_sealed is not null
"""
# A code counts once, and none counts that is older than the last: two browsers cannot use the same.
_USE_STEP = """
update accounts set totp_last_step = $2 where person_id = $1 and totp_last_step < $2 returning person_id
"""


def hash_password(password: str) -> str:
    return _hasher.hash(password)


async def person_of(context: Context, login: str, password: str, code: str) -> UUID | None:
    """The person whose login, password and code these are; None says nothing of what was wrong, and takes as long."""
    async with reading(context, SIGN_IN) as db:
        row = await db.fetchrow(_FIND, login.strip().lower()[:200])
    known = row["password_hash"] if row else _hash_of_nobody()
    is_right = await asyncio.to_thread(_is_password, known, password)
    person_id: UUID = row["person_id"] if row and is_right else uuid4()
    async with writing(context, SIGN_IN) as db:
        return person_id if await use_totp(db, context, person_id, code) else None


def _is_password(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password[:PASSWORD_LENGTH_MAX])
    except (Argon2Error, InvalidHashError):
        return False


async def use_totp(db: asyncpg.Connection, context: Context, person_id: UUID, code: str) -> bool:
    """Whether this is a code of the person's that counts now, later than the last they used. It is used up."""
    sealed = await db.fetchval("select totp_sealed from accounts where person_id = $1", person_id)
    if sealed is None:
        return False
    secret = context.resources.content_key.open(sealed, "accounts", person_id).decode()
    step = matching_step(secret, code, clock.event_time())
    if step is None:
        return False
    return await db.fetchval(_USE_STEP, person_id, step) is not None
