"""One bank that fails delays no other: whatever is done for it is tried apart, and paged by the bank's name."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from chassis import Context
from chassis.database import is_away
from chassis.outbox import NotSpeaking

logger = logging.getLogger("payout.each_bank")


@contextmanager
def of_bank(context: Context, bank: str, doing: str, **about: object) -> Iterator[None]:
    """What is done for one bank: a directory that is gone or full, a setting that does not fit, a defect met by its own
    files alone. Our own database or broker being away concerns them all, and passes."""
    alarm = {"bank": bank, "doing": doing, **about}
    try:
        yield
    except NotSpeaking:
        raise
    except Exception as error:
        if is_away(error):
            raise
        if not any(
            name == "bank_failing" and raised == alarm for (name, _), raised in context.alarms.raised.items()
        ):
            logger.exception("a bank's turn failed", extra={"bank": bank, "doing": doing})
        context.alarms.raise_("bank_failing", **alarm)
    else:
        context.alarms.clear("bank_failing", **alarm)
