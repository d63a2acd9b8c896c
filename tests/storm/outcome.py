"""What a run came to, in a form that two runs of the same input can be compared by: ids, states and cents."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any
from uuid import UUID

from tests.storm.history import History, Sent
from throughline.answers import RequestAnswered
from throughline.items import ItemScheduled
from throughline.lifecycle import TABLE, State, Told, fold
from throughline.parked import RecordParked
from throughline.payments import (
    BatchClosed,
    BatchRefused,
    PaymentRefused,
    PaymentReturned,
    PaymentSent,
    PaymentSettled,
)
from throughline.remittances import MismatchFound, RemittancePosted, RemittanceReversed
from throughline.submissions import SubmissionWithdrawn

MOVES_STATE = frozenset({row.on for row in TABLE} | {SubmissionWithdrawn})
Outcome = dict[str, dict[str, Any]]
"""By section and id; plain JSON."""


def outcome_of(history: History) -> Outcome:
    """By section, everything by an id that the input fixes."""
    return {
        "answers": _answers(history),
        "versions": _versions(history),
        "payments": _payments(history),
        "batches": _batches(history),
        "remittances": _remittances(history),
        "said": _said(history),
    }


def where_sent(history: History, answer: RequestAnswered) -> Sent | None:
    """The line, call or claim that an answer answers."""
    if answer.coordinates is not None:
        at = answer.coordinates
        return history.sent.get((at.topic, at.partition, at.offset))
    if answer.receipt is None or answer.receipt.receipt_id not in history.receipts:
        return None
    name, line = history.receipts[answer.receipt.receipt_id]
    return name, answer.receipt.position if line is None else line


def _answers(history: History) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _, _, message in history.said():
        if not isinstance(message, RequestAnswered) or not message.first:
            continue
        where = where_sent(history, message)
        name = "unknown" if where is None else f"{where[0]} line {where[1]}"
        found[name] = {
            "outcome": message.outcome,
            "request_id": str(message.request_id) if message.request_id else None,
            "version": message.version,
            "reasons": sorted({str(problem.reason) for problem in message.problems}),
        }
    return found


def _versions(history: History) -> dict[str, Any]:
    told: dict[UUID, list[Told]] = defaultdict(list)
    of_payment: dict[UUID, list[Told]] = defaultdict(list)
    requests_of: dict[UUID, set[UUID]] = defaultdict(set)
    cents: Counter[tuple[UUID, UUID, int]] = Counter()
    for record, envelope, message in history.said():
        if isinstance(message, ItemScheduled):
            requests_of[message.payment_id].add(message.request_id)
            cents[message.payment_id, message.request_id, message.version] += message.amount_cents
        if type(message) not in MOVES_STATE:
            continue
        order = record.offset if envelope.sequence is None else envelope.sequence
        one = Told(record.topic, record.key, order, envelope.id, envelope.time, message)
        request_id = getattr(message, "request_id", None)
        if request_id is not None:
            told[request_id].append(one)
        elif getattr(message, "payment_id", None) is not None:
            of_payment[message.payment_id].append(one)  # type: ignore[attr-defined]
    for payment_id, requests in requests_of.items():
        for request_id in requests:
            told[request_id] += of_payment[payment_id]
    found: dict[str, Any] = {}
    for request_id, events in told.items():
        for version, state in fold(events).items():
            paid = state.state is State.PAID and state.payment_id is not None
            found[f"{request_id} version {version}"] = {
                "state": str(state.state) if state.state else None,
                "substatus": str(state.substatus),
                "paid_cents": cents[state.payment_id, request_id, version] if paid else 0,  # type: ignore[index]
                "payment_id": str(state.payment_id) if state.payment_id else None,
                "remitted": state.remitted,
                "not fitting": sorted(type(one.event).__name__ for one in (*state.pending, *state.refused)),
            }
    return found


def _payments(history: History) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = defaultdict(lambda: {"items": []})
    for _, _, message in history.said():
        match message:
            case ItemScheduled():
                found[str(message.payment_id)]["items"].append(
                    [str(message.request_id), message.version, message.amount_cents]
                )
            case PaymentSent():
                found[str(message.payment_id)] |= {
                    "batch": str(message.batch_id),
                    "payer": message.payer,
                    "payee": str(message.payee_id),
                    "cents": message.amount_cents,
                    "trace_number": message.trace_number,
                    "effective": str(message.effective_date),
                }
            case PaymentSettled():
                found[str(message.payment_id)]["settled"] = [message.amount_cents, str(message.settled_on)]
            case PaymentReturned():
                found[str(message.payment_id)]["returned"] = [
                    message.amount_cents, message.return_code, str(message.returned_on),
                ]  # fmt: skip
            case PaymentRefused():
                found[str(message.payment_id)]["refused"] = str(message.reason)
            case _:
                pass
    for payment in found.values():
        payment["items"].sort()
    return dict(found)


def _batches(history: History) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for _, _, message in history.said():
        if isinstance(message, BatchClosed):
            found[str(message.batch_id)] |= {
                "window": message.window,
                "payments": message.payment_count,
                "cents": message.total_cents,
                "file": message.file_name,
            }
        elif isinstance(message, BatchRefused):
            found[str(message.batch_id)]["refused"] = str(message.reason)
    return dict(found)


def _remittances(history: History) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for _, _, message in history.said():
        match message:
            case RemittancePosted():
                found[str(message.remittance_id)] |= {
                    "cents": message.amount_cents,
                    "claims": message.claim_count,
                    "trace_number": message.trace_number,
                    "date": str(message.effective_date),
                }
            case RemittanceReversed():
                found[str(message.remittance_id)]["reversed"] = True
            case MismatchFound():
                found[str(message.payment_id or message.request_id)]["mismatch"] = message.what
            case _:
                pass
    return dict(found)


def _said(history: History) -> dict[str, Any]:
    """How often each kind of event was said about each key: one decision is one event, whoever died meanwhile."""
    counts: Counter[str] = Counter()
    for record, _, message in history.said():
        if not isinstance(message, RequestAnswered | RecordParked):
            version = getattr(message, "version", None)
            of = f" version {version}" if version is not None else ""
            counts[f"{type(message).__name__} on {record.topic} of {record.key}{of}"] += 1
    return dict(counts)
