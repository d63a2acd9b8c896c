"""The same file without some of its entries: what is left keeps its order, batch numbers and traces; totals follow."""

from __future__ import annotations

from collections.abc import Collection

from payout.nacha import codes
from payout.nacha.frame import WIDTH

_BLOCK = 10
_FILLER = b"9" * WIDTH


class _Totals:
    """Of a batch, or of the whole file."""

    def __init__(self) -> None:
        self.count = self.entry_hash = self.debit = self.credit = 0

    def add(self, entry: bytes, lines: int) -> None:
        cents = int(entry[29:39])
        self.count += lines
        self.entry_hash += int(entry[3:11])
        if int(entry[1:3]) in codes.CREDITS:
            self.credit += cents
        else:
            self.debit += cents

    def add_all(self, other: _Totals) -> None:
        self.count += other.count
        self.entry_hash += other.entry_hash
        self.debit += other.debit
        self.credit += other.credit

    def written(self, count_width: int) -> bytes:
        """As both controls have them, one after the other."""
        return (
            f"{self.count:0{count_width}d}{self.entry_hash % 10**10:010d}{self.debit:012d}{self.credit:012d}"
        ).encode("ascii")


def without(content: bytes, traces: Collection[str]) -> bytes | None:
    """A whole file of ours (`FileWriter`) without the entries of these traces; None where no entry is left."""
    gone = {trace.encode("ascii") for trace in traces}
    out: list[bytes] = []
    whole, batches = _Totals(), 0
    batch: list[bytes] = []
    totals, keeps = _Totals(), False
    for line in content.split(b"\n"):
        kind = line[:1]
        if kind == b"1":
            out.append(line)
        elif kind == b"5":
            batch, totals = [line], _Totals()
        elif kind == b"6":
            keeps = line[79:94] not in gone
            if keeps:
                batch.append(line)
                totals.add(line, 1 + int(line[78:79]))
        elif kind == b"7" and keeps:
            batch.append(line)
        elif kind == b"8" and totals.count:
            out += [*batch, line[:4] + totals.written(6) + line[44:]]
            whole.add_all(totals)
            batches += 1
        elif kind == b"9" and line != _FILLER:
            blocks = -(-(len(out) + 1) // _BLOCK)
            control = f"9{batches:06d}{blocks:06d}".encode("ascii") + whole.written(8) + b" " * 39
            out += [control, *[_FILLER] * (blocks * _BLOCK - len(out) - 1)]
            break
    return b"".join(line + b"\n" for line in out) if batches else None


def entry_hash_of(content: bytes) -> int:
    """As the file control of a whole file of ours says it."""
    control = next(line for line in content.split(b"\n") if line[:1] == b"9" and line != _FILLER)
    return int(control[21:31])
