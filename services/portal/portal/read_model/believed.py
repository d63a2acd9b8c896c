"""The door before every command that a page shows: what nobody signed, or may not ask, is told to nobody.

Its decider refuses it, counts it and says so (``CommandRefused``); a page that showed it first would lend it a name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chassis import Heard, Say, Signer
from portal.read_model.work import ReadModelWork

Decide = Callable[[Any, ReadModelWork, Say], None]


def believed(show: Decide) -> Decide:
    """``show`` is reached only by a command whose person, key and role hold, about a payee they act for."""

    def judged(heard: Heard[Any], work: ReadModelWork, say: Say) -> None:
        signer, payee_id = heard.signer, getattr(heard.message, "payee_id", None)
        if isinstance(signer, Signer) and (payee_id is None or signer.acts_for(payee_id)):
            show(heard, work, say)

    return judged
