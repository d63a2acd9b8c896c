"""What a reviewer may ask for by name, and what of it a next version changed."""

from __future__ import annotations

from typing import Any

import pytest
from lifecycle_events import RECEIVED

from throughline.edits import EDITABLE, OF_THE_VERSION, changed_fields, not_asked
from throughline.requests import PaymentRequest, ServiceLine
from throughline.sensitive import Sensitive, SensitiveTin

SENT: PaymentRequest = RECEIVED.request  # type: ignore[attr-defined]
FIRST, *OTHERS = SENT.lines


def lines(**changes: Any) -> tuple[ServiceLine, ...]:
    return (FIRST.model_copy(update=changes), *OTHERS)


CHANGES: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("nothing", {}, ()),
    ("the next version of the same", {"version": 2, "frequency": "7", "payer_claim_number": "T1"}, ()),
    ("a line's code", {"lines": lines(code="99213")}, ("lines.code",)),
    (
        "a charge and the total",
        {"lines": lines(charge_cents=1), "total_cents": 1},
        ("lines.charge_cents", "total_cents"),
    ),
    ("a line less", {"lines": SENT.lines[:1]}, ("lines",)),
    ("a line by another id", {"lines": lines(line_id="other")}, ("lines",)),
    (
        "the person",
        {"subject": SENT.subject.model_copy(update={"last_name": Sensitive("Roe")})},
        ("subject",),
    ),
    ("who is paid", {"payee": SENT.payee.model_copy(update={"tin": SensitiveTin("999999999")})}, ("payee",)),
]


@pytest.mark.parametrize(("change", "found"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_what_changed_is_named_by_its_field(change: dict[str, Any], found: tuple[str, ...]) -> None:
    assert changed_fields(SENT, SENT.model_copy(update=change)) == found


@pytest.mark.parametrize(
    ("change", "asked", "left"),
    [
        ({"lines": lines(code="99213")}, ("lines.code",), ()),
        ({"lines": lines(code="99213")}, ("lines",), ()),
        ({"lines": SENT.lines[:1]}, ("lines.code",), ("lines",)),
        ({"lines": lines(charge_cents=1), "total_cents": 1}, ("lines.charge_cents",), ()),
        ({"lines": lines(code="99213"), "total_cents": 1}, ("lines.code",), ("total_cents",)),
        ({"lines": lines(charge_cents=1), "total_cents": 1}, ("form",), ()),
        ({"lines": lines(code="99213")}, ("form",), ("lines.code",)),
        ({"invoice_number": "SECOND"}, ("attachments",), ("invoice_number",)),
        ({"invoice_number": "SECOND"}, None, ()),
        ({"payee": SENT.payee.model_copy(update={"name": "Other"})}, None, ("payee",)),
        ({"programme": "child-care"}, None, ("programme",)),
    ],
)
def test_only_what_was_asked_may_change(
    change: dict[str, Any], asked: tuple[str, ...] | None, left: tuple[str, ...]
) -> None:
    assert not_asked(SENT, SENT.model_copy(update=change), asked) == left


def test_every_field_of_a_request_can_be_asked_for_or_never_changes() -> None:
    """A new field of a request is put where it belongs."""
    never = {"payee", "programme", "currency"}
    assert (
        set(PaymentRequest.model_fields)
        == {one for one in EDITABLE if "." not in one} | never | OF_THE_VERSION
    )
    of_lines = {one.removeprefix("lines.") for one in EDITABLE if one.startswith("lines.")}
    assert set(ServiceLine.model_fields) == of_lines | {"line_id"}
