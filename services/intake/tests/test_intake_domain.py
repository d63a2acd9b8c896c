"""May it come in: one row per rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from intake.arrival import claim_number_range
from intake.domain import (
    HASH_BYTES,
    Accepted,
    Decision,
    Known,
    Refused,
    Repeated,
    is_timely,
    may_bill,
    may_claim,
    may_correct,
    may_submit,
    may_withdraw,
)
from intake.unvalidated import made
from throughline.identifiers import claim_number_for, request_id_for
from throughline.reasons import Reason
from throughline.requests import PaymentRequest

A, B, C = (letter * HASH_BYTES for letter in (b"a", b"b", b"c"))
ONE, TWO = Known(A), Known(A + B)
VOIDED, WITHDRAWN = Known(A + B, "voided"), Known(A, "withdrawn")
NUMBER = "T0000000000000001"


def request(frequency: str = "1", version: int = 1, claim: str | None = None) -> PaymentRequest:
    """Only what the decisions look at."""
    return made(PaymentRequest, frequency=frequency, version=version, payer_claim_number=claim)


def refused(reason: Reason, field: str | None = None) -> Refused:
    return Refused(reason, field)


@pytest.mark.parametrize(
    ("asked", "body", "known", "decision"),
    [
        (request(), A, None, Accepted(1)),
        (request("7"), A, None, refused(Reason.FORMAT, "request.frequency")),
        (request(version=2), A, None, refused(Reason.FORMAT, "request.version")),
        (request(), A, ONE, Repeated(1)),
        (request(), A, TWO, Repeated(1)),
        (request(), A, VOIDED, Repeated(1)),
        (request(), B, ONE, refused(Reason.NUMBER_IN_USE, "request.number")),
        (request(), B, TWO, refused(Reason.NUMBER_IN_USE, "request.number")),
    ],
)
def test_an_original(asked: PaymentRequest, body: bytes, known: Known | None, decision: Decision) -> None:
    assert may_submit(asked, body, known) == decision


@pytest.mark.parametrize(
    ("asked", "body", "known", "decision"),
    [
        (request("7", 2), B, ONE, Accepted(2, 1)),
        (request("8", 2), B, ONE, Accepted(2, 1, "voided")),
        (request("7", 2, NUMBER), B, ONE, Accepted(2, 1)),
        (
            request("7", 2, "T0000000000000002"),
            B,
            ONE,
            refused(Reason.FREQUENCY_REFERENCE, "request.payer_claim_number"),
        ),
        (request("1", 2), B, ONE, refused(Reason.FORMAT, "request.frequency")),
        (request("7", 2), B, None, refused(Reason.UNKNOWN_REQUEST, "request.number")),
        (request("7", 2), B, TWO, Repeated(2)),
        (request("8", 2), B, VOIDED, Repeated(2)),
        (request("7", 2), C, TWO, refused(Reason.STALE_VERSION, "request.version")),
        (request("7", 1), C, ONE, refused(Reason.STALE_VERSION, "request.version")),
        (request("7", 3), B, ONE, refused(Reason.VERSION_GAP, "request.version")),
        (request("7", 3), C, VOIDED, refused(Reason.ALREADY_ENDED)),
        (request("7", 2), C, WITHDRAWN, refused(Reason.ALREADY_ENDED)),
    ],
)
def test_a_correction(asked: PaymentRequest, body: bytes, known: Known | None, decision: Decision) -> None:
    assert may_correct(asked, body, known, NUMBER) == decision


@pytest.mark.parametrize(
    ("asked", "body", "known", "decision"),
    [
        (request(), A, None, Accepted(1)),
        (request(), A, ONE, Repeated(1)),
        (request("7"), B, ONE, Accepted(2, 1)),
        (request("8"), C, TWO, Accepted(3, 2, "voided")),
        (request("7"), B, TWO, Repeated(2)),
        (
            request("7"),
            B,
            Known(A + B + C),
            Repeated(2),
        ),  # an old file once more: the claim stays as C has it
        (request("8"), C, Known(A + B + C, "voided"), Repeated(3)),
        (request("7"), C, VOIDED, refused(Reason.ALREADY_ENDED)),
        (request("7"), A, None, refused(Reason.UNKNOWN_REQUEST, "request.number")),
        (request("8", 1, NUMBER), A, None, refused(Reason.UNKNOWN_REQUEST, "request.payer_claim_number")),
    ],
)
def test_a_claim_of_a_file(
    asked: PaymentRequest, body: bytes, known: Known | None, decision: Decision
) -> None:
    assert may_claim(asked, body, known) == decision


@pytest.mark.parametrize(
    ("version", "known", "decision"),
    [
        (1, ONE, Accepted(1, None, "withdrawn")),
        (2, TWO, Accepted(2, None, "withdrawn")),
        (1, None, refused(Reason.UNKNOWN_REQUEST, "number")),
        (1, TWO, refused(Reason.STALE_VERSION, "version")),
        (2, ONE, refused(Reason.VERSION_GAP, "version")),
        (1, WITHDRAWN, refused(Reason.ALREADY_ENDED)),
        (2, VOIDED, refused(Reason.ALREADY_ENDED)),
    ],
)
def test_a_withdrawal(version: int, known: Known | None, decision: Decision) -> None:
    assert may_withdraw(version, known) == decision


@pytest.mark.parametrize(
    ("payers", "decision"),
    [((), None), (("P1", "P2"), None), (("P2",), refused(Reason.NOT_OF_THIS_PAYER, "request.payer"))],
)
def test_the_payer(payers: tuple[str, ...], decision: Refused | None) -> None:
    assert may_bill("P1", payers) == decision


@pytest.mark.parametrize(
    ("age", "decision"),
    [
        (timedelta(hours=24), None),
        (timedelta(hours=24, seconds=1), refused(Reason.STALE, "ce_time")),
        (timedelta(minutes=-5), None),
        (timedelta(minutes=-5, seconds=-1), refused(Reason.FUTURE, "ce_time")),
        (None, None),
    ],
)
def test_the_time(age: timedelta | None, decision: Refused | None) -> None:
    recorded = datetime(2026, 1, 1, tzinfo=UTC)
    assert is_timely(None if age is None else recorded - age, recorded) == decision
    assert is_timely(None if age is None else recorded - age, None) is None


def test_a_claim_number_leads_back_to_its_request() -> None:
    request_id = request_id_for("acme", "npi", "1234567893", "A-1")
    found = claim_number_range(claim_number_for(request_id))
    assert found is not None and found[0] <= request_id <= found[1]
    assert claim_number_for(found[0]) == claim_number_for(found[1]) == claim_number_for(request_id)


@pytest.mark.parametrize(
    "text", ["", "T", "X0000000000000001", "T000000000000000", "T00000000000000I1", "TZZZZZZZZZZZZZZZZZ"]
)
def test_what_is_not_one_of_our_claim_numbers_leads_nowhere(text: str) -> None:
    assert claim_number_range(text) is None
