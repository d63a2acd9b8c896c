"""Segments of an X12 file, one after another, in memory that does not grow with the file.

The separators are those that each interchange's own ISA segment defines (X12.5, X12.6): element (byte 4), repetition
(ISA11), component (ISA16) and the segment terminator that follows it. Read leniently, because no data can be lost by
it: a UTF-8 byte order mark at the start, and blanks, tabs and line ends before a segment. Everything else that is not
X12 raises :class:`X12Error`, which names segment, position and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from throughline.reasons import Reason

ISA_BYTES = 106
# Widths of ISA01 to ISA16: the only segment of fixed length, because it is what tells the separators.
ISA_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
SEGMENT_BYTES_MAX = 32_768
READ_BYTES = 65_536
BLANKS = b" \t\r\n"
_ID = re.compile(r"[A-Z][A-Z0-9]{1,2}")


class X12Error(ValueError):
    """The file is not X12 or not whole. ``str()`` names segment, element and position, never a value of the file."""

    def __init__(
        self, reason: Reason, segment: str, index: int, offset: int, what: str, element: int = 0
    ) -> None:
        name = f"{segment}{element:02d}" if element else segment
        super().__init__(f"{name} (segment {index}, byte {offset}): {what}")
        self.reason, self.segment, self.element = reason, segment, element
        self.index, self.offset, self.what = index, offset, what

    @property
    def field(self) -> str:
        """Segment, element and position, as an answer's field names them."""
        name = f"{self.segment}{self.element:02d}" if self.element else self.segment
        return f"{name} (segment {self.index}, byte {self.offset})"


@dataclass(frozen=True, slots=True)
class Separators:
    """The four characters of an interchange. ``repetition`` is empty where ISA11 is ``U`` (before 00402)."""

    element: str
    component: str
    repetition: str
    terminator: str


@dataclass(slots=True)
class Segment:
    """One segment. ``elements[0]`` is its id. ``index`` counts from 1, ``offset`` is that of its first byte.

    Bytes that are not UTF-8 stay in the text as lone surrogates, so that they can be refused where they stand.
    """

    elements: list[str]
    index: int
    offset: int
    component: str

    @property
    def id(self) -> str:
        return self.elements[0]

    def element(self, number: int) -> str:
        """Element ``number`` from 1; empty where it was not sent."""
        return self.elements[number] if number < len(self.elements) else ""

    def components(self, number: int) -> list[str]:
        """The components of a composite element; at least one, which may be empty."""
        return self.element(number).split(self.component)

    def error(self, reason: Reason, what: str, element: int = 0) -> X12Error:
        return X12Error(reason, self.id, self.index, self.offset, what, element)


def read_segments(file: BinaryIO) -> Iterator[Segment]:
    """Every segment from the file's present position to its end. Raises X12Error."""
    return _Tokenizer(file).segments()


