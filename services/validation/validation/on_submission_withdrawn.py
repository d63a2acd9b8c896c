"""The partner withdrew a version: end it where it is open, ask payout to stop it where it was approved."""

from __future__ import annotations

from chassis import Heard, Say
from throughline.reasons import Reason
from throughline.submissions import SubmissionWithdrawn
from validation import verdicts
from validation.domain import OPEN, State
from validation.work import DecisionWork


def withdraw(heard: Heard[SubmissionWithdrawn], work: DecisionWork, say: Say) -> None:
    """What is denied, ended, or has left for the bank stays as it is, and that is said.

    The withdrawal of a correction or void that waits is the request's: the version before it is not paid either, unless
    it has left.
    """
    request = work.requests[heard.message.request_id]
    version = request.versions.get(heard.message.version)
    if version is None:
        verdicts.refuse_command(
            heard, Reason.UNKNOWN_SUBJECT, say
        )  # its version never came, or was discarded
        return
    if version.state is State.APPROVED:
        verdicts.revoke(version, "withdrawal", say)
    elif version.state is State.STOPPING:
        version.stop_cause, version.is_changed = "withdrawal", True
    elif version.state in (State.DENIED, State.FINAL) or (
        version.state is State.ENDED and version.reason is not Reason.WITHDRAWN
    ):
        reason = Reason.TOO_LATE if version.state is State.FINAL else Reason.ALREADY_ENDED
        verdicts.refuse_command(heard, reason, say)
    elif version.state in OPEN or version.state is State.WAITING:
        version.end(Reason.WITHDRAWN)
        committed = request.committed_before(version)
        if committed is None:
            work.bills.release(request.all_bill_keys(), request.request_id)
        else:  # asked to stop for the sake of this version; if it came too late, it is stopped once it comes back
            committed.stop_cause, committed.is_changed = "withdrawal", True
