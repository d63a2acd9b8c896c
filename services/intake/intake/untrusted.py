"""Bytes a partner sent, read without trust: a command that keeps its contract, what it breaches, or why nothing can be
understood.

The checks stand in one order, and the first that fails names the answer: size, null, empty, encoding, limits, JSON,
shape, repeated keys (all of these: parked); then type and version, fields, amounts, currency, dates (refused).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from pydantic import ValidationError

from intake.breaches import bank_fields, breaches, in_order, problem
from intake.wellformed import parse
from throughline.answers import Problem
from throughline.flow import INTAKE
from throughline.message import REGISTRY, TYPE_PREFIX, Command
from throughline.reasons import Reason
from throughline.requests import CorrectRequest, PaymentRequest, SubmitRequest, WithdrawRequest

BYTES_MAX = INTAKE.message_bytes_max
# Up to this size the quick way is tried first: even hostile bytes cannot cost it more than a few milliseconds.
QUICK_BYTES_MAX = 32_768
HASH_BYTES = 16
DATE_FIRST, DATE_LAST = date(1901, 1, 1), date(2099, 12, 31)
"""Outside lie the sentinels of other systems (1900-01-01, 9999-12-31), not days on which a service was given."""

_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/#-]{0,37}")

COMMANDS: dict[str, type[Command]] = {
    message.__name__: message for message in (SubmitRequest, CorrectRequest, WithdrawRequest)
}


@dataclass(frozen=True, slots=True)
class Understood:
    """A command that keeps its contract. ``body_hash`` is the same for the same message however it is laid out."""

    command: Command
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class Breach:
    """Readable, and not what the contract says. Refused."""

    problems: tuple[Problem, ...]
    body_hash: bytes
    number: str | None = None
    """The partner's own number, where one can be read."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Nothing to be understood. Parked with its bytes."""

    reason: Reason


Reading = Understood | Breach | Unreadable
Declared = type[Command] | Problem


def declared_type(type_name: str | None, dataschema: str | None) -> Declared:
    """What the headers say it is; without headers, version 1 of ``SubmitRequest``."""
    name = SubmitRequest.__name__ if type_name is None else type_name.removeprefix(TYPE_PREFIX)
    command = COMMANDS.get(name)
    if command is None:
        ours = any(known == name for known, _ in REGISTRY)
        return problem(Reason.WRONG_TOPIC if ours else Reason.UNKNOWN_SCHEMA, "ce_type")
    if dataschema is not None and dataschema != command.dataschema():
        return problem(Reason.UNKNOWN_SCHEMA, "ce_dataschema")
    return command


def read(value: bytes | None, declared: Declared) -> Reading:
    """Read a partner's bytes as what they declare to be. Never raises for any bytes."""
    if value is None:
        return Unreadable(Reason.TOMBSTONE)
    if not value:
        return Unreadable(Reason.EMPTY)
    if len(value) > BYTES_MAX:
        return Unreadable(Reason.OVERSIZE)
    if isinstance(declared, type) and len(value) <= QUICK_BYTES_MAX:
        understood = _quickly(value, declared)
        if understood is not None:
            return understood
    return _with_care(value, declared)


def body_hash_of(command: Command) -> bytes:
    """The hash of what was asked: the message written again by its contract, without what was not sent.

    Spelling (blanks, order of fields, escapes) does not count, as in RFC 8785; the contract's own writer is four times
    faster than sorting. Two bodies are the same request exactly if their hashes agree.
    """
    return _hash(command, command.__pydantic_serializer__.to_json(command, exclude_unset=True))


def implausible(command: Command) -> list[Problem]:
    """What types alone cannot refuse: amounts of zero, days that no service was given on."""
    if type(command) is WithdrawRequest:
        return []
    request: PaymentRequest = command.request  # type: ignore[attr-defined]
    problems = []
    if request.total_cents == 0 and request.frequency != "8":
        problems.append(problem(Reason.AMOUNT_RANGE, "request.total_cents"))
    for place, line in enumerate(request.lines):
        if not DATE_FIRST <= line.from_date <= DATE_LAST:
            problems.append(problem(Reason.DATE, f"request.lines.{place}.from_date"))
        if not DATE_FIRST <= line.to_date <= DATE_LAST:
            problems.append(problem(Reason.DATE, f"request.lines.{place}.to_date"))
    if request.invoice_date is not None and not DATE_FIRST <= request.invoice_date <= DATE_LAST:
        problems.append(problem(Reason.DATE, "request.invoice_date"))
    birth_date = request.subject.birth_date
    if birth_date is not None and not _exists(birth_date.reveal()):
        problems.append(problem(Reason.DATE, "request.subject.birth_date"))
    return problems


def _quickly(value: bytes, declared: type[Command]) -> Understood | None:
    """The way of nearly every message: validated and written once. None where it needs a closer look.

    A key that stood twice is gone from what is written, and its colon with it: without escapes, equal counts of
    colons mean that no key was repeated.
    """
    if b"\\" in value:
        return None
    try:
        command = declared.model_validate_json(value, extra="forbid")
    except ValidationError:
        return None
    written = command.__pydantic_serializer__.to_json(command, exclude_unset=True)
    if value.count(b":") != written.count(b":") or implausible(command):
        return None
    return Understood(command, _hash(command, written))


def _with_care(value: bytes, declared: Declared) -> Reading:
    parsed = parse(value)
    if isinstance(parsed, Reason):
        return Unreadable(parsed)
    raw_hash = sha256(b"as sent\x1f" + value).digest()[:HASH_BYTES]
    if isinstance(declared, Problem):
        return Breach((declared,), raw_hash, _number(parsed))
    forbidden = list(bank_fields(parsed))
    try:
        command = declared.model_validate_json(value, extra="forbid")
    except ValidationError as error:
        return Breach(in_order([*forbidden, *_others(breaches(error))]), raw_hash, _number(parsed))
    problems = implausible(command)
    if problems:
        return Breach(in_order(problems), raw_hash, _number(parsed))
    return Understood(command, body_hash_of(command))


def _number(parsed: dict[str, Any]) -> str | None:
    request = parsed.get("request", parsed)
    number = request.get("number") if isinstance(request, dict) else None
    return number if isinstance(number, str) and _NUMBER.fullmatch(number) else None


def _others(problems: list[Problem]) -> list[Problem]:
    return [one for one in problems if one.reason is not Reason.FIELD_FORBIDDEN]


def _hash(command: Command, written: bytes) -> bytes:
    return sha256(type(command).__name__.encode() + b"\x1f" + written).digest()[:HASH_BYTES]


def _exists(written: str) -> bool:
    try:
        date.fromisoformat(written)
    except ValueError:
        return False
    return True
