"""A version of a request came in: decide it, or wait until what was approved before it is stopped."""

from __future__ import annotations

from chassis import Heard, Say
from throughline.reasons import Reason
from throughline.submissions import SubmissionReceived
from validation import verdicts
from validation.domain import State
from validation.history import Request, StopCause, Version
from validation.mending import take_up
from validation.settle import replace_unpaid, settle
from validation.work import DecisionWork


def decide_submission(heard: Heard[SubmissionReceived], work: DecisionWork, say: Say) -> None:
    """Earlier open versions end by the coming of this one.

    What was approved must be stopped first, and what was sent or paid recovered first: nothing is decided beside it.
    What was approved at zero simply gives way.
    """
    request = work.requests[heard.message.request_id]
    if heard.message.version in request.versions:
        return  # decided before; a replay after a restore brings it again
    version = work.arriving[heard.envelope.id]
    request.versions[version.number] = version
    take_up(request, version)
    for earlier in request.before(version):
        verdicts.end_dispute(earlier, say)
    superseded = request.open_before(version)
    for earlier in superseded:
        earlier.end(Reason.VOID if version.is_void else Reason.CORRECTION)
    committed = request.committed_before(version)
    if committed is None:
        if not version.is_void:
            settle(request, version, work, say, heard.recorded_at)
        elif superseded:
            _void(request, version, work)
        else:
            verdicts.deny(version, Reason.ALREADY_ENDED, verdicts.SYSTEM, work.rules_of(version), say)
    elif committed.pays_nothing:
        replace_unpaid(request, committed, version, work, say, heard.recorded_at)
    elif committed.state is State.FINAL:
        verdicts.except_(version, Reason.RECOVERY_NEEDED, say)
    else:
        cause: StopCause = "void" if version.is_void else "correction"
        if committed.state is State.APPROVED:
            verdicts.revoke(committed, cause, say)
        else:
            committed.stop_cause, committed.is_changed = cause, True
        version.wait()


def _void(request: Request, version: Version, work: DecisionWork) -> None:
    version.end(Reason.VOID)
    work.bills.release(request.all_bill_keys(), request.request_id)
