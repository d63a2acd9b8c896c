"""Load, decide, store: the middle of every transaction, the same for a slice, a redrive and a test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

from chassis.authority import Authority, Standing, actor_of
from chassis.context import Context
from chassis.heard import Heard, RawRecord
from chassis.hearing import Hearing
from chassis.people_heard import command_of
from chassis.say import Say
from throughline.reasons import Reason


class DecisionsFailed(Exception):
    """Pure decisions raised. ``failures`` maps the index of each message to what it raised."""

    def __init__(self, failures: dict[int, Exception]) -> None:
        super().__init__(f"{len(failures)} decisions failed")
        self.failures = failures


async def load_decide_store(
    db: asyncpg.Connection,
    hearing: Hearing,
    heard: Sequence[Heard[Any]] | Sequence[RawRecord],
    context: Context,
    say: Say,
) -> None:
    """Raises DecisionsFailed naming every message whose decision raised; nothing is stored then."""
    if hearing.signed:
        await identify(db, hearing, heard, context, say)
    work = await hearing.work.load(db, heard, context)
    failures = _decide(hearing, heard, work, say)
    if failures:
        raise DecisionsFailed(failures)
    await work.store(db)


async def identify(
    db: asyncpg.Connection, hearing: Hearing, heard: Sequence[Any], context: Context, say: Say
) -> None:
    """Put into each command who signed it. The people of a slice are read by one query."""
    ours = [one for one in heard if hearing.is_ours(one.message)]
    standing = await Standing.of(db, [one.proof for one in ours])
    authority = Authority(standing, context.trust, hearing.check_passkey)
    for one in ours:
        by = hearing.signed[type(one.message)]
        second = getattr(one.message, "second_actor", None)
        one.signer = authority.signer_of(command_of(one, actor_of(one.message), second), by)
        if isinstance(one.signer, Reason):
            say.security_event(one, one.signer)


def _decide(hearing: Hearing, heard: Sequence[Any], work: Any, say: Say) -> dict[int, Exception]:
    failures: dict[int, Exception] = {}
    on, on_record = hearing.on, hearing.on_record
    if hearing.is_raw and on_record is None:
        return failures
    for index, one in enumerate(heard):
        try:
            if on_record is not None:
                say.hearing_record(one)
                on_record(one, work, say)
            else:
                say.hearing(one)
                on[type(one.message)](one, work, say)
        except Exception as error:
            failures[index] = error
    return failures
