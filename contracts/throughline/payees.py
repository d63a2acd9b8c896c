"""Bank accounts come in here, sealed to payout's public key (see ``throughline.sealed``). Commands to payout."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from throughline.message import Command, Text
from throughline.sensitive import SensitiveTin

Sealed = Annotated[str, Field(min_length=1, max_length=4000, pattern=r"^[A-Za-z0-9._-]+$")]
"""A compact JWE."""


class EnrolAccount(Command):
    """The first account of a payee. Payable at once where two people signed it; else another confirms it first."""

    payee_id: UUID
    kind: Literal["npi", "programme"]
    identifier: Annotated[str, Field(min_length=1, max_length=30, pattern=r"^[A-Za-z0-9-]+$")]
    tin: SensitiveTin
    name: Text
    """As the bank file will carry it: confirmed by the payee. Longer than 22 plain characters holds payment."""
    speaker: Text
    """Who sealed the account; part of the seal."""
    sealed_account: Sealed
    verified_by: Literal["prenote", "micro-entries", "bank-letter", "account-validation"]


class ChangeAccount(Command):
    """Replace a payee's account. Payable after another person confirmed it and the cooling-off ended."""

    payee_id: UUID
    speaker: Text
    sealed_account: Sealed
    requested_by: Text


class ConfirmAccount(Command):
    """A second person confirms a changed account, or a first one that one person enrolled."""

    payee_id: UUID
    account_token: str
    account_mask: Annotated[str, Field(min_length=1, max_length=20)] | None = None
    """What the person saw of the account: refused where it is another."""
    confirmed_by: Text
