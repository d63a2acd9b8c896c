"""Moves the sandbox clock through the life of a batch: cutoff, settlement, returns; each step when all is at rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from throughline.flow import PAYMENTS
from throughline_cli.clock import set_clock
from throughline_cli.demo.bank_files import delivered_entries, heard_from
from throughline_cli.demo.place import Place
from throughline_cli.demo.rest import Rest
from throughline_cli.demo.sent import SentLog
from throughline_cli.demo.story import Story, tell
from throughline_cli.show import NEW_YORK
from throughline_cli.witness import Witness

START = datetime(2026, 11, 16, 15, 0, tzinfo=UTC)
"""A Monday, 10:00 in New York. The ten banking days after it have no holiday but Thanksgiving, the 26th."""
CUTOFF_DAY = date(2026, 11, 16)
AFTER_CUTOFF = time(16, 45)
MORNING, EVENING = time(8, 0), time(18, 30)
"""When the sandbox bank sends returns, and when it settles and states (deploy/sandbox/README.md)."""
LAST_DAY = date(2026, 11, 23)
"""By then late settlements and their returns have come too."""


def local(day: date, at: time, minutes_later: int = 0) -> datetime:
    return (datetime.combine(day, at, NEW_YORK) + timedelta(minutes=minutes_later)).astimezone(UTC)


class Days:
    """Business time for one demo."""

    def __init__(self, place: Place, witness: Witness, rest: Rest, told: Callable[[str], None]) -> None:
        self._place, self._witness, self._rest, self._told = place, witness, rest, told

    def close_the_window(self) -> bool:
        """Past the cutoff, until the batch is closed, its file collected, and the bank's acknowledgement read.

        False where there was nothing to pay, and so no file.
        """
        self._move(local(CUTOFF_DAY, AFTER_CUTOFF))
        self._rest.until(lambda: bool(self._story().batches), "the batch to close")
        self._rest.wait()
        self._rest.until(self._file_is_acknowledged, "the bank to acknowledge the file")
        self._rest.until(self._said_all_that_the_bank_said, "payout to read the bank's answers")
        self._rest.wait()
        return any(batch.file_name for batch in self._story().batches)

    def live_until_settled(self) -> None:
        """The first evening after the cutoff's day: the statement, and the remittances of what settled."""
        self._step(CUTOFF_DAY, EVENING)
        self._step(CUTOFF_DAY + timedelta(days=1), MORNING)
        self._step(CUTOFF_DAY + timedelta(days=1), EVENING)

    def live_to_the_end(self) -> None:
        """Morning and evening of each banking day, until late settlements and all returns have come."""
        day = CUTOFF_DAY + timedelta(days=2)
        while day <= LAST_DAY:
            if day.weekday() < 5:
                self._step(day, MORNING)
                self._step(day, EVENING)
            day += timedelta(days=1)

    def _step(self, day: date, at: time) -> None:
        self._move(local(day, at, minutes_later=5))
        self._rest.until_bank_lived(local(day, at))
        self._rest.until(self._said_all_that_the_bank_said, "payout to read the bank's answers")
        self._rest.wait()

    def _move(self, to: datetime) -> None:
        self._told(f"clock: {to.astimezone(NEW_YORK):%a %d %b %H:%M} in New York")
        set_clock(self._place.clock, to)

    def _story(self) -> Story:
        """The bank's part of it: the rest is not looked at again and again."""
        return tell(
            [record for record in self._witness.records() if record.topic == PAYMENTS.name], SentLog()
        )

    def _file_is_acknowledged(self) -> bool:
        if any((self._place.bank / "inbox").glob("*")):
            return False
        closed = [batch for batch in self._story().batches if batch.file_name]
        collected = {path.name for path in (self._place.bank / "collected").glob("*")}
        acks = list((self._place.bank / "outbox").glob("ack-*.json"))
        return all(batch.file_name in collected for batch in closed) and len(acks) >= len(closed)

    def _said_all_that_the_bank_said(self) -> bool:
        """Every trace in the bank's answers has its event."""
        word, story = heard_from(self._place.bank), self._story()
        payments = {payment.ach_trace: payment.payment_id for payment in story.sent.values()}
        known = {entry.trace for entry in delivered_entries(self._place.bank)}
        settled_or_back = story.settled.keys() | story.returned.keys()
        return (
            all(payments.get(trace) in settled_or_back for trace in word.settled if trace in known)
            and all(payments.get(trace) in story.returned for trace in word.returned)
            and all(payments.get(trace) in story.refused for trace in word.refused)
        )
