"""A step-up: did one of the person's passkeys, with the person verified, sign this command's challenge? (WebAuthn)

Needs ``throughline-chassis[passkeys]``; wired by the services whose commands need it.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Sequence

from webauthn import verify_authentication_response
from webauthn.helpers.exceptions import WebAuthnException

from throughline.people import PersonKey

_ASSERTION_BYTES_MAX = 20_000


def check_passkey(assertion: bytes, challenge: bytes, keys: Sequence[PersonKey], is_sandbox: bool) -> bool:
    """``assertion`` is the JSON of an AuthenticationCredential. Relying party, origin and user verification must hold.

    No counter of uses is kept: the challenge is of one command, and a command counts once.
    """
    try:
        found = json.loads(assertion) if len(assertion) <= _ASSERTION_BYTES_MAX else None
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict):
        return False
    key = next((one for one in keys if one.kid == found.get("id")), None)
    party = None if key is None else key.relying_party
    if key is None or party is None or not (is_sandbox or party.origin.startswith("https://")):
        return False
    try:
        verified = verify_authentication_response(
            credential=found,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=urlsafe_b64decode(key.public_key + "=" * (-len(key.public_key) % 4)),
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
        return False
    return bool(verified.user_verified)
