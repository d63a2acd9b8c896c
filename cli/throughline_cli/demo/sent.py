"""Where everything that was sent stands, so that each answer can be found again."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

Sent = tuple[str, int]
"""The feed file, below the input folder, and the line or claim in it, from 1."""
Coordinates = tuple[str, int, int]


@dataclass
class SentLog:
    """By Kafka coordinates, and by receipt."""

    records: dict[Coordinates, Sent] = field(default_factory=dict)
    receipts: dict[UUID, tuple[str, int | None]] = field(default_factory=dict)
    """A receipt's feed file, and its line; None where the receipt is a file's and counts claims by position."""
    refused_calls: dict[Sent, str] = field(default_factory=dict)
    """HTTP calls that got no receipt, and what they were told."""
    file_problems: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    """Files that were refused whole: reason, where, what to do."""
    claims_in_files: dict[str, int] = field(default_factory=dict)

    def of_receipt(self, receipt: UUID, position: int) -> Sent | None:
        found = self.receipts.get(receipt)
        if found is None:
            return None
        name, line = found
        return name, position if line is None else line
