"""From bytes to 94-character lines: what a file may look like around its records."""

from collections.abc import Iterator
from enum import Enum
from typing import BinaryIO

from payout.nacha.errors import Fault, NachaRefused

WIDTH = 94
_MAX_LINE = 4096
_PRINTABLE = frozenset(range(0x20, 0x7F))


class Frame(Enum):
    """How strict the frame is. Money is read equally strictly in both.

    STRICT is what we write: LF, 94 characters, filled to whole blocks. LENIENT is what banks send: CRLF,
    trailing blanks
    cut off, blank lines at the end, no filler, or no line breaks at all.
    """

    STRICT = "strict"
    LENIENT = "lenient"


def lines(stream: BinaryIO, frame: Frame, max_bytes: int) -> Iterator[tuple[int, str]]:
    """Yields (line number from 1, exactly 94 printable ASCII characters). Bounded memory; refuses above
    max_bytes.
    """
    seen = 0
    number = 0
    for raw in _raw_lines(stream, frame):
        number += 1
        seen += len(raw)
        if seen > max_bytes:
            raise NachaRefused(Fault.TOO_LARGE, line=number)
        body = _without_break(raw, frame, number)
        if not body and frame is Frame.LENIENT:
            continue
        if not _PRINTABLE.issuperset(body):
            raise NachaRefused(Fault.CHARSET, line=number)
        if len(body) == WIDTH:
            yield number, body.decode("ascii")
        elif frame is Frame.LENIENT and len(body) < WIDTH and not body.endswith(b" "):
            yield number, body.decode("ascii").ljust(WIDTH)
        else:
            raise NachaRefused(Fault.LENGTH, line=number)


def _raw_lines(stream: BinaryIO, frame: Frame) -> Iterator[bytes]:
    first = stream.readline(_MAX_LINE)
    if not first:
        raise NachaRefused(Fault.EMPTY)
    if frame is Frame.LENIENT and len(first.rstrip(b"\r\n")) > WIDTH:
        yield from _fixed_slices(stream, first)
        return
    while first:
        yield first
        first = stream.readline(_MAX_LINE)


def _fixed_slices(stream: BinaryIO, head: bytes) -> Iterator[bytes]:
    """A file without line breaks: every 94 bytes a record."""
    held = head
    while held:
        if len(held) < WIDTH:
            more = stream.read(WIDTH * 100)
            if not more:
                yield held
                return
            held += more
            continue
        yield held[:WIDTH]
        held = held[WIDTH:]
        if held in (b"\n", b"\r\n"):
            return


def _without_break(raw: bytes, frame: Frame, number: int) -> bytes:
    if frame is Frame.LENIENT:
        return raw.rstrip(b"\r\n")
    if not raw.endswith(b"\n"):
        raise NachaRefused(Fault.TRUNCATED, line=number)
    return raw[:-1]
