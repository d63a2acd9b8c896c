"""The pool, the timeouts money depends on, and which failures time can cure."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import asyncpg
from aiokafka.errors import KafkaError, KafkaTimeoutError

from chassis.settings import ServiceSettings

# SQLSTATE classes and codes that say nothing about the content of a statement.
_TRANSIENT_CLASSES = ("08", "53", "57", "58")
_TRANSIENT_CODES = ("40001", "40P01", "40003", "55P03", "55006", "25006", "25P03", "25P04", "XX000")


async def open_pool(settings: ServiceSettings, application: str) -> asyncpg.Pool:
    """Connections whose idle transactions end by themselves: a process stopped inside one keeps its row locks."""
    pool = await asyncpg.create_pool(
        settings.database_url.get_secret_value(),
        min_size=1,
        max_size=settings.database_pool_max,
        command_timeout=settings.statement_timeout_s + 5,
        server_settings=server_settings(settings, application),
        reset=_as_it_is,
    )
    assert pool is not None
    return pool


async def _as_it_is(connection: asyncpg.Connection) -> None:
    """asyncpg ends an open transaction by itself; nothing else of a session is ever changed here, so the round trip
    that would put it back (half the cost of a short use of a connection) is saved.
    """


def server_settings(settings: ServiceSettings, application: str) -> dict[str, str]:
    return {
        "application_name": application[:60],
        "timezone": "UTC",
        "synchronous_commit": "on",
        "statement_timeout": _milliseconds(settings.statement_timeout_s),
        "lock_timeout": _milliseconds(settings.lock_timeout_s),
        "idle_in_transaction_session_timeout": _milliseconds(settings.session_timeout_s),
        "default_transaction_isolation": "read committed",
        # A plan made while a table was empty reads it whole for minutes, slower with every row (payout: 20 us a request
        # at 20,000 items). What has no index is read whole all the same.
        "enable_seqscan": "off",
    }


def is_transient(error: BaseException) -> bool:
    """True where time can cure it: the database or the broker is away, a lock, a serialization failure, an unanswered
    commit. Never what a record asks for: a connection that broke in the middle of a statement says so in several ways.
    """
    if isinstance(error, asyncpg.PostgresError):
        state = getattr(error, "sqlstate", None) or ""
        return state[:2] in _TRANSIENT_CLASSES or state in _TRANSIENT_CODES
    if isinstance(error, asyncpg.InterfaceError):
        return not isinstance(error, ValueError)  # asyncpg's DataError: an argument that cannot be encoded
    if isinstance(error, KafkaError):
        return bool(error.retriable) or isinstance(error, KafkaTimeoutError)
    return isinstance(error, (asyncpg.InternalClientError, OSError, TimeoutError, EOFError))


def is_away(error: BaseException) -> bool:
    """Of what time can cure, that database or broker does not answer; a file that is missing is something else."""
    return is_transient(error) and getattr(error, "filename", None) is None


async def roll_back(transaction: Any) -> None:
    """Never raises: a connection that is gone took the transaction with it."""
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        await transaction.rollback()


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))
