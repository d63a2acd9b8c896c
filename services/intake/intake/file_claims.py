"""What a file of claims reads as, whichever its format: one outcome per claim, none left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from throughline.answers import Problem
from throughline.requests import PaymentRequest, RequestNumber

_NUMBER: TypeAdapter[str] = TypeAdapter(RequestNumber)
PROBLEMS_MAX = 100
"""Problems kept per claim and per file: what ``RequestAnswered`` can carry."""


@dataclass(frozen=True, slots=True)
class FileClaim:
    """One claim of a file: what it asks for, or why it cannot be read. Exactly one of the two.

    ``position`` counts the file's claims from 1, whatever becomes of them. ``number`` is the partner's own, where it
    has the form of one. ``where`` says where in the file the claim begins, in words a person can follow.
    """

    position: int
    number: str | None
    where: str
    request: PaymentRequest | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class FileReading:
    """A file, looked through once. Where ``problems`` is not empty the file is refused whole: none of its claims has a
    request, and each carries the file's problem. ``claims`` reads the file a second time and keeps one claim in memory.
    """

    problems: tuple[Problem, ...]
    claim_count: int
    claims: Iterator[FileClaim]


def usable_number(text: str) -> str | None:
    """The partner's number where it has the form of one; an answer cannot carry anything else."""
    try:
        return _NUMBER.validate_python(text, strict=True)
    except ValidationError:
        return None
