"""The controls of an interchange: ISA/IEA, GS/GE and ST/SE agree in number and count (X12.5, X12.6).

They are the sender's proof that the file is whole, so one that does not hold refuses the file. Checking goes on after
a breach, so that all are told at once and every claim is still counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from intake.x12.tokenizer import Segment, X12Error, read_segments
from throughline.reasons import Reason

ERRORS_MAX = 100
# Control numbers are remembered per group and interchange to find repeats: this bounds the memory.
SETS_MAX = 50_000


@dataclass(slots=True)
class Level:
    """One open envelope: its first segment, what it counted, and the control numbers it has seen inside."""

    opened: Segment
    count: int = 0
    seen: set[str] = field(default_factory=set)


class Envelope:
    """Feed it every segment in order. ``errors`` are the breaches so far, the first hundred."""

    def __init__(self) -> None:
        self.errors: list[X12Error] = []
        self.interchange: Level | None = None
        self.group: Level | None = None
        self.transaction: Level | None = None

    @property
    def version(self) -> str:
        """GS08: the guide that the group's transaction sets follow."""
        return self.group.opened.element(8) if self.group else ""

    def feed(self, segment: Segment) -> bool:
        """Check one segment. True where it belongs to a transaction set's content, ST and SE included."""
        handler = _CONTROLS.get(segment.elements[0])
        if handler is not None:
            handler(self, segment)
            return segment.elements[0] in ("ST", "SE")
        if self.transaction is None:
            self._breach(segment, Reason.SEGMENT, "stands outside ST and SE; put it inside a transaction set")
        else:
            self.transaction.count += 1
        return True

    def end(self) -> None:
        """The file is over. An envelope still open was cut: the tokenizer tells of ISA, this of the others."""
        for level in (self.transaction, self.group, self.interchange):
            if level is not None:
                self._breach(level.opened, Reason.TRUNCATED, "is never closed; send the whole file")

    def failed(self, error: X12Error) -> None:
        if len(self.errors) < ERRORS_MAX:
            self.errors.append(error)

    def _breach(self, segment: Segment, reason: Reason, what: str, element: int = 0) -> None:
        self.failed(segment.error(reason, what, element))

    def _isa(self, segment: Segment) -> None:
        if self.interchange is not None:
            self._breach(segment, Reason.SEGMENT, "begins before the interchange before it was closed by IEA")
        self.interchange, self.group, self.transaction = Level(segment), None, None

    def _gs(self, segment: Segment) -> None:
        self._close_open(segment, "SE", "GE")
        if self.interchange is not None:
            self._opens_within(self.interchange, segment, 6)
        self.group = Level(segment)

    def _st(self, segment: Segment) -> None:
        self._close_open(segment, "SE")
        if self.group is None:
            self._breach(
                segment, Reason.SEGMENT, "stands outside GS and GE; put the transaction set inside a group"
            )
        else:
            self._opens_within(self.group, segment, 2)
        self.transaction = Level(segment, count=1)

    def _se(self, segment: Segment) -> None:
        if self.transaction is None:
            self._breach(segment, Reason.SEGMENT, "closes no transaction set; check that ST stands before it")
            return
        self.transaction.count += 1
        self._closes(self.transaction, segment, 2, "segments from ST to SE")
        self.transaction = None

    def _ge(self, segment: Segment) -> None:
        self._close_open(segment, "SE")
        if self.group is None:
            self._breach(segment, Reason.SEGMENT, "closes no group; check that GS stands before it")
            return
        self._closes(self.group, segment, 6, "transaction sets")
        self.group = None

    def _iea(self, segment: Segment) -> None:
        self._close_open(segment, "SE", "GE")
        if self.interchange is not None:
            self._closes(self.interchange, segment, 13, "groups")
        self.interchange = None

    def _opens_within(self, outer: Level, segment: Segment, element: int) -> None:
        outer.count += 1
        number = segment.element(element)
        if not number:
            self._breach(segment, Reason.ENVELOPE_COUNT, "the control number is missing", element)
        elif number in outer.seen:
            self._breach(
                segment, Reason.ENVELOPE_COUNT, "the control number stands twice; number them anew", element
            )
        elif len(outer.seen) >= SETS_MAX:
            self._breach(
                segment, Reason.FILE_TOO_LARGE, f"more than {SETS_MAX} in one envelope; split the file"
            )
        else:
            outer.seen.add(number)

    def _closes(self, level: Level, segment: Segment, opened_element: int, counted: str) -> None:
        told = segment.element(1)
        if not (told.isascii() and told.isdigit()) or int(told[:12]) != level.count:
            what = f"does not count the {counted}: there are {level.count}; the file was cut or changed, make it again"
            self._breach(segment, Reason.ENVELOPE_COUNT, what, 1)
        if segment.element(2) != level.opened.element(opened_element):
            what = f"is not the control number of its {level.opened.id}; the file was cut or joined, make it again"
            self._breach(segment, Reason.ENVELOPE_COUNT, what, 2)

    def _close_open(self, segment: Segment, *closers: str) -> None:
        if self.transaction is not None and "SE" in closers:
            self._breach(segment, Reason.SEGMENT, "comes before SE has closed the transaction set")
            self.transaction = None
        if self.group is not None and "GE" in closers:
            self._breach(segment, Reason.SEGMENT, "comes before GE has closed the group")
            self.group = None


_CONTROLS = {
    "ISA": Envelope._isa,
    "GS": Envelope._gs,
    "ST": Envelope._st,
    "SE": Envelope._se,
    "GE": Envelope._ge,
    "IEA": Envelope._iea,
}


def walk(file: BinaryIO, envelope: Envelope) -> Iterator[Segment]:
    """The content of every transaction set, ST and SE included, as far as the file can be told into segments.

    Never raises for what the file holds: ``envelope.errors`` has every breach when the walk is over.
    """
    try:
        for segment in read_segments(file):
            if envelope.feed(segment):
                yield segment
        envelope.end()
    except X12Error as error:
        envelope.failed(error)
