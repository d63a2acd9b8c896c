"""Apply a run of records; where some fail, find them, try them alone, and park only those.

A decision that raises names its record. What the database refuses is halved until it is found. A record is parked after
three failures with a healthy probe between, unless so many fail that it must be the release (failures.py).
"""

from __future__ import annotations

import asyncio
import logging

import asyncpg

from chassis.arrival import Defect
from chassis.database import is_transient
from chassis.failures import FailureWindow
from chassis.order import Plan
from chassis.outbox import NotSpeaking
from chassis.positions import Fenced, Ownership
from chassis.said_before import SaidOtherwise
from chassis.slices import Door, RecordsFailed, transact
from throughline.reasons import Reason

logger = logging.getLogger("chassis.work_off")
TRIES = 3


class WorkOff:
    """For one owned partition. ``in_transaction`` is held while a transaction runs, so that a revocation can wait."""

    def __init__(
        self, door: Door, owned: Ownership, window: FailureWindow, in_transaction: asyncio.Lock
    ) -> None:
        self._door = door
        self._owned = owned
        self._window = window
        self._in_transaction = in_transaction

    async def apply(self, plan: Plan, start: int, end: int) -> None:
        """Apply ``plan.ready[start:end]``. Raises Fenced, BadDeploy, and whatever time can cure."""
        try:
            await self._transact(plan, start, end, {})
        except RecordsFailed as failed:
            if any(isinstance(error, SaidOtherwise) for error in failed.failures.values()):
                await self._set_aside(plan, start, end, failed.failures)
            else:
                await self._around(plan, start, end, failed.failures)
        except Exception as error:
            if not _is_content(error) or start == end:
                raise
            logger.info("the database refuses %s records: %s", end - start, type(error).__name__)
            if end - start == 1:
                await self._alone(plan, start, error)
            else:
                middle = (start + end) // 2
                await self.apply(plan, start, middle)
                await self.apply(plan, middle, end)

    async def _around(self, plan: Plan, start: int, end: int, failures: dict[int, Exception]) -> None:
        """What stands before a failing record, it alone, what stands behind it."""
        self._count({one.offset: one.key for one in plan.ready[start:end] if one.offset in failures})
        at = start
        for index in range(start, end):
            error = failures.get(plan.ready[index].offset)
            if error is None:
                continue
            if at < index:
                await self.apply(plan, at, index)
            await self._alone(plan, index, error)
            at = index + 1
        if at < end:
            await self.apply(plan, at, end)

    async def _set_aside(self, plan: Plan, start: int, end: int, failures: dict[int, Exception]) -> None:
        """Making again what was said before a restore: what comes out otherwise is no fault of its own, and no failure
        to be counted. It is parked, the others once more without it, until what is left comes out as it was said.
        """
        aside: dict[int, Defect] = {}
        while failures:
            aside.update((offset, _why_aside(error)) for offset, error in failures.items())
            try:
                await self._transact(plan, start, end, aside)
            except RecordsFailed as failed:
                failures = failed.failures
            else:
                failures = {}

    async def _alone(self, plan: Plan, index: int, error: Exception) -> None:
        """Two more tries, then park it."""
        arrival = plan.ready[index]
        for _ in range(TRIES - 1):
            await self._probe()
            try:
                await self._transact(plan, index, index + 1, {})
            except RecordsFailed as failed:
                error = next(iter(failed.failures.values()))
            except Exception as refused:
                if not _is_content(refused):
                    raise
                error = refused
            else:
                self._window.cured(arrival.offset)
                return
        self._count({arrival.offset: arrival.key})
        decided = isinstance(error, asyncpg.PostgresError)
        reason = Reason.REFUSED_BY_DATABASE if decided else Reason.DECISION_FAILED
        await self._transact(plan, index, index + 1, {arrival.offset: Defect(reason, None, _name_of(error))})
        logger.error(
            "a record was parked",
            extra={"at_topic": self._owned.topic, "at_offset": arrival.offset, "error": _name_of(error)},
        )
        self._door.context.alarms.raise_(
            "record_parked", topic=self._owned.topic, partition=self._owned.partition
        )

    def _count(self, failures: dict[int, bytes | None]) -> None:
        self._window.failed(failures)

    async def _probe(self) -> None:
        """The database must answer, else the failure says nothing about the record."""
        await self._door.context.pool.fetchval("select 1")

    async def _transact(self, plan: Plan, start: int, end: int, condemned: dict[int, Defect]) -> None:
        before = plan.after(start) if start else plan.before
        after = plan.after(end)
        arrivals = plan.ready[start:end]
        defects = {one.offset: one.key for one in arrivals if one.defect is not None}
        if defects and not self._door.hearing.is_raw:
            self._count(defects)
        async with self._in_transaction:
            await transact(self._door, self._owned, arrivals, before, after, condemned)
        self._window.passed(len(arrivals) - len(condemned) - len(defects))


def _why_aside(error: Exception) -> Defect:
    if isinstance(error, SaidOtherwise):
        return Defect(Reason.SAID_OTHERWISE)
    return Defect(Reason.DECISION_FAILED, None, _name_of(error))


def _is_content(error: Exception) -> bool:
    """True where the failure is about what a record asks for, not about the state of the world."""
    return not (is_transient(error) or isinstance(error, (Fenced, NotSpeaking, asyncio.CancelledError)))


def _name_of(error: Exception) -> str:
    """Type and place, never the text: it may repeat a value."""
    state = getattr(error, "sqlstate", None)
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f" at {frame.tb_frame.f_code.co_name}:{frame.tb_lineno}" if frame is not None else ""
    return f"{type(error).__name__}{f' {state}' if state else ''}{place}"
