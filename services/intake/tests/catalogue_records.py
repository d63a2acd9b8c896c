"""Records of the bad-input catalogue: whole ones, spoiled ones, and one between two good ones."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

from throughline.answers import RequestAnswered

if TYPE_CHECKING:
    from conftest import RunningIntake


TOPIC = "intake.acme"
PAYEE = {"kind": "npi", "identifier": "1234567893", "tin": "123456789"}
_numbers = itertools.count(1)

At = tuple[str, int, int]


def request(number: str | None = None, **changes: Any) -> dict[str, Any]:
    line = {
        "line_id": "1",
        "from_date": "2026-10-01",
        "to_date": "2026-10-01",
        "code": "99213",
        "units_thousandths": 1000,
        "charge_cents": 12050,
    }
    return {
        "number": number or f"N-{next(_numbers)}",
        "payer": "PAYER1",
        "payee": PAYEE,
        "subject": {"member_id": "M1", "last_name": "Doe"},
        "lines": [line],
        "total_cents": 12050,
        "currency": "USD",
    } | changes


def message(number: str | None = None, **changes: Any) -> bytes:
    return json.dumps({"request": request(number, **changes)}).encode()


def with_total(literal: str) -> bytes:
    return message(total_cents="@").replace(b'"@"', literal.encode())


def with_date(written: object) -> bytes:
    body = request()
    body["lines"][0]["from_date"] = written
    return json.dumps({"request": body}).encode()


def typed(name: str, dataschema: str | None = None, id: str | None = None) -> list[tuple[str, bytes | None]]:
    headers: list[tuple[str, bytes | None]] = [("ce_type", f"throughline.{name}".encode())]
    if dataschema is not None:
        headers.append(("ce_dataschema", dataschema.encode()))
    if id is not None:
        headers.append(("ce_id", id.encode()))
    return headers


def between_good_ones(intake: RunningIntake, value: bytes | None, **how: Any) -> tuple[At, RequestAnswered]:
    """Send it between two good records of one key and one partition; the good ones are accepted."""
    key = how.pop("key", b"key")
    before = intake.send(TOPIC, message(), key=key)
    at = intake.send(TOPIC, value, key=key, **how)
    after = intake.send(TOPIC, message(), key=key)
    assert [intake.answer(good).outcome for good in (before, after)] == ["accepted", "accepted"]
    answered = intake.answer(at)
    assert intake.firsts[at] == 1
    return at, answered


def reason_of(answered: RequestAnswered) -> str | None:
    return str(answered.problems[0].reason) if answered.problems else None


GOOD = message("GOOD")
