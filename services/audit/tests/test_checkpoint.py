"""Checkpoints in the formats of C2SP, verified as a stranger would."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from audit.checkpoint import Signer, checkpoint, key_id
from audit.merkle import EMPTY_ROOT
from audit.repository import TreeHead

HEAD = TreeHead(7, EMPTY_ROOT, datetime(2026, 11, 16, tzinfo=UTC))
NOTE = "throughline/audit\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"


def test_without_a_key_it_is_three_lines() -> None:
    assert checkpoint(HEAD, None) == NOTE


def test_a_stranger_verifies_the_signature_with_the_verifier_key_alone() -> None:
    signer = Signer(Ed25519PrivateKey.generate())
    name, key_hash, encoded = signer.verifier_key().split("+", 2)
    algorithm_and_key = base64.b64decode(encoded)
    assert (name, algorithm_and_key[:1]) == ("throughline/audit", b"\x01")
    key = Ed25519PublicKey.from_public_bytes(algorithm_and_key[1:])
    assert key_id(key).hex() == key_hash

    text, signature_line = checkpoint(HEAD, signer).split("\n\n")
    assert text + "\n" == NOTE
    dash, signed_by, signature = signature_line.rstrip("\n").split(" ")
    assert (dash, signed_by) == ("—", name)
    signature_bytes = base64.b64decode(signature)
    assert signature_bytes[:4].hex() == key_hash
    key.verify(signature_bytes[4:], NOTE.encode())
    with pytest.raises(InvalidSignature):
        key.verify(signature_bytes[4:], NOTE.replace("7", "8").encode())


def test_the_key_is_read_from_a_file_and_must_be_ed25519(tmp_path: Path) -> None:
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = Ed25519PrivateKey.generate()
    good, wrong = tmp_path / "good.pem", tmp_path / "wrong.pem"
    good.write_bytes(key.private_bytes(*form))
    wrong.write_bytes(generate_private_key(SECP256R1()).private_bytes(*form))
    assert Signer.from_file(good).verifier_key() == Signer(key).verifier_key()
    with pytest.raises(ValueError, match="does not hold an Ed25519 key"):
        Signer.from_file(wrong)
