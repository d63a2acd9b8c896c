"""Exact duplicates over all history: each service line has a bill key, and a bill key has one owner, a request.

The key says what was done, for whom, by whom, when, how much and at what price; not by which partner or channel it came
and not under which number. Two channels, one bill.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

from throughline.submissions import SubmissionReceived
from validation.near_duplicates.keys import month_of

BillKey = bytes
Requests = tuple[UUID, ...]

MONTH_BYTES, HASH_BYTES = 3, 16
"""A SHA-256 cut to 128 bits: of 10^12 lines two meet with probability 10^-15, and rows stay narrow. Before it stands
the month of the line's first day: what is billed together lies together in the index, beside years of others' bills.
"""

_SEPARATOR = "\x1f"


def bill_keys(submission: SubmissionReceived) -> list[BillKey]:
    """The bill keys of a submission, one per line, sorted, each once."""
    request = submission.request
    prefix = _SEPARATOR.join(
        (submission.payee_id.hex, request.subject.member_id.reveal().strip().upper(), "")
    )
    keys = set()
    for line in request.lines:
        bill = (
            f"{prefix}{line.from_date.toordinal()}{_SEPARATOR}{line.to_date.toordinal()}{_SEPARATOR}{line.code}{_SEPARATOR}"
            f"{','.join(sorted(line.modifiers))}{_SEPARATOR}{line.unit}{line.units_thousandths}{_SEPARATOR}{line.charge_cents}"
        )
        month = month_of(line.from_date).to_bytes(MONTH_BYTES, "big")
        keys.add(month + sha256(bill.encode()).digest()[:HASH_BYTES])
    return sorted(keys)


@dataclass(slots=True)
class BillClaims:
    """Who owns the bill keys that one slice speaks of, as they stand in memory while it decides.

    ``stored`` is what the database held when the slice began, its rows locked; a key with owner None was released.
    ``beside`` are requests that a reviewer let be paid beside the owner: when the owner goes, one of them owns it.
    """

    stored: dict[BillKey, UUID | None]
    stored_beside: dict[BillKey, Requests] = field(default_factory=dict)
    owners: dict[BillKey, UUID | None] = field(init=False)
    beside: dict[BillKey, Requests] = field(init=False)

    def __post_init__(self) -> None:
        self.owners = dict(self.stored)
        self.beside = dict(self.stored_beside)

    def other_owner(
        self, keys: Iterable[BillKey], request_id: UUID, shown: Collection[UUID] = ()
    ) -> UUID | None:
        """A request that already billed one of these lines, and is none of ``shown``; None where there is none."""
        owners = self.owners
        for key in keys:
            owner = owners.get(key)
            if owner is not None and owner != request_id:
                beside = self.beside.get(key, ())
                if request_id in beside:
                    continue
                for other in (owner, *beside):
                    if other not in shown:
                        return other
        return None

    def take(self, keys: Iterable[BillKey], request_id: UUID) -> None:
        """Claim what is free. What another owns stays its own: a release by a reviewer pays beside it, not instead."""
        for key in keys:
            owner = self.owners.get(key)
            if owner is None:
                self.owners[key] = request_id
            elif owner != request_id and request_id not in self.beside.get(key, ()):
                self.beside[key] = (*self.beside.get(key, ()), request_id)

    def release(self, keys: Iterable[BillKey], request_id: UUID) -> None:
        """Give back what this request holds: it is never to be paid. Who was paid beside it owns the bill then."""
        for key in keys:
            beside = tuple(one for one in self.beside.get(key, ()) if one != request_id)
            if self.owners.get(key) == request_id:
                self.owners[key] = beside[0] if beside else None
                beside = beside[1:]
            if key in self.beside:
                self.beside[key] = beside

    def new(self) -> tuple[Sequence[BillKey], Sequence[UUID]]:
        """Claims on keys that had no row, sorted by key: another replica may be claiming them at this moment."""
        keys = sorted(
            key for key, owner in self.owners.items() if key not in self.stored and owner is not None
        )
        return keys, [owner for key in keys if (owner := self.owners[key]) is not None]

    def changed(self) -> tuple[Sequence[BillKey], Sequence[UUID | None]]:
        """Rows that were locked at the beginning and have another owner now."""
        keys = sorted(
            key
            for key, owner in self.stored.items()
            if self.owners[key] != owner or self.beside.get(key, ()) != self.stored_beside.get(key, ())
        )
        return keys, [self.owners[key] for key in keys]
