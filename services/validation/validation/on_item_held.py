"""An item that could not be stopped came back, or its payment was taken out before it left: what came too late wins."""

from __future__ import annotations

from chassis import Heard, Say
from throughline.items import ItemHeld
from throughline.reasons import Reason
from validation import verdicts
from validation.domain import State
from validation.history import StopCause
from validation.standing import NEVER_PINNED
from validation.work import DecisionWork

CAME_TO_NOTHING = frozenset(
    {
        *(Reason.RETURNED, Reason.REFUSED_BY_BANK, Reason.REVERSED),
        # Taken out of a batch that waited for its release, because its account was no longer in order.
        *(Reason.NO_ACCOUNT, Reason.ACCOUNT_HELD, Reason.COOLING_OFF),
    }
)


def after_coming_back(heard: Heard[ItemHeld], work: DecisionWork, say: Say) -> None:
    """The version can be stopped again. Payout is asked to, for the sake of the correction or void that waits for the
    recovery, or of the withdrawal or recall that came too late; it answers as always, under the item's lock."""
    held = heard.message
    request = work.requests[held.request_id]
    version = request.versions.get(held.version)
    if held.reason not in CAME_TO_NOTHING or version is None:
        return
    if version.state is not State.FINAL or version.decision_id != held.decision_id:
        return  # nothing was asked of it that came too late
    version.state, version.is_changed = State.APPROVED, True
    stuck = request.needing_recovery()
    if stuck is not None:
        cause: StopCause = "void" if stuck.is_void else "correction"
        verdicts.revoke(version, cause, say)
        stuck.wait()
    elif version.stop_cause in ("withdrawal", "recall"):
        verdicts.revoke(version, version.stop_cause, say, version.reason)
    elif version.reason in NEVER_PINNED:
        verdicts.revoke(
            version, "recall", say, version.reason
        )  # the correction that waited is denied; this still stands
