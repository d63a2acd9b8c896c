"""What an attachment is, from its bytes; how its parts are sealed."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from sample_input.documents import attendance_sheet

from intake.attachment_content import HarmSeen, TypeSeen
from intake.attachment_keys import (
    PART_BYTES,
    SEALED_PART_BYTES,
    About,
    AttachmentKeys,
    DoesNotOpen,
    KeyMissing,
    load_attachment_keys,
)
from intake.attachments import Arriving

PDF = attendance_sheet("ATT-1")
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(17) + b"\x00\x00\x00\x00IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0" + bytes(40) + b"\xff\xd9"
TIFF = b"II*\x00\x08\x00\x00\x00\x01\x00" + bytes(16)
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def with_zip(content: bytes) -> bytes:
    """The document, and behind it an archive that opens."""
    written = io.BytesIO()
    written.write(content)
    with zipfile.ZipFile(written, "a") as archive:
        archive.writestr("run.js", "alert(1)")
    return written.getvalue()


def with_zip_and_end(content: bytes, end: bytes) -> bytes:
    """As ``with_zip``, with the document's own end as the archive's comment."""
    written = io.BytesIO(content)
    with zipfile.ZipFile(written, "a") as archive:
        archive.writestr("run.js", "alert(1)")
        archive.comment = end
    return written.getvalue()


CASES: dict[str, tuple[bytes, str | None]] = {
    "pdf": (PDF, "application/pdf"),
    "pdf with blanks behind": (PDF + b"\r\n\r\n", "application/pdf"),
    "png": (PNG, "image/png"),
    "jpeg": (JPEG, "image/jpeg"),
    "tiff": (TIFF, "image/tiff"),
    "tiff, big-endian": (b"MM\x00*\x00\x00\x00\x08" + bytes(18), "image/tiff"),
    "empty": (b"", None),
    "text": (b"Attendance sheet", None),
    "html": (b"<html><script>alert(1)</script>", None),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', None),
    "a program": (b"MZ" + bytes(60), None),
    "pdf behind something": (b"\n" + PDF, None),
    "pdf cut short": (PDF[:-20], None),
    "png with a page behind": (PNG + b"<script>", None),
    "jpeg with a page behind": (JPEG + b"<script>", None),
    "pdf and zip": (with_zip(PDF), None),
    "pdf and zip with the end of a pdf": (with_zip_and_end(PDF, b"%%EOF"), None),
    "jpeg and zip with the end of a jpeg": (with_zip_and_end(JPEG, b"\xff\xd9"), None),
    "tiff that points nowhere": (b"II*\x00\xff\xff\xff\x7f" + bytes(18), None),
    "big tiff": (b"II+\x00" + bytes(40), None),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_the_type_is_what_the_bytes_are(name: str, step: int) -> None:
    content, expected = CASES[name]
    seen = TypeSeen()
    for start in range(0, len(content), step):
        seen.take(content[start : start + step])
    assert seen.media_type == expected


@pytest.mark.parametrize("step", [1, 50, 100_000])
@pytest.mark.parametrize(
    "content", [EICAR, b"%PDF-1.4\n" + bytes(500) + EICAR + b"\n%%EOF"], ids=["alone", "within"]
)
def test_the_test_string_of_scanners_is_found_wherever_it_stands(content: bytes, step: int) -> None:
    seen, clean = HarmSeen(), HarmSeen()
    for start in range(0, len(content), step):
        seen.take(content[start : start + step])
    clean.take(content[:-10].replace(EICAR[:8], b""))
    assert seen.is_harmful and not clean.is_harmful


# how it is sealed

KEYS = AttachmentKeys({"k": bytes(32)}, "k")


@pytest.mark.parametrize("size", [1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES])
def test_parts_are_sealed_as_they_come_and_open_in_order(size: int) -> None:
    content, spool = bytes(range(256)) * (size // 256 + 1), io.BytesIO()
    content = content[:size]
    arriving = Arriving(spool)
    for start in range(0, size, 100_003):
        arriving.take(content[start : start + 100_003])
    arriving.finish()
    about = About(uuid4(), "acme", bytes(32), "application/pdf", size)
    cipher = KEYS.open("k", KEYS.seal(arriving._key, about), about)
    sealed = [spool.read(SEALED_PART_BYTES) for _ in range(about.parts)]
    assert spool.read() == b""
    assert size < 50 or content[:50] not in b"".join(sealed), "one byte stands anywhere by chance"
    last = about.parts - 1
    assert b"".join(cipher.open(n, one, last=n == last) for n, one in enumerate(sealed)) == content
    with pytest.raises(DoesNotOpen):
        cipher.open(last, sealed[last], last=False)  # cut off behind here
    with pytest.raises(DoesNotOpen):
        cipher.open(last + 1, sealed[last], last=True)


@pytest.mark.parametrize(
    "changed",
    [{"holder": "beta"}, {"sha256": bytes(31) + b"1"}, {"media_type": "image/png"}, {"size": 2}],
    ids=["holder", "sha256", "media type", "size"],
)
def test_a_row_that_was_changed_does_not_open(changed: dict[str, object]) -> None:
    about = About(uuid4(), "acme", bytes(32), "application/pdf", 1)
    sealed = KEYS.seal(bytes(32), about)
    with pytest.raises(DoesNotOpen):
        KEYS.open("k", sealed, replace(about, **changed))  # type: ignore[arg-type]


def test_keys_are_files_that_live_brings_itself(tmp_path: Path) -> None:
    def write(name: str, text: str, mode: int = 0o600) -> None:
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)

    with pytest.raises(KeyMissing, match="absent"):
        load_attachment_keys(tmp_path, is_live=True)
    write("attachment-encryption.key", "ab" * 32 + " generated\n")
    sandbox = load_attachment_keys(tmp_path, is_live=False)
    with pytest.raises(KeyMissing, match="generated"):
        load_attachment_keys(tmp_path, is_live=True)
    write("attachment-encryption.key", "ab" * 31)
    with pytest.raises(KeyMissing, match="32 bytes"):
        load_attachment_keys(tmp_path, is_live=True)
    write("attachment-encryption.key", "ab" * 32, mode=0o640)
    with pytest.raises(KeyMissing, match="0600"):
        load_attachment_keys(tmp_path, is_live=True)
    write("attachment-encryption-2025.key", "ab" * 32)
    write("attachment-encryption.key", "cd" * 32, mode=0o600)
    rotated = load_attachment_keys(tmp_path, is_live=True)
    assert rotated.current != sandbox.current and sandbox.current in rotated.key_ids
