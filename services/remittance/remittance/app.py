"""Remittance, wired: what it hears and what it does about it."""

from __future__ import annotations

from chassis import Service, every, hear
from remittance.api import router
from remittance.on_item_scheduled import note_item
from remittance.on_payer_recorded import record_payer
from remittance.on_payment_refused import forget_refused
from remittance.on_payment_returned import reverse_returned
from remittance.on_payment_reversed import reverse_taken_back
from remittance.on_payment_sent import note_sending
from remittance.on_payment_settled import post_settled
from remittance.on_provider_recorded import record_provider
from remittance.on_submission_approved import note_approval
from remittance.on_submission_denied import explain_denial
from remittance.page import page
from remittance.post_waiting import post_waiting
from remittance.reference_work import ReferenceWork
from remittance.settings import RemittanceSettings
from remittance.work import RemittanceWork
from throughline.decisions import SubmissionApproved, SubmissionDenied
from throughline.items import ItemScheduled
from throughline.payments import PaymentRefused, PaymentReturned, PaymentReversed, PaymentSent, PaymentSettled
from throughline.reference import PayerRecorded, ProviderRecorded

service = Service(
    "remittance",
    settings=RemittanceSettings,
    hears=[
        hear(
            "decisions",
            work=RemittanceWork,
            on={SubmissionApproved: note_approval, SubmissionDenied: explain_denial},
        ),
        hear("items", work=RemittanceWork, on={ItemScheduled: note_item}),
        hear(
            "payments",
            work=RemittanceWork,
            on={
                PaymentSent: note_sending,
                PaymentSettled: post_settled,
                PaymentReturned: reverse_returned,
                PaymentReversed: reverse_taken_back,
                PaymentRefused: forget_refused,
            },
        ),
        hear("reference.payers", work=ReferenceWork, on={PayerRecorded: record_payer}),
        hear("reference.providers", work=ReferenceWork, on={ProviderRecorded: record_provider}),
    ],
    timers=[every(1.0, post_waiting), every(5.0, page)],
    api=router,
)

if __name__ == "__main__":
    service.main()
