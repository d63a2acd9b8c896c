"""What happened to a payee's bank account: token and mask only, never the number."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from throughline.message import Event
from throughline.reasons import Reason


class AccountVerified(Event):
    """The account can be paid from ``payable_from`` on."""

    payee_id: UUID
    account_token: str
    account_mask: str
    payable_from: date


class AccountHeld(Event):
    """Nothing is paid to the account until it is replaced or verified again."""

    payee_id: UUID
    account_token: str
    reason: Reason
    return_code: str | None = None


class AccountChanged(Event):
    """Another account was named, or by one person alone a first one (no ``previous_token``) or a held one again. It
    waits for a second person; another account for the cooling-off too."""

    payee_id: UUID
    account_token: str
    account_mask: str
    previous_token: str | None = None
