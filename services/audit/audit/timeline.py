"""The life of one request: everything that was said of it, and the state that follows from it.

No scan: the records are found by the request id, then by the ids of the payments that its items name, and what the
partner sent by the coordinates that its answer names. The state is the fold of throughline.lifecycle, the same that
every other part of Throughline runs, so it does not depend on the order in which audit heard the topics.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from audit.keep_records import term_of
from audit.reading import Found, find_by_terms, find_record
from throughline.answers import RequestAnswered
from throughline.flow import ACCOUNTS, PAYEES
from throughline.items import ItemScheduled
from throughline.lifecycle import TABLE, Told, VersionState, fold
from throughline.payments import PaymentRefused, PaymentReissued, PaymentReturned, PaymentSent
from throughline.submissions import SubmissionWithdrawn

MOVES_STATE = frozenset({row.on for row in TABLE} | {SubmissionWithdrawn})
"""What the fold is about. Answers and commands are on the timeline too, and move nothing."""


async def timeline_of(db: asyncpg.Connection, request_id: UUID) -> dict[str, Any] | None:
    """Events with times, states of each version, the shown state; None where nothing was heard of the request."""
    heard = await records_of_request(db, request_id)
    if not heard:
        return None
    states = fold(told(heard))
    shown = states[max(states)] if states else None
    heard += await records_of_the_mended_account(db, heard)
    heard.sort(key=lambda each: (each.at, each.record.topic, each.record.offset))
    return {
        "request_id": str(request_id),
        "state": shown.label if shown else "Unknown",
        "versions": [_version(state) for state in states.values()],
        "events": [each.shown() for each in heard],
    }


async def records_of_request(db: asyncpg.Connection, request_id: UUID) -> list[Found]:
    """Every record about the request: under its id, under its payments' ids, and what the partner sent."""
    heard = await find_by_terms(db, [term_of(str(request_id))])
    scheduled = [each.message for each in heard if isinstance(each.message, ItemScheduled)]
    payments = {one.payment_id for one in scheduled} | {one.batch_id for one in scheduled}
    if payments:
        about_payments = await find_by_terms(db, [term_of(str(each)) for each in payments])
        heard += [each for each in about_payments if _is_about(each, request_id)]
    for answer in [each.message for each in heard if isinstance(each.message, RequestAnswered)]:
        at = answer.coordinates
        sent = await find_record(db, at.topic, at.partition, at.offset) if at else None
        if sent is not None:
            heard.append(sent)
    return list(
        {(each.record.topic, each.record.partition, each.record.offset): each for each in heard}.values()
    )


async def records_of_the_mended_account(db: asyncpg.Connection, heard: Sequence[Found]) -> list[Found]:
    """What was asked and decided about the payee's account from when a payment came back until it was paid again.

    An account is of all its payee's requests: before and after, what happens to it is no part of this one's life.
    """
    back = [each.at for each in heard if isinstance(each.message, PaymentReturned | PaymentRefused)]
    payees = {each.message.payee_id for each in heard if isinstance(each.message, PaymentSent)}
    if not back or not payees:
        return []
    again = [each.at for each in heard if isinstance(each.message, PaymentReissued)]
    until = max(again) if again and max(again) > max(back) else None
    found = await find_by_terms(db, [term_of(str(payee)) for payee in payees])
    return [
        each
        for each in found
        if each.record.topic in (PAYEES.name, ACCOUNTS.name)
        and min(back) <= each.at
        and (until is None or each.at <= until)
    ]


def _is_about(each: Found, request_id: UUID) -> bool:
    """A payment's events concern all its requests; one that names a request concerns that one."""
    return getattr(each.message, "request_id", None) in (None, request_id)


def told(heard: Sequence[Found]) -> list[Told]:
    """The events for the fold. Order within topic and key is the speaker's sequence, or the offset."""
    return [
        Told(
            topic=each.record.topic,
            key=(each.record.key or b"").decode("utf-8", "replace"),
            order=each.record.offset if each.envelope.sequence is None else each.envelope.sequence,
            id=each.envelope.id,
            at=each.at,
            event=each.message,
        )
        for each in heard
        if each.envelope is not None and each.message is not None and type(each.message) in MOVES_STATE
    ]


def _version(state: VersionState) -> dict[str, Any]:
    return {
        "version": state.version,
        "state": str(state.state) if state.state else None,
        "substatus": str(state.substatus),
        "label": state.label,
        "payment_id": str(state.payment_id) if state.payment_id else None,
        "remitted": state.remitted,
        "steps": [
            {
                "row": step.row,
                "owner": step.owner,
                "event_id": str(step.told.id),
                "type": type(step.told.event).__name__,
                "at": step.told.at.isoformat(),
                "state": str(step.after[0]) if step.after[0] else None,
                "substatus": str(step.after[1]),
            }
            for step in state.steps
        ],
        "pending": [_event(each) for each in state.pending],
        "refused": [_event(each) for each in state.refused],
    }


def _event(each: Told) -> dict[str, str]:
    return {"event_id": str(each.id), "type": type(each.event).__name__, "at": each.at.isoformat()}
