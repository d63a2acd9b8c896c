"""Passkeys: asked for and checked by py_webauthn, always with user verification, always for our own name."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import webauthn
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from portal.settings import Settings


def options_to_sign(settings: Settings, challenge: bytes, allowed: list[bytes]) -> str:
    """JSON of what a browser is asked for; no key named means any passkey of this site."""
    return webauthn.options_to_json(
        webauthn.generate_authentication_options(
            rp_id=settings.host,
            challenge=challenge,
            allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in allowed],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def options_to_make(
    settings: Settings, challenge: bytes, user_handle: bytes, login: str, name: str, known: list[bytes]
) -> str:
    """JSON of what a browser is asked to make."""
    return webauthn.options_to_json(
        webauthn.generate_registration_options(
            rp_id=settings.host,
            rp_name="Throughline",
            user_id=user_handle,
            user_name=login,
            user_display_name=name,
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
        )
    )


async def keys_of(db: asyncpg.Connection, person_id: UUID) -> list[asyncpg.Record]:
    found: list[asyncpg.Record] = await db.fetch(
        "select credential_id, name, added_at, used_at from passkeys where person_id = $1 order by added_at",
        person_id,
    )
    return found


async def person_behind(
    db: asyncpg.Connection, settings: Settings, credential: str, challenge: bytes, now: datetime
) -> UUID | None:
    """The person whose passkey signed the challenge, with their gesture; None where none did."""
    try:
        credential_id = parse_authentication_credential_json(credential).raw_id
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return None
    row = await db.fetchrow(
        "select person_id, public_key, sign_count from passkeys where credential_id = $1 for update",
        credential_id,
    )
    if row is None:
        return None
    try:
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=settings.host,
            expected_origin=settings.public_origin,
            credential_public_key=row["public_key"],
            credential_current_sign_count=row["sign_count"],
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return None
    await db.execute(
        "update passkeys set sign_count = $2, used_at = $3 where credential_id = $1",
        credential_id,
        verified.new_sign_count,
        now,
    )
    person_id: UUID = row["person_id"]
    return person_id


async def add_key(
    db: asyncpg.Connection,
    settings: Settings,
    person_id: UUID,
    credential: str,
    challenge: bytes,
    name: str,
    now: datetime,
) -> bool:
    """Whether a passkey was made in answer to the challenge; then it is kept."""
    try:
        made: Any = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=settings.host,
            expected_origin=settings.public_origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return False
    await db.execute(
        """insert into passkeys (credential_id, person_id, public_key, sign_count, relying_party, name, added_at)
           values ($1, $2, $3, $4, $5, $6, $7)""",
        made.credential_id,
        person_id,
        made.credential_public_key,
        made.sign_count,
        settings.host,
        name,
        now,
    )
    return True


def base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
