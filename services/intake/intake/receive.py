"""Arrivals that come outside Kafka (HTTP, files), decided and said in one transaction each time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import asyncpg

from chassis import Context
from chassis.context import Transaction
from intake.answering import Answered
from intake.arrival import Arrival
from intake.tally import Tally
from throughline.flow import ANSWERS

T = TypeVar("T")

TRIES = 5


async def with_retries(work: Callable[[], Awaitable[T]]) -> T:
    """Again where another transaction was first: each time on what that one stored. Raises the last failure."""
    for tried in range(1, TRIES + 1):
        try:
            return await work()
        except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError):
            if tried == TRIES:
                raise
            await asyncio.sleep(0.02 * tried)
    raise AssertionError("not reached")


def say_all(transaction: Transaction, pairs: Sequence[tuple[Arrival, Answered]]) -> None:
    """Say each arrival's answer and submission; its receipt and position are the cause."""
    tally = Tally()
    for arrival, answered in pairs:
        cause = arrival.cause
        if answered.submission is not None:
            transaction.say(answered.submission, answered.key, cause=cause)
        transaction.say(answered.answer, answered.key, cause=cause, topic=ANSWERS.of(arrival.partner))
        tally.add(arrival.partner, answered.answer)
    tally.report()


__all__ = ["Context", "say_all", "with_retries"]
