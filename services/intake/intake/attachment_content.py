"""What an attachment is, told from its bytes alone as they pass: its type, and whether it must not be kept.

A type counts where the file begins and ends as that type does: what is appended to an image, or is an archive as well,
is refused rather than guessed at. Nothing is parsed further, and nothing here is ever shown in a page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# In two parts, so that no scanner takes this file for the test file itself.
_EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
_HEAD_BYTES = 16
_TAIL_BYTES = 65_557  # where the end of a ZIP archive lies, with its longest comment
_PADDING = b"\x00\t\n\r "
_PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"


@dataclass(frozen=True, slots=True)
class Kind:
    """A type that is taken: how its bytes begin, and how a whole one ends (given its head, tail and size)."""

    media_type: str
    suffix: str
    begins: tuple[bytes, ...]
    is_whole: Callable[[bytes, bytes, int], bool]


def _ends_as_pdf(head: bytes, tail: bytes, size: int) -> bool:
    return tail[-1024:].rstrip(_PADDING).endswith(b"%%EOF")


def _ends_as_png(head: bytes, tail: bytes, size: int) -> bool:
    return tail.endswith(_PNG_END)


def _ends_as_jpeg(head: bytes, tail: bytes, size: int) -> bool:
    return tail.rstrip(_PADDING).endswith(b"\xff\xd9")


def _points_into_itself(head: bytes, tail: bytes, size: int) -> bool:
    """TIFF 6.0, section 2: the first directory lies behind the header, and has at least one entry of 12 bytes."""
    first = int.from_bytes(head[4:8], "little" if head[:2] == b"II" else "big")
    return 8 <= first <= size - 18


KINDS = (
    Kind("application/pdf", "pdf", (b"%PDF-1.", b"%PDF-2."), _ends_as_pdf),
    Kind("image/png", "png", (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",), _ends_as_png),
    Kind("image/jpeg", "jpg", (b"\xff\xd8\xff",), _ends_as_jpeg),
    Kind("image/tiff", "tif", (b"II*\x00", b"MM\x00*"), _points_into_itself),
)
MEDIA_TYPES = tuple(kind.media_type for kind in KINDS)


class TypeSeen:
    """The type of what passes, from its first and last bytes."""

    def __init__(self) -> None:
        self._head = b""
        self._tail = b""
        self._size = 0

    def take(self, piece: bytes) -> None:
        if len(self._head) < _HEAD_BYTES:
            self._head += piece[: _HEAD_BYTES - len(self._head)]
        self._tail = (self._tail + piece)[-_TAIL_BYTES:]
        self._size += len(piece)

    @property
    def media_type(self) -> str | None:
        """None for what is no type that is taken, is cut short, or has something else behind it."""
        for kind in KINDS:
            if self._head.startswith(kind.begins):
                whole = kind.is_whole(self._head, self._tail, self._size)
                return kind.media_type if whole and not _ends_as_zip(self._tail) else None
        return None


class HarmSeen:
    """Finds the EICAR test string, anywhere. Scanners stand in ``attachment_scan``."""

    def __init__(self) -> None:
        self._last = b""
        self.is_harmful = False

    def take(self, piece: bytes) -> None:
        self.is_harmful = self.is_harmful or _EICAR in self._last + piece
        self._last = (self._last + piece)[1 - len(_EICAR) :]


def _ends_as_zip(tail: bytes) -> bool:
    """APPNOTE 4.3.16: an end record whose comment reaches to the last byte."""
    at = tail.rfind(b"PK\x05\x06")
    return (
        at >= 0
        and len(tail) - at >= 22
        and int.from_bytes(tail[at + 20 : at + 22], "little") == (len(tail) - at - 22)
    )
