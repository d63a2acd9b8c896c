"""It will be paid as priced: the lines, and who decided."""

from __future__ import annotations

from chassis import Heard, Say
from portal.foretold import Approval
from portal.read_model.adjudicated import put_adjudication
from portal.read_model.pay_clock import running
from portal.read_model.work import ReadModelWork
from throughline.decisions import SubmissionApproved


def show_approval(heard: Heard[SubmissionApproved], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(
        heard,
        message.request_id,
        note=message.decided_by.note,
        actor=message.decided_by.actor,
        amount_cents=message.adjudication.paid_cents,
        by=message.decided_by.kind,
    )
    put_adjudication(work, heard, message.adjudication, "approved", None, message.decided_by)
    where = {"request_id": message.request_id, "version": message.version}
    work.put("versions", **where, **running(message.pay_by))
    claim = message.adjudication
    work.approvals.append(
        Approval(
            heard.envelope.id,
            message.request_id,
            message.version,
            claim.payee_id,
            claim.payer,
            claim.paid_cents,
            heard.envelope.time,
        )
    )
