"""Identifiers: check digits of the field's numbers, and ids derived so that a retry names the same thing."""

from __future__ import annotations

from hashlib import sha1
from typing import Annotated
from uuid import UUID

from pydantic import Field

NAMESPACE = UUID("5f0a6b1e-6c1d-5b0e-9a53-0d2f6b1f7c11")

Npi = Annotated[str, Field(pattern=r"^[0-9]{10}$")]
"""A national provider identifier as written; whether its check digit holds is a rule, so that it can be answered."""

PartnerId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")]
"""A partner's short name; part of topic names, so neither dot nor underscore."""

ID_SEPARATOR = "\x1f"

# uuid5 of the standard library, at half its cost: every message has several derived ids.
_IN_NAMESPACE = sha1(NAMESPACE.bytes, usedforsecurity=False)
_CONTENT = ~(0xF000 << 64 | 0xC000 << 48)
_VERSION_5 = 0x5000 << 64 | 0x8000 << 48


def derived(kind: str, *parts: str) -> UUID:
    """An id that follows from its parts alone. The unit separator keeps ("ab", "c") and ("a", "bc") apart."""
    named = _IN_NAMESPACE.copy()
    named.update(ID_SEPARATOR.join((kind, *parts)).encode())
    return UUID(int=int.from_bytes(named.digest()[:16], "big") & _CONTENT | _VERSION_5)


def request_id_for(partner: str, payee_kind: str, payee_identifier: str, number: str) -> UUID:
    """One request: the partner, the billing provider and the partner's own number. Versions share it."""
    return derived("request", partner, payee_kind, payee_identifier, number)


def payee_id_for(kind: str, identifier: str) -> UUID:
    """A payee by NPI or programme id. Never by TIN: an id must not let anybody guess a Social Security number."""
    return derived("payee", kind, identifier)


def batch_id_for(bank: str, window: str) -> UUID:
    """A window closes once: (bank, window) is the batch."""
    return derived("batch", bank, window)


def payment_id_for(batch_id: UUID, payer: str, payee_id: UUID, account_token: str) -> UUID:
    return derived("payment", str(batch_id), payer, str(payee_id), account_token)


def remittance_id_for_payment(payment_id: UUID) -> UUID:
    return derived("remittance", "payment", str(payment_id))


def remittance_id_for_request(request_id: UUID, version: int) -> UUID:
    """The remittance of a decision that pays nothing."""
    return derived("remittance", "request", str(request_id), str(version))


def event_id_for(cause: UUID, type_name: str, key: str, ordinal: int) -> UUID:
    """An event's id follows from what caused it, so that an event made again is the same event."""
    return derived("event", str(cause), type_name, key, str(ordinal))


def claim_number_for(request_id: UUID) -> str:
    """The payer's claim number (CLP07, REF*F8): 17 characters that a person can read over the phone."""
    value, digits = request_id.int >> 48, []
    for _ in range(16):
        value, digit = divmod(value, 32)
        digits.append("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[digit])
    return "T" + "".join(reversed(digits))


def npi_is_valid(npi: str) -> bool:
    """Ten digits, the first 1 or 2, Luhn over 80840 + NPI (CMS)."""
    if len(npi) != 10 or not (npi.isascii() and npi.isdecimal()) or npi[0] not in "12":
        return False
    doubled = sum(sum(divmod(int(digit) * 2, 10)) for digit in npi[-2::-2])
    return (24 + doubled + sum(int(digit) for digit in npi[-1::-2])) % 10 == 0


def tin_is_valid(tin: str) -> bool:
    """Nine digits that are not all alike and do not start with 000 or 666 (IRS, SSA): there is no check digit."""
    return (
        len(tin) == 9
        and tin.isascii()
        and tin.isdecimal()
        and tin[:3] not in ("000", "666")
        and len(set(tin)) > 1
    )


def routing_is_valid(routing: str) -> bool:
    """An ABA routing number: weights 3 7 1, and a Federal Reserve prefix (00 is the government's, not a bank's)."""
    if len(routing) != 9 or not (routing.isascii() and routing.isdecimal()):
        return False
    prefix = int(routing[:2])
    if not (1 <= prefix <= 12 or 21 <= prefix <= 32 or 61 <= prefix <= 72 or prefix == 80):
        return False
    return sum(int(digit) * weight for digit, weight in zip(routing, (3, 7, 1) * 3, strict=True)) % 10 == 0
