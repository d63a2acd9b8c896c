"""A provider's organisation disputes a decision: somebody who did not decide it looks at it again."""

from __future__ import annotations

from dataclasses import replace

from chassis import Heard, Say
from throughline.decisions import DisputeOpened
from throughline.message import is_blank
from throughline.reasons import Reason
from throughline.reviews import DisputeDecision
from validation import verdicts
from validation.disputes import dispute_refused
from validation.handling import Dispute
from validation.work import DecisionWork


def open_dispute(heard: Heard[DisputeDecision], work: DecisionWork, say: Say) -> None:
    """The decision stands while the dispute waits. What was written stays in the command, and is not repeated."""
    command, signer = heard.message, heard.signer
    if isinstance(signer, Reason):
        verdicts.refuse_command(heard, signer, say)
        return
    request = work.requests[command.request_id]
    version = request.versions.get(command.version)
    if is_blank(command.text.reveal()):
        verdicts.refuse_command(heard, Reason.NOTE_BLANK, say)
        return
    refusal = dispute_refused(command, signer, request, version, heard.recorded_at)
    if refusal is not None or version is None:
        if refusal is Reason.PAYEE_NOT_YOURS:
            say.security_event(heard, refusal)
        verdicts.refuse_command(heard, refusal or Reason.UNKNOWN_SUBJECT, say)
        return
    opened = DisputeOpened(
        request_id=command.request_id,
        version=command.version,
        disputes=command.answers,
        disputed_by=signer.person_id,
        organisation_id=signer.organisation_id,
        charge_cents=version.charge_cents,
        paid_cents=version.paid_cents or 0,
    )
    dispute = Dispute(say(opened, key=str(command.request_id)), signer.person_id)
    version.handling, version.is_changed = replace(version.handling, dispute=dispute), True
