"""Payout stopped an approved item: what waited for it is decided now."""

from __future__ import annotations

from chassis import Heard, Say
from throughline.items import ItemStopped
from throughline.reasons import Reason
from validation import verdicts
from validation.domain import State
from validation.settle import settle
from validation.work import DecisionWork

_ENDED_BY = {"correction": Reason.CORRECTION, "void": Reason.VOID, "withdrawal": Reason.WITHDRAWN}


def after_stop(heard: Heard[ItemStopped], work: DecisionWork, say: Say) -> None:
    """A waiting correction is decided; a waiting void and a withdrawal free the bill; a recall opens a review."""
    request = work.requests[heard.message.request_id]
    stopped = request.versions.get(heard.message.version)
    if (
        stopped is None
        or stopped.state is not State.STOPPING
        or stopped.decision_id != heard.message.decision_id
    ):
        return  # not the answer to a question that is open
    work.give_back(stopped)
    verdicts.end_dispute(stopped, say)
    # What was final and is asked back for what came up later stands before what waits for its recovery.
    waiting = request.waiting() or request.needing_recovery()
    if stopped.stop_cause == "recall" and waiting is None:
        stopped.decided_at = heard.recorded_at
        work.standing(stopped)
        asked = (Reason.RECALLED,) if stopped.reason is None else (Reason.RECALLED, stopped.reason)
        verdicts.open_review(stopped, asked, work.quote(stopped).price, say)
        return
    stopped.end(_ENDED_BY.get(stopped.stop_cause or "", Reason.CORRECTION))
    if waiting is not None and not waiting.is_void:
        settle(request, waiting, work, say, heard.recorded_at)
        return
    if waiting is not None:
        waiting.end(Reason.VOID)
    work.bills.release(request.all_bill_keys(), request.request_id)
