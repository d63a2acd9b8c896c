"""The door before every command of a person: what nobody signed, or may not ask, is refused before it is decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chassis import Heard, Say, Signer
from payout.refuse import refuse_command
from throughline.message import is_blank
from throughline.reasons import Reason

Decide = Callable[[Any, Any, Say], None]


def believed(decide: Decide) -> Decide:
    """``decide`` is reached only by a command whose person, key and role hold, and whose note says something."""

    def judged(heard: Heard[Any], work: Any, say: Say) -> None:
        if isinstance(heard.signer, Reason):
            refuse_command(heard, say, heard.signer)
        elif is_blank(getattr(heard.message, "note", None) or "-"):
            refuse_command(heard, say, Reason.NOTE_BLANK)
        else:
            decide(heard, work, say)

    return judged


def person_of(heard: Heard[Any]) -> Signer:
    """Who gave a command that came through the door."""
    assert isinstance(heard.signer, Signer)
    return heard.signer


def forbidden(heard: Heard[Any], say: Say, reason: Reason) -> None:
    """Refuse what this person may not do, and have it noticed: the command was theirs, but not theirs to give."""
    say.security_event(heard, reason)
    refuse_command(heard, say, reason)
