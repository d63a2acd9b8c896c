"""What must hold before a service starts: its database's mark, a clock that fits the mark, whom to trust."""

from __future__ import annotations

import asyncpg

from chassis.clock import Clock, SandboxClock, SystemClock
from chassis.settings import ServiceSettings
from chassis.trust import Trust, TrustUnreadable, read_trust


class CannotStart(RuntimeError):
    """One sentence that says what to do."""


class Away(CannotStart):
    """Database or broker does not answer, which time can cure."""


async def mark_of(pool: asyncpg.Pool, settings: ServiceSettings) -> str:
    try:
        mark: str | None = await pool.fetchval("select mode from chassis.stack")
    except asyncpg.UndefinedTableError:
        mark = None
    if mark is None:
        raise CannotStart("The database has no tables yet. Run the service's migrate command first.")
    return mark


def clock_of(settings: ServiceSettings, mark: str) -> Clock:
    """Live refuses the movable clock; a stack cannot change its mark."""
    if mark != settings.stack_mode:
        raise CannotStart(f"The database is marked {mark} and STACK_MODE says {settings.stack_mode}.")
    if settings.clock_file is None:
        return SystemClock()
    if mark == "live":
        raise CannotStart(
            "The database is marked live: it does not run by a movable clock. Unset CLOCK_FILE."
        )
    return SandboxClock(settings.clock_file)


def trust_of(settings: ServiceSettings, mark: str) -> Trust:
    try:
        return read_trust(settings.people_founders, is_sandbox=mark == "sandbox")
    except TrustUnreadable as error:
        raise CannotStart(str(error)) from None
