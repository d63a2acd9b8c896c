"""What intake makes of a partner's bytes: one row per kind of input, the first check that fails names the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from intake.untrusted import Breach, Understood, Unreadable, body_hash_of, declared_type, read
from throughline.answers import Problem
from throughline.reasons import Reason
from throughline.requests import CorrectRequest, SubmitRequest, WithdrawRequest


def message(**changes: Any) -> dict[str, Any]:
    """A whole ``SubmitRequest`` as a partner writes it."""
    line = {
        "line_id": "1",
        "from_date": "2026-10-01",
        "to_date": "2026-10-01",
        "code": "99213",
        "units_thousandths": 1000,
        "charge_cents": 12050,
        "diagnosis_pointers": [1],
    }
    request = {
        "number": "A-1",
        "payer": "PAYER1",
        "payee": {"kind": "npi", "identifier": "1234567893", "tin": "123456789"},
        "subject": {"member_id": "M1", "last_name": "Doe", "birth_date": "1980-01-01"},
        "lines": [line],
        "diagnoses": ["J069"],
        "total_cents": 12050,
        "currency": "USD",
    }
    return {"request": request | changes}


def written(body: object = None, **changes: Any) -> bytes:
    return json.dumps(message(**changes) if body is None else body).encode()


def with_line(**changes: Any) -> bytes:
    body = message()
    body["request"]["lines"][0] |= changes
    return json.dumps(body).encode()


def with_raw_total(literal: str) -> bytes:
    return written(total_cents="@").replace(b'"@"', literal.encode())


GOOD = written()
DEEP = b'{"request":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
WIDE = b"{" + b",".join(b'"k%d":0' % n for n in range(24_000)) + b"}"
ESCAPED_QUOTES = b'{"a":"' + b'\\"' * 130_000


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(None, Reason.TOMBSTONE, id="M2 null"),
        pytest.param(b"", Reason.EMPTY, id="M1 empty"),
        pytest.param(b" " * 262_145, Reason.OVERSIZE, id="M14 oversize"),
        pytest.param(GOOD[:-7], Reason.UNDECODABLE, id="M3 truncated"),
        pytest.param(GOOD + b"{}", Reason.UNDECODABLE, id="M3 two values"),
        pytest.param(b"not json", Reason.UNDECODABLE, id="M3 not JSON"),
        pytest.param(GOOD.replace(b"Doe", b"D\xffe"), Reason.ENCODING, id="M4 not UTF-8"),
        pytest.param(GOOD.replace(b"Doe", b"D\xc0\xafe"), Reason.ENCODING, id="M4 overlong UTF-8"),
        pytest.param(GOOD.decode().encode("utf-16"), Reason.ENCODING, id="M4 UTF-16"),
        pytest.param(GOOD.decode().encode("utf-16-le"), Reason.ENCODING, id="M4 UTF-16 without mark"),
        pytest.param(b"\xef\xbb\xbf" + GOOD, Reason.ENCODING, id="M4 byte order mark"),
        pytest.param(GOOD.replace(b"Doe", b"D\x00e"), Reason.ENCODING, id="M4 NUL"),
        pytest.param(GOOD.replace(b"Doe", b"D\\u0000e"), Reason.ENCODING, id="M4 escaped NUL"),
        pytest.param(GOOD.replace(b"Doe", b"D\\ud800e"), Reason.ENCODING, id="M4 lone surrogate"),
        pytest.param(b"[]", Reason.SHAPE, id="M5 array"),
        pytest.param(b'"x"', Reason.SHAPE, id="M5 string"),
        pytest.param(b"1", Reason.SHAPE, id="M5 number"),
        pytest.param(b"null", Reason.SHAPE, id="M5 null"),
        pytest.param(b'[{"a":1,"a":2}]', Reason.SHAPE, id="M5 shape before repeated keys"),
        pytest.param(
            GOOD.replace(b'"total_cents"', b'"total_cents": 1, "total_cents"'),
            Reason.DUPLICATE_KEY,
            id="M6 twice",
        ),
        pytest.param(
            GOOD.replace(b'"total_cents"', b'"total_cents" : 1 , "total_cents"').replace(
                b"Doe", b"\\u003aDoe"
            ),
            Reason.DUPLICATE_KEY,
            id="M6 twice, hidden behind an escaped colon",
        ),
        pytest.param(b'{"x": 1, "x": 2}', Reason.DUPLICATE_KEY, id="M6 unknown field twice"),
        pytest.param(with_raw_total("1" * 400), Reason.LIMITS, id="M13 400 digits"),
        pytest.param(DEEP, Reason.LIMITS, id="M13 depth 10,000"),
        pytest.param(b"[" * 250_000, Reason.LIMITS, id="M13 depth 250,000, never closed"),
        pytest.param(WIDE, Reason.LIMITS, id="M13 24,000 keys"),
        pytest.param(ESCAPED_QUOTES, Reason.UNDECODABLE, id="M13 escaped quotes without end"),
    ],
)
def test_unreadable_is_named_by_the_first_check_that_fails(value: bytes | None, reason: Reason) -> None:
    assert read(value, SubmitRequest) == Unreadable(reason)


@pytest.mark.parametrize(
    ("value", "reason", "field"),
    [
        pytest.param(written(zzz=1), Reason.UNKNOWN_FIELD, "request.zzz", id="M7 unknown"),
        pytest.param(
            with_line(status="paid"), Reason.UNKNOWN_FIELD, "request.lines.0.status", id="M7 in a line"
        ),
        pytest.param(b"{}", Reason.MISSING, "request", id="M8 all"),
        pytest.param(
            written(payer="@").replace(b'"payer": "@", ', b""), Reason.MISSING, "request.payer", id="M8 one"
        ),
        pytest.param(with_raw_total("10.10"), Reason.AMOUNT_FORMAT, "request.total_cents", id="M9 float"),
        pytest.param(
            with_raw_total("10.0"), Reason.AMOUNT_FORMAT, "request.total_cents", id="M9 whole float"
        ),
        pytest.param(with_raw_total("1e3"), Reason.AMOUNT_FORMAT, "request.total_cents", id="M9 exponent"),
        pytest.param(with_raw_total('"10.1"'), Reason.AMOUNT_FORMAT, "request.total_cents", id="M9 string"),
        pytest.param(with_raw_total("NaN"), Reason.AMOUNT_FORMAT, "request.total_cents", id="M9 NaN"),
        pytest.param(
            with_raw_total("Infinity"), Reason.AMOUNT_FORMAT, "request.total_cents", id="M9 Infinity"
        ),
        pytest.param(with_raw_total("true"), Reason.AMOUNT_FORMAT, "request.total_cents", id="M9 boolean"),
        pytest.param(with_raw_total("0"), Reason.AMOUNT_RANGE, "request.total_cents", id="M10 zero"),
        pytest.param(with_raw_total("-1"), Reason.AMOUNT_RANGE, "request.total_cents", id="M10 negative"),
        pytest.param(
            with_raw_total("10000000000"), Reason.AMOUNT_RANGE, "request.total_cents", id="M10 11 digits"
        ),
        pytest.param(
            with_line(charge_cents=-1), Reason.AMOUNT_RANGE, "request.lines.0.charge_cents", id="M10 line"
        ),
        pytest.param(written(currency="EUR"), Reason.CURRENCY, "request.currency", id="M11 euro"),
        pytest.param(written(currency=None), Reason.CURRENCY, "request.currency", id="M11 null"),
        pytest.param(
            GOOD.replace(b', "currency": "USD"', b""), Reason.CURRENCY, "request.currency", id="M11 missing"
        ),
        pytest.param(
            with_line(from_date="2026-02-30"), Reason.DATE, "request.lines.0.from_date", id="M12 no such day"
        ),
        pytest.param(
            with_line(from_date="1900-01-01"), Reason.DATE, "request.lines.0.from_date", id="M12 1900"
        ),
        pytest.param(with_line(to_date="9999-12-31"), Reason.DATE, "request.lines.0.to_date", id="M12 9999"),
        pytest.param(
            with_line(from_date="2026-10-01T00:00:00Z"),
            Reason.DATE,
            "request.lines.0.from_date",
            id="M12 time zone",
        ),
        pytest.param(
            with_line(from_date=1790000000), Reason.DATE, "request.lines.0.from_date", id="M12 number"
        ),
        pytest.param(
            GOOD.replace(b"1980-01-01", b"1980-02-30"),
            Reason.DATE,
            "request.subject.birth_date",
            id="M12 birth",
        ),
        pytest.param(
            written(invoice_date="1900-01-01"), Reason.DATE, "request.invoice_date", id="M12 invoice"
        ),
        pytest.param(
            written(account_number="1"), Reason.FIELD_FORBIDDEN, "request.account_number", id="M32 account"
        ),
        pytest.param(
            written(extra={"deep": [{"Routing-Number": 1}]}),
            Reason.FIELD_FORBIDDEN,
            "request.extra.deep.0.Routing-Number",
            id="M32 hidden in an unknown field",
        ),
        pytest.param(written(number="A*1"), Reason.FORMAT, "request.number", id="M34 X12 separator"),
        pytest.param(written(lines=[]), Reason.FORMAT, "request.lines", id="no lines"),
        pytest.param(written({"request": 1}), Reason.FORMAT, "request", id="request is a number"),
    ],
)
def test_a_breach_of_the_contract_names_reason_and_field(value: bytes, reason: Reason, field: str) -> None:
    reading = read(value, SubmitRequest)
    assert isinstance(reading, Breach)
    assert (reading.problems[0].reason, reading.problems[0].field) == (reason, field)
    assert reading.problems[0].detail == reason.sentence


def test_a_whole_message_is_understood_however_it_is_laid_out() -> None:
    plain = read(GOOD, SubmitRequest)
    assert isinstance(plain, Understood) and isinstance(plain.command, SubmitRequest)
    request = dict(reversed(message()["request"].items()))
    for same in (
        json.dumps({"request": request}, indent=3).encode(),
        GOOD.replace(b"Doe", b"\\u0044oe"),
        GOOD + b"\n ",
        GOOD.ljust(40_000),
    ):
        assert read(same, SubmitRequest) == plain
    assert body_hash_of(plain.command) == plain.body_hash


def test_another_body_has_another_hash() -> None:
    hashes = {
        read(value, SubmitRequest).body_hash  # type: ignore[union-attr]
        for value in (
            GOOD,
            written(total_cents=12051),
            written(version=1),
            written(payer="P2"),
            with_line(code="99214"),
        )
    }
    assert len(hashes) == 5


def test_the_hash_of_a_body_is_the_same_in_every_release() -> None:
    """Stored for ever: a change here makes every repeated message a conflict."""
    reading = read(GOOD, SubmitRequest)
    assert isinstance(reading, Understood)
    assert reading.body_hash.hex() == "60d455aa9cd189bdda20901240dcc701"


def test_a_colon_inside_a_value_is_not_a_repeated_key() -> None:
    reading = read(written(invoice_number='a":b: c'), SubmitRequest)
    assert isinstance(reading, Understood)


def test_a_void_may_have_a_total_of_zero() -> None:
    body = written(frequency="8", version=2, total_cents=0)
    assert isinstance(read(body, CorrectRequest), Understood)


def test_problems_come_in_the_documented_order_and_never_carry_a_value() -> None:
    body = message(
        total_cents=1.5, currency="XXX", bank_account="987654321", payr="SECRET", number="*SECRET*"
    )
    body["request"]["lines"][0]["from_date"] = "SECRET"
    body["request"]["123-45-6789"] = "SECRET"
    del body["request"]["payer"]
    reading = read(json.dumps(body).encode(), SubmitRequest)
    assert isinstance(reading, Breach)
    assert [one.reason for one in reading.problems] == [
        Reason.FIELD_FORBIDDEN,
        Reason.UNKNOWN_FIELD,
        Reason.UNKNOWN_FIELD,
        Reason.MISSING,
        Reason.AMOUNT_FORMAT,
        Reason.CURRENCY,
        Reason.DATE,
        Reason.FORMAT,
    ]
    text = repr(reading) + "".join(one.model_dump_json() for one in reading.problems)
    assert "SECRET" not in text and "6789" not in text and "987654321" not in text


@pytest.mark.parametrize(
    ("type_name", "dataschema", "expected"),
    [
        (None, None, SubmitRequest),
        ("throughline.SubmitRequest", None, SubmitRequest),
        ("throughline.CorrectRequest", "urn:throughline:schema:CorrectRequest:1", CorrectRequest),
        ("throughline.WithdrawRequest", None, WithdrawRequest),
        ("throughline.SubmitRequest", "urn:throughline:schema:SubmitRequest:2", Reason.UNKNOWN_SCHEMA),
        ("throughline.SubmitRequest", "urn:throughline:schema:CorrectRequest:1", Reason.UNKNOWN_SCHEMA),
        ("throughline.PayMe", None, Reason.UNKNOWN_SCHEMA),
        ("", None, Reason.UNKNOWN_SCHEMA),
        ("throughline.PaymentSettled", None, Reason.WRONG_TOPIC),
    ],
)
def test_the_headers_say_what_it_is(type_name: str | None, dataschema: str | None, expected: object) -> None:
    declared = declared_type(type_name, dataschema)
    assert declared is expected or (isinstance(declared, Problem) and declared.reason is expected)


def test_an_unknown_type_is_refused_only_where_the_bytes_can_be_read() -> None:
    unknown = declared_type("throughline.PayMe", None)
    assert read(b"{", unknown) == Unreadable(Reason.UNDECODABLE)
    assert isinstance(read(b"{}", unknown), Breach)
