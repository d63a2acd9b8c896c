"""What a service does by the clock, in every replica: its own tables decide who does the work."""

from __future__ import annotations

import asyncio
import logging
import time

from chassis.context import Context
from chassis.database import is_transient
from chassis.hearing import Timer
from chassis.outbox import NotSpeaking

logger = logging.getLogger("chassis.timers")

PAGE_AFTER_S = 60.0
"""How long a timer may wait for a database that is away before it pages, too."""


async def keep_ticking(timer: Timer, context: Context) -> None:
    """For ever. A tick that fails is logged and tried again at its next turn; one that goes on failing pages."""
    name = getattr(timer.tick, "__name__", "timer")
    failing_since: float | None = None
    while True:
        try:
            await timer.tick(context)
            if failing_since is not None:
                context.alarms.clear("timer_failing", timer=name)
            failing_since = None
        except NotSpeaking:
            pass  # paged by the check that holds the service
        except Exception as error:
            now = time.monotonic()
            failing_since = failing_since or now
            if is_transient(error):
                logger.warning("timer %s waits: %s", name, type(error).__name__)
            else:
                logger.exception("timer %s failed", name)
            if not is_transient(error) or now - failing_since > PAGE_AFTER_S:
                context.alarms.raise_("timer_failing", timer=name)
        await asyncio.sleep(timer.interval_s)
