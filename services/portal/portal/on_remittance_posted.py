"""The 835 that explains a payment, or why nothing is paid, is posted."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.remittances import RemittancePosted


def show_remittance(heard: Heard[RemittancePosted], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    subject = message.payment_id or message.request_id
    if subject is None:
        return
    work.tell(heard, subject, amount_cents=message.amount_cents, trace_number=message.trace_number)
    posted_at = heard.envelope.time.isoformat()
    work.put(
        "remittances",
        remittance_id=message.remittance_id,
        payee_id=message.payee_id,
        payer=message.payer,
        payment_id=message.payment_id,
        request_id=message.request_id,
        version=message.version,
        format=message.format,
        amount_cents=message.amount_cents,
        claim_count=message.claim_count,
        trace_number=message.trace_number,
        effective_date=message.effective_date,
        posted_at=posted_at,
    )
    if message.payment_id is not None:
        work.put(
            "payments",
            payment_id=message.payment_id,
            remittance_id=message.remittance_id,
            remitted_at=posted_at,
        )
