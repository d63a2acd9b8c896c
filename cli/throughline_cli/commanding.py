"""Says a command and hears what came of it: the event it caused, or why it was refused."""

from __future__ import annotations

import time
from collections.abc import Callable

from throughline.decisions import CommandRefused
from throughline.message import Command, Message
from throughline_cli.errors import Problem
from throughline_cli.line import Line
from throughline_cli.show import say
from throughline_cli.speaking import Speaker
from throughline_cli.witness import Witness

PATIENCE_S = 15.0
"""How long an answer is waited for: a decider that is up answers within a second or two."""


def command(
    line: Line,
    topic: str,
    message: Command,
    key: str,
    *,
    or_else: Callable[[Message], bool] = lambda event: False,
    patience_s: float = PATIENCE_S,
) -> tuple[Message, ...]:
    """The events that the command caused; none where nothing was heard in time. ``or_else``: which others answer it.

    Raises Problem where Kafka does not take the command, or where the decider refuses it.
    """
    with Witness(line.bootstrap) as witness:
        while not witness.is_at_end():
            time.sleep(0.05)
        before = {record.envelope.id for record in witness.records() if record.envelope is not None}
        with Speaker(line.bootstrap, line.signers) as speaker:
            said = speaker.say(topic, message, key)
        deadline = time.monotonic() + patience_s
        events: tuple[Message, ...] = ()
        while not events and time.monotonic() < deadline:
            time.sleep(0.1)
            events = tuple(
                record.message
                for record in witness.records()
                if record.message is not None
                and record.envelope is not None
                and record.envelope.id not in before
                and (record.envelope.causation_id == said or or_else(record.message))
            )
    for event in events:
        if isinstance(event, CommandRefused):
            more = event.detail if event.detail != event.reason.sentence else None
            detail = f" {more}" if more else ""
            raise Problem(
                f"Refused: {event.reason.sentence} ({event.reason}){detail}", "Nothing was changed."
            )
    return events


def say_unheard(service: str) -> None:
    """For a command whose answer did not come in time: it stands on its topic, and nothing is lost."""
    say(
        f"The command stands on its topic, but {service} has not answered yet; it will when it can. See its log, "
        "and do not send the command again."
    )
