"""A file of the portal counts claim by claim: each must be of a payee for whom the organisation of who signed it acts.

Judged as things stand when the claims are read: somebody shut out since then, or a payee taken away, no longer counts.
A partner's own file is known by its API key, as ever.
"""

from __future__ import annotations

from collections.abc import Iterable

import asyncpg

from chassis.authority import as_it_stands
from chassis.security import SecurityEvent, record
from chassis.signer import Signer
from intake.arrival import Arrival, payee_id_of
from intake.attachments import PORTAL
from intake.files import WaitingFile
from throughline.reasons import Reason
from throughline.requests import PaymentRequest


async def signer_of_file(db: asyncpg.Connection, file: WaitingFile) -> Signer | Reason | None:
    """The person who sent it, or why they do not count any more; None of a partner's own file."""
    if file.partner != PORTAL:
        return None
    if file.sender is None:
        return Reason.UNSIGNED
    return await as_it_stands(db, file.sender.person_id, file.sender.organisation_id, file.sender.role)


def for_payee(signer: Signer | Reason | None, request: PaymentRequest | None) -> Signer | Reason | None:
    """The signer again, or the reason why this claim is not theirs to send. A claim that cannot be read is nobody's."""
    if not isinstance(signer, Signer) or request is None:
        return signer
    payee = request.payee
    return signer if signer.acts_for(payee_id_of(payee.kind, payee.identifier)) else Reason.PAYEE_NOT_YOURS


def report_refused(file: WaitingFile, arrivals: Iterable[Arrival]) -> None:
    """One security event for each reason, however many claims it concerns."""
    reasons = {arrival.signer for arrival in arrivals if isinstance(arrival.signer, Reason)}
    record(
        SecurityEvent(one, "/v1/files", "throughline.SendFile", file.receipt_id) for one in sorted(reasons)
    )
