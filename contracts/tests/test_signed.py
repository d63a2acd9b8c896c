"""A signature fits one command of one person, in one form, and says nothing else."""

from __future__ import annotations

import base64
import json
import warnings
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import OctKey, OKPKey, RSAKey

from throughline import flow, signed
from throughline.commanding import MAY_GIVE

KEY = signed.new_signing_key()
VALUE = b'{"request_id":"0e5c4064-bed8-5d44-b85f-777bf62157e3","decision":"approve"}'
AT = datetime(2026, 11, 16, 15, 4, 5, tzinfo=UTC)
WHO: dict[str, Any] = {
    "message": "throughline.DecideReview",
    "id": UUID("0d7b8d2d-62ea-57ad-a89d-d6e22b9ff567"),
    "topic": "reviews",
    "person_id": UUID("0e5c4064-bed8-5d44-b85f-777bf62157e3"),
    "organisation_id": UUID("5d3924dd-c1ed-50ad-9a77-9b665c2288eb"),
    "role": "reviewer",
    "method": "key",
}


def made(key: OKPKey = KEY, value: bytes = VALUE) -> bytes:
    return signed.sign(value, key=key, at=AT, **WHO).encode()


def with_header(change: dict[str, object]) -> bytes:
    """Our own signature with another protected header: what an attacker without the key can write."""
    head, _, tail = made().split(b".")
    header = json.loads(base64.urlsafe_b64decode(head + b"=="))
    header.update(change)
    altered = {name: one for name, one in header.items() if one is not None}
    return base64.urlsafe_b64encode(json.dumps(altered).encode()).rstrip(b"=") + b".." + tail


def test_what_was_signed_is_read_back() -> None:
    found = signed.verify(made(), VALUE, signed.key_of(signed.public_part(KEY)))
    assert {name: getattr(found, name) for name in WHO} == WHO
    assert (found.kid, found.signed_at) == (signed.kid_of(KEY), AT)
    assert found.expires_at == AT + timedelta(minutes=10)
    assert b"approve" not in made() and made().split(b".")[1] == b"", "the payload is detached"


def test_a_large_command_can_be_signed() -> None:
    value = b"x" * 1_000_000
    assert signed.verify(made(value=value), value, KEY).role == "reviewer"


@pytest.mark.parametrize(
    ("signature", "value", "key"),
    [
        pytest.param(made(), VALUE.replace(b"approve", b"deny"), KEY, id="altered body"),
        pytest.param(made(), VALUE + b" ", KEY, id="one byte more"),
        pytest.param(made(), b"", KEY, id="empty body"),
        pytest.param(made(), VALUE, signed.new_signing_key(), id="another key"),
        pytest.param(made(value=b"{}"), VALUE, KEY, id="signature of another command"),
        pytest.param(with_header({"sub": str(UUID(int=1))}), VALUE, KEY, id="another person"),
        pytest.param(with_header({"role": "releaser"}), VALUE, KEY, id="another role"),
        pytest.param(with_header({"amr": "passkey"}), VALUE, KEY, id="another method"),
        pytest.param(
            with_header({"iat": 1_800_000_000, "exp": 1_800_000_600}), VALUE, KEY, id="another time"
        ),
        pytest.param(made()[:-4] + b"AAAA", VALUE, KEY, id="last bits"),
        pytest.param(made().rpartition(b".")[0] + b".", VALUE, KEY, id="no signature"),
    ],
)
def test_what_was_altered_is_refused(signature: bytes, value: bytes, key: OKPKey) -> None:
    with pytest.raises(signed.SignatureAltered):
        signed.verify(signature, value, key)


def _by(algorithm: str, key: Any, **more: object) -> bytes:
    """A well-made JWS under another algorithm, with our members."""
    head = made().split(b".")[0]
    header = {**json.loads(base64.urlsafe_b64decode(head + b"==")), "alg": algorithm, **more}
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        whole = jws.serialize_compact(header, VALUE, key, registry=registry)
    return jws.detach_content(whole).encode()


PUBLIC_AS_SECRET = OctKey.import_key(base64.urlsafe_b64decode(signed.public_part(KEY) + "=="))


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param(with_header({"alg": "none"}), id="none"),
        pytest.param(with_header({"alg": "none"}).rpartition(b".")[0] + b".", id="none without signature"),
        pytest.param(_by("HS256", PUBLIC_AS_SECRET), id="HMAC with the public key"),
        pytest.param(_by("RS256", RSAKey.generate_key(2048)), id="RSA"),
        pytest.param(_by("EdDSA", KEY), id="EdDSA, not named in full"),
        pytest.param(with_header({"jku": "https://example.org/keys"}), id="jku"),
        pytest.param(with_header({"x5u": "https://example.org/cert"}), id="x5u"),
        pytest.param(_by("Ed25519", KEY, jwk=KEY.as_dict(private=False)), id="a key of its own"),
        pytest.param(with_header({"crit": ["exp"]}), id="crit"),
        pytest.param(with_header({"b64": False, "crit": ["b64"]}), id="unencoded payload"),
        pytest.param(with_header({"typ": "JWT"}), id="another type"),
        pytest.param(with_header({"kid": None}), id="no key id"),
        pytest.param(with_header({"kid": 7}), id="key id not a text"),
        pytest.param(with_header({"sub": "reviewer-1"}), id="a name for a person"),
        pytest.param(with_header({"amr": "password"}), id="another method"),
        pytest.param(with_header({"iat": "now"}), id="a time in words"),
        pytest.param(with_header({"iat": True}), id="a truth for a time"),
        pytest.param(with_header({"exp": 4_000_000_000}), id="valid for years"),
        pytest.param(with_header({"exp": 1}), id="ends before it begins"),
        pytest.param(made().replace(b"..", b".e30."), id="payload inside"),
        pytest.param(b"", id="empty"),
        pytest.param(b"...", id="dots"),
        pytest.param(b"\xff\xfe.\x00.a", id="bytes"),
        pytest.param(b"e30..e30", id="no members"),
        pytest.param(base64.urlsafe_b64encode(b"[" * 5000).rstrip(b"=") + b"..a", id="deep"),
        pytest.param(b"a" * 2_000_000, id="huge"),
    ],
)
def test_another_form_is_refused(signature: bytes) -> None:
    with pytest.raises(signed.SignatureMalformed):
        signed.verify(signature, VALUE, KEY)


def test_what_comes_in_place_of_a_public_key_is_refused() -> None:
    for public_key in ("", "A", "not base64!", "AAAA"):
        with pytest.raises(ValueError):
            signed.key_of(public_key)


def test_the_challenge_is_of_one_command() -> None:
    assert len(signed.challenge_of(WHO["id"], VALUE)) == 32
    assert signed.challenge_of(WHO["id"], VALUE) != signed.challenge_of(UUID(int=1), VALUE)
    assert signed.challenge_of(WHO["id"], VALUE) != signed.challenge_of(WHO["id"], VALUE + b" ")


def test_every_command_of_a_person_has_roles_that_may_give_it() -> None:
    commands = {
        message
        for topic in flow.TOPICS
        if topic.kind in (flow.Kind.COMMANDS, flow.Kind.INTAKE) or topic is flow.PEOPLE
        for message in topic.messages
    }
    assert set(MAY_GIVE) == commands and all(MAY_GIVE.values())
