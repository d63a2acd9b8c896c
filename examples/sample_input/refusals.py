"""Records that never become a request: unreadable ones are parked, readable ones that breach the contract refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sample_input.feed import FIRST, SECOND, envelope_headers, request_id
from sample_input.scenario import Scenario, next_version, with_charge
from throughline.requests import CorrectRequest, PaymentRequest, SubmitRequest

Body = dict[str, Any]
PARTNER = "northclear"


def parked(scenario: Scenario, times: int) -> None:
    """Bytes that are no message. Their neighbours of the same key go on."""
    whole = SubmitRequest(request=scenario.maker.clean()).model_dump_json(exclude_none=True).encode()
    unreadable: dict[str, bytes | None] = {
        "empty": b"",
        "tombstone": None,
        "undecodable": whole[:-40],
        "encoding": whole.replace(b'"USD"', b'"\xff\xfe"'),
        "shape": b"[" + whole + b"]",
        "duplicate_key": b'{"request":{},' + whole[1:],
        "limits": b'{"request":' * 40 + b"1" + b"}" * 40,
    }
    for turn in range(times):
        for reason, value in unreadable.items():
            headers = _headers(scenario, "SubmitRequest")
            scenario.feed.record(
                FIRST,
                PARTNER,
                value,
                key=f"parked-{turn}",
                headers=headers,
                outcome="parked",
                reasons=(reason,),
            )
        scenario.send_paid(FIRST, scenario.maker.clean(), "after a parked record", partner=PARTNER)


def _without_subject(body: Body) -> None:
    del body["request"]["subject"]


def _set(name: str, value: Any) -> Callable[[Body], None]:
    return lambda body: body["request"].__setitem__(name, value)


def _on_line(name: str, value: Any) -> Callable[[Body], None]:
    return lambda body: body["request"]["lines"][0].__setitem__(name, value)


BREACHES: tuple[tuple[str, Callable[[Body], None]], ...] = (
    ("missing", _without_subject),
    ("format", _set("number", "A*B~C")),
    ("format", _on_line("modifiers", ["x"])),
    ("amount_format", _set("total_cents", 120.5)),
    ("amount_format", _on_line("charge_cents", "12050")),
    ("amount_range", _on_line("charge_cents", -100)),
    ("currency", _set("currency", "EUR")),
    ("date", _on_line("from_date", "2026-02-30")),
    ("unknown_field", _set("urgent", True)),
    ("field_forbidden", _set("routing_number", "021000021")),
)


def breaches(scenario: Scenario, times: int) -> None:
    """Readable, but not what the contract says; by Kafka and by HTTP."""
    for _ in range(times):
        for reason, spoil in BREACHES:
            body = _body(scenario.maker.clean())
            spoil(body)
            headers = _headers(scenario, "SubmitRequest")
            value = json.dumps(body, separators=(",", ":")).encode()
            scenario.feed.record(
                FIRST, PARTNER, value, key="breach", headers=headers, outcome="refused", reasons=(reason,)
            )
        for reason, spoil in BREACHES[:4]:
            body = _body(scenario.maker.clean())
            spoil(body)
            scenario.feed.call(FIRST, "evergreen-ehr", "SubmitRequest", body, "refused", (reason,))


def of_another_kind(scenario: Scenario, times: int) -> None:
    """Message types that no one knows, or that belong elsewhere; payers the partner may not bill."""
    for _ in range(times):
        value = json.dumps(_body(scenario.maker.clean()), separators=(",", ":")).encode()
        for name, reason in (("PayMeNow", "unknown_schema"), ("DecideReview", "wrong_topic")):
            headers = _headers(scenario, name)
            scenario.feed.record(
                FIRST, PARTNER, value, key="kind", headers=headers, outcome="refused", reasons=(reason,)
            )
        elsewhere = scenario.maker.clean(payer="BLUEHARBOR")
        scenario.feed.command(
            FIRST, "lake-county", SubmitRequest(request=elsewhere), key=elsewhere.number, outcome="refused",
            reasons=("not_of_this_payer",),
        )  # fmt: skip


def said_again(scenario: Scenario, times: int) -> None:
    """The same message again, the same id with another body, the same number under another id."""
    for _ in range(times):
        request = scenario.maker.clean()
        made = request_id("cedar-billing", request)
        first = scenario.feed.command(
            FIRST, "cedar-billing", SubmitRequest(request=request), key=request.number, of=made, version=1
        )
        scenario.expect_paid(made, request, "said three times")
        other = SubmitRequest(request=with_charge(request, 0, request.lines[0].charge_cents + 100))
        again: tuple[tuple[SubmitRequest, bool, str, tuple[str, ...]], ...] = (
            (SubmitRequest(request=request), True, "repeated", ()),
            (other, True, "conflict", ("conflict",)),
            (other, False, "refused", ("number_in_use",)),
            (SubmitRequest(request=request), False, "repeated", ()),
        )
        for message, same_id, outcome, reasons in again:
            scenario.feed.command(
                FIRST, "cedar-billing", message, key=request.number, outcome=outcome, reasons=reasons,
                message_id=first if same_id else None,
            )  # fmt: skip


def out_of_order(scenario: Scenario, times: int) -> None:
    """Versions that skip, repeat, or belong to nothing; a call said again over HTTP."""
    for _ in range(times):
        request = scenario.maker.clean()
        made = scenario.send_paid(FIRST, request, "versions out of order")
        gap = next_version(request, made).model_copy(update={"version": 5})
        stale = with_charge(next_version(request, made), 0, request.lines[0].charge_cents + 1)
        stale = stale.model_copy(update={"version": 1})
        unknown = next_version(scenario.maker.clean(), made)
        for message, reason in ((gap, "version_gap"), (stale, "stale_version"), (unknown, "unknown_request")):
            scenario.feed.command(
                SECOND, "cedar-billing", CorrectRequest(request=message), key=message.number, outcome="refused",
                reasons=(reason,),
            )  # fmt: skip


def _body(request: PaymentRequest) -> Body:
    body: Body = json.loads(SubmitRequest(request=request).model_dump_json(exclude_none=True))
    return body


def _headers(scenario: Scenario, name: str) -> dict[str, str]:
    return envelope_headers(
        f"throughline.{name}", f"urn:throughline:schema:{name}:1", PARTNER, scenario.feed.new_id()
    )


def out_of_time(scenario: Scenario, times: int) -> None:
    """Made too long ago, or in the future by the sender's clock."""
    for _ in range(times):
        for made_at, reason in (
            ("2020-01-01T00:00:00+00:00", "stale"),
            ("2099-01-01T00:00:00+00:00", "future"),
        ):
            value = SubmitRequest(request=scenario.maker.clean()).model_dump_json(exclude_none=True).encode()
            headers = {**_headers(scenario, "SubmitRequest"), "ce_time": made_at}
            scenario.feed.record(
                FIRST, PARTNER, value, key="time", headers=headers, outcome="refused", reasons=(reason,)
            )
