"""The vault: what is sealed for one payee opens for no other, masks show at most four digits, keys must be there."""

import json
import secrets
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OKPKey

from payout.vault import (
    SEAL_KEY_FILE,
    Account,
    KeyMissing,
    Vault,
    VaultRefused,
    account_token,
    is_well_formed,
    key_id_of,
    load_vault,
    mask,
)
from throughline.sealed import BankAccount, SealBroken, new_key, seal_account

PAYEE = UUID("7d0c4e0a-5a0e-5c0e-8f5e-0f4f4b1f0001")
CLINIC = Account("091000019", "123456789", "checking")


def put_key(keys: Path, name: str, content: str | None = None) -> None:
    file = keys / name
    file.write_text(content if content is not None else secrets.token_hex(32) + "\n")
    file.chmod(0o600)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    put_key(tmp_path, "account-encryption.key")
    put_key(tmp_path, "account-fingerprint.key")
    put_key(tmp_path, SEAL_KEY_FILE, json.dumps(new_key().as_dict(private=True)))
    return tmp_path


@pytest.fixture
def vault(keys: Path) -> Vault:
    return load_vault(keys)


def test_an_account_opens_for_its_payee_and_token_only(vault: Vault) -> None:
    stored = vault.encrypt(CLINIC, payee_id=PAYEE, token="ba_a")
    assert vault.decrypt(stored, payee_id=PAYEE, token="ba_a") == CLINIC
    for payee, token in ((uuid4(), "ba_a"), (PAYEE, "ba_b")):
        with pytest.raises(VaultRefused):
            vault.decrypt(stored, payee_id=payee, token=token)
    assert CLINIC.number.encode() not in stored
    assert vault.encrypt(CLINIC, payee_id=PAYEE, token="ba_a") != stored


def test_any_changed_bit_is_found(vault: Vault) -> None:
    stored = vault.encrypt(CLINIC, payee_id=PAYEE, token="ba_a")
    for at in range(len(stored)):
        changed = bytearray(stored)
        changed[at] ^= 1
        with pytest.raises((VaultRefused, KeyMissing)):
            vault.decrypt(bytes(changed), payee_id=PAYEE, token="ba_a")


def test_a_retired_key_still_opens_and_an_absent_one_says_so(keys: Path, vault: Vault) -> None:
    stored = vault.encrypt(CLINIC, payee_id=PAYEE, token="ba_a")
    (keys / "account-encryption.key").rename(keys / "account-encryption-2026.key")
    put_key(keys, "account-encryption.key")
    rotated = load_vault(keys)
    assert rotated.decrypt(stored, payee_id=PAYEE, token="ba_a") == CLINIC
    assert key_id_of(rotated.encrypt(CLINIC, payee_id=PAYEE, token="ba_a")) != key_id_of(stored)
    (keys / "account-encryption-2026.key").unlink()
    lost = load_vault(keys)
    assert key_id_of(stored) not in lost.key_ids
    with pytest.raises(KeyMissing):
        lost.decrypt(stored, payee_id=PAYEE, token="ba_a")


@pytest.mark.parametrize("name", ["account-encryption.key", "account-fingerprint.key", SEAL_KEY_FILE])
def test_without_a_key_the_service_does_not_start(keys: Path, name: str) -> None:
    (keys / name).chmod(0o644)
    with pytest.raises(KeyMissing, match="0600"):
        load_vault(keys)
    (keys / name).unlink()
    with pytest.raises(KeyMissing, match="absent"):
        load_vault(keys)
    put_key(keys, name, "not a key")
    with pytest.raises(KeyMissing):
        load_vault(keys)


def test_what_was_sealed_for_another_does_not_open(keys: Path, vault: Vault) -> None:
    public = OKPKey.import_key(json.loads((keys / SEAL_KEY_FILE).read_text()))
    sealed = seal_account(
        BankAccount("091000019", "123456789", "checking"),
        payee_id=PAYEE,
        speaker="enrolment",
        public_key=public,
    )
    assert vault.open_sealed(sealed, payee_id=PAYEE, speaker="enrolment") == CLINIC
    for payee, speaker in ((uuid4(), "enrolment"), (PAYEE, "portal")):
        with pytest.raises(SealBroken):
            vault.open_sealed(sealed, payee_id=payee, speaker=speaker)
    with pytest.raises(SealBroken):
        vault.open_sealed(sealed[:-4] + "AAAA", payee_id=PAYEE, speaker="enrolment")
    strange = seal_account(
        BankAccount("091000019", "123456789", "loan"), payee_id=PAYEE, speaker="enrolment", public_key=public
    )
    with pytest.raises(SealBroken):
        vault.open_sealed(strange, payee_id=PAYEE, speaker="enrolment")


def test_fingerprints_tell_equality_and_nothing_else(keys: Path, vault: Vault) -> None:
    same = vault.fingerprint(Account("091000019", "123456789", "checking"))
    assert same == vault.fingerprint(CLINIC) == load_vault(keys).fingerprint(CLINIC)
    assert same != vault.fingerprint(Account("091000019", "12345678", "checking"))
    put_key(keys, "account-fingerprint.key")
    assert same != load_vault(keys).fingerprint(CLINIC)


@given(st.text(st.characters(codec="ascii", categories=("Nd", "Lu")), min_size=1, max_size=17))
def test_a_mask_shows_at_most_four_characters(number: str) -> None:
    shown = mask(number).replace("•", "")
    assert len(shown) == (4 if len(number) > 6 else 0)
    assert number.endswith(shown)


def test_an_account_never_prints() -> None:
    for shown in (repr(CLINIC), str(CLINIC), f"{CLINIC}"):
        assert "123456789" not in shown and "091000019" not in shown


def test_a_token_names_one_enrolment_and_not_the_account() -> None:
    command = uuid4()
    assert account_token(PAYEE, command) == account_token(PAYEE, command) != account_token(PAYEE, uuid4())
    assert len(account_token(PAYEE, command)) == 29


@pytest.mark.parametrize(
    ("routing", "number", "kind", "good"),
    [
        ("091000019", "123456789", "checking", True),
        ("091000019", "1", "savings", True),
        ("091000018", "123456789", "checking", False),
        ("091000019", "123456789012345678", "checking", False),
        ("091000019", "12 34", "checking", False),
        ("091000019", "", "checking", False),
        ("091000019", "12\u0663", "checking", False),
        ("091000019", "1234", "loan", False),
    ],
)
def test_a_malformed_account_is_told(routing: str, number: str, kind: str, good: bool) -> None:
    assert is_well_formed(Account(routing, number, kind)) is good  # type: ignore[arg-type]