class _Tokenizer:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._buffer = b""
        self._offset = 0  # of the buffer's first byte in the file
        self._index = 0
        self._ended = False

    def segments(self) -> Iterator[Segment]:
        self._fill(3)
        if self._buffer.startswith(b"\xef\xbb\xbf"):
            self._drop(3)
        while self._skip_blanks():
            separators = self._separators()
            yield from self._interchange(separators)
        if self._index == 0:
            raise X12Error(
                Reason.EMPTY, "ISA", 1, self._offset, "the file is empty; send the interchange again"
            )

    def _fill(self, wanted: int) -> None:
        while len(self._buffer) < wanted and not self._ended:
            more = self._file.read(READ_BYTES)
            self._ended = not more
            self._buffer += more

    def _drop(self, count: int) -> None:
        self._buffer = self._buffer[count:]
        self._offset += count

    def _skip_blanks(self) -> bool:
        """Move to the next byte that says something; False at the end of the file."""
        while True:
            self._fill(1)
            kept = self._buffer.lstrip(BLANKS)
            self._drop(len(self._buffer) - len(kept))
            if kept or self._ended:
                return bool(kept)

    def _separators(self) -> Separators:
        self._fill(ISA_BYTES)
        at = (self._index + 1, self._offset)
        head = self._buffer[:ISA_BYTES]
        if not head.startswith(b"ISA"):
            what = "an interchange must begin with ISA; send the X12 file itself, not an archive or a page"
            raise X12Error(Reason.NOT_X12, "ISA", *at, what)
        if len(head) < ISA_BYTES:
            raise X12Error(
                Reason.TRUNCATED, "ISA", *at, f"the file ends within ISA, which has {ISA_BYTES} characters"
            )
        position = 3
        for number, width in enumerate(ISA_WIDTHS, 1):
            if head[position] != head[3] or head[3] in head[position + 1 : position + 1 + width]:
                raise X12Error(
                    Reason.NOT_X12,
                    "ISA",
                    *at,
                    f"must have exactly {width} characters; pad with blanks",
                    number,
                )
            position += 1 + width
        return _checked(head, at)

    def _interchange(self, separators: Separators) -> Iterator[Segment]:
        """Segments up to and with IEA; what follows it may have other separators."""
        terminator = separators.terminator.encode("ascii")
        while True:
            pieces = self._buffer.split(terminator)
            rest = pieces.pop()
            offset = self._offset
            for piece in pieces:
                segment = self._segment(piece, offset, separators)
                offset += len(piece) + 1
                if segment is None:
                    continue
                if segment.elements[0] == "IEA":
                    self._drop(offset - self._offset)
                    yield segment
                    return
                yield segment
            self._buffer, self._offset = rest, offset
            if len(rest) > SEGMENT_BYTES_MAX:
                what = f"no segment terminator within {SEGMENT_BYTES_MAX} bytes; ISA tells another than the file uses"
                raise X12Error(Reason.SEGMENT, self._name(separators), self._index + 1, offset, what)
            if self._ended:
                what = "the file ends before IEA; send it whole"
                raise X12Error(Reason.TRUNCATED, self._name(separators), self._index + 1, offset, what)
            self._fill(len(rest) + 1)

    def _segment(self, piece: bytes, offset: int, separators: Separators) -> Segment | None:
        """None for a piece of nothing but blanks, as between a terminator that is CR and its LF."""
        text = piece.lstrip(BLANKS)
        offset += len(piece) - len(text)
        if not text:
            return None
        self._index += 1
        elements = text.decode("utf-8", "surrogateescape").split(separators.element)
        if not _ID.fullmatch(elements[0]):
            what = "a segment begins with its id, two or three capitals or digits; check the separators against ISA"
            raise X12Error(Reason.SEGMENT, "segment id", self._index, offset, what)
        if len(text) > SEGMENT_BYTES_MAX:
            what = f"longer than {SEGMENT_BYTES_MAX} bytes; check the segment terminator"
            raise X12Error(Reason.SEGMENT, elements[0], self._index, offset, what)
        return Segment(elements, self._index, offset, separators.component)

    def _name(self, separators: Separators) -> str:
        """The id of the unfinished segment, where it can be told."""
        begun = self._buffer.lstrip(BLANKS)[:3].decode("ascii", "replace").split(separators.element)[0]
        return begun if _ID.fullmatch(begun) else "IEA"


def _checked(head: bytes, at: tuple[int, int]) -> Separators:
    """The separators that ISA defines: four different characters, none of which stands in text by nature."""
    fields = {"element separator": (head[3], 0), "repetition separator": (head[82], 11)}
    fields |= {"component separator": (head[104], 16), "segment terminator": (head[105], 16)}
    if head[82:83] == b"U":
        del fields["repetition separator"]
    seen: set[int] = set()
    for name, (byte, element) in fields.items():
        bad = (
            byte >= 0x80
            or chr(byte).isalnum()
            or byte == 0x20
            or (byte < 0x20 and byte not in b"\r\n\x1c\x1d\x1e\x1f")
        )
        if bad:
            raise X12Error(
                Reason.NOT_X12,
                "ISA",
                *at,
                f"the {name} must be a sign, not a letter, digit or blank",
                element,
            )
        if byte in seen:
            raise X12Error(
                Reason.NOT_X12, "ISA", *at, f"the {name} is also another separator; choose four", element
            )
        seen.add(byte)
    repetition = "" if head[82:83] == b"U" else chr(head[82])
    return Separators(chr(head[3]), chr(head[104]), repetition, chr(head[105]))
