"""A reviewer takes what waits, gives it back or hands it over. Its state stays, and anybody may still decide it."""

from __future__ import annotations

from chassis import Heard, Say
from throughline.reasons import Reason
from throughline.reviews import AssignReview
from validation import verdicts
from validation.review import assignment_refused
from validation.work import DecisionWork


def assign_review(heard: Heard[AssignReview], work: DecisionWork, say: Say) -> None:
    command, signer = heard.message, heard.signer
    if signer is None or isinstance(signer, Reason):
        verdicts.refuse_command(heard, signer or Reason.UNSIGNED, say)
        return
    version = work.requests[command.request_id].versions.get(command.version)
    refusal = assignment_refused(command, version, work.reviewers)
    if refusal is not None or version is None:
        verdicts.refuse_command(heard, refusal or Reason.UNKNOWN_SUBJECT, say)
        return
    verdicts.assign(version, command.assignee, signer.person_id, say)
