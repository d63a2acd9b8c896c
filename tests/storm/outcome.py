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
    """By section, everything by an id or name that the input fixes.

    Ids of payments and their remittances come from the account's id, which is new in each stack; trace numbers follow
    the order of those ids. So a payment is named by what it pays, and its own id and trace number are not compared.
    """
    names = _names(history)
    return {
        "answers": _answers(history),
        "versions": _versions(history, names),
        "payments": _payments(history, names),
        "batches": _batches(history),
        "remittances": _remittances(history, names),
        "said": _said(history, names),
    }


def _names(history: History) -> dict[str, str]:
    """By the id of a payment or its remittance: what it pays, and whose."""
    first: dict[str, str] = {}
    whose: dict[str, str] = {}
    explains: dict[str, str] = {}
    for _, _, message in history.said():
        match message:
            case ItemScheduled():
                item = f"{message.request_id} version {message.version}"
                payment = str(message.payment_id)
                first[payment] = min(first.get(payment, item), item)
            case PaymentSent():
                whose[str(message.payment_id)] = f"{message.payer} to {message.payee_id}"
            case RemittancePosted() if message.payment_id is not None:
                explains[str(message.remittance_id)] = str(message.payment_id)
            case _:
                pass
    names = {
        payment: f"payment of {whose.get(payment, 'nobody')} with {item}" for payment, item in first.items()
    }
    return names | {one: f"remittance of {names.get(paid, paid)}" for one, paid in explains.items()}


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


def _versions(history: History, names: dict[str, str]) -> dict[str, Any]:
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
                "payment": names.get(str(state.payment_id)),
                "remitted": state.remitted,
                "not fitting": sorted(type(one.event).__name__ for one in (*state.pending, *state.refused)),
            }
    return found


def _payments(history: History, names: dict[str, str]) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = defaultdict(lambda: {"items": []})

    def of(payment_id: UUID) -> dict[str, Any]:
        return found[names.get(str(payment_id), str(payment_id))]

    for _, _, message in history.said():
        match message:
            case ItemScheduled():
                of(message.payment_id)["items"].append(
                    [str(message.request_id), message.version, message.amount_cents]
                )
            case PaymentSent():
                of(message.payment_id)["sent"] = [
                    str(message.batch_id), message.amount_cents, str(message.effective_date),
                ]  # fmt: skip
            case PaymentSettled():
                of(message.payment_id)["settled"] = [message.amount_cents, str(message.settled_on)]
            case PaymentReturned():
                of(message.payment_id)["returned"] = [
                    message.amount_cents, message.return_code, str(message.returned_on),
                ]  # fmt: skip
            case PaymentRefused():
                of(message.payment_id)["refused"] = str(message.reason)
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


def _remittances(history: History, names: dict[str, str]) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for _, _, message in history.said():
        match message:
            case RemittancePosted():
                found[names.get(str(message.remittance_id), str(message.remittance_id))] |= {
                    "cents": message.amount_cents,
                    "claims": message.claim_count,
                    "date": str(message.effective_date),
                }
            case RemittanceReversed():
                found[names.get(str(message.remittance_id), str(message.remittance_id))]["reversed"] = True
            case MismatchFound():
                subject = str(message.payment_id or message.request_id)
                found[names.get(subject, subject)]["mismatch"] = message.what
            case _:
                pass
    return dict(found)


def _said(history: History, names: dict[str, str]) -> dict[str, Any]:
    """How often each kind of event was said about each key: one decision is one event, whoever died meanwhile."""
    counts: Counter[str] = Counter()
    for record, _, message in history.said():
        if not isinstance(message, RequestAnswered | RecordParked):
            version = getattr(message, "version", None)
            of = f" version {version}" if version is not None else ""
            counts[
                f"{type(message).__name__} on {record.topic} of {names.get(record.key, record.key)}{of}"
            ] += 1
    return dict(counts)
