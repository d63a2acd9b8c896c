"""What a service does by the clock, in every replica: its own tables decide who does the work."""

from __future__ import annotations

import asyncio
import logging

from chassis.context import Context
from chassis.database import is_transient
from chassis.hearing import Timer
from chassis.outbox import NotSpeaking

logger = logging.getLogger("chassis.timers")


async def keep_ticking(timer: Timer, context: Context) -> None:
    """For ever. A tick that fails is logged and tried again at its next turn; one that goes on failing pages."""
    name = getattr(timer.tick, "__name__", "timer")
    failures = 0
    while True:
        try:
            await timer.tick(context)
            if failures:
                context.alarms.clear("timer_failing", timer=name)
            failures = 0
        except NotSpeaking:
            pass  # paged by the check that holds the service
        except Exception as error:
            failures += 1
            if is_transient(error):
                logger.warning("timer %s waits: %s", name, type(error).__name__)
            else:
                logger.exception("timer %s failed", name)
            if failures == 10 or (failures == 1 and not is_transient(error)):
                context.alarms.raise_("timer_failing", timer=name)
        await asyncio.sleep(timer.interval_s)
