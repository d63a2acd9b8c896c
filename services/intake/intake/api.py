"""One request over HTTP. The partner is known by its API key and sees its own requests only."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from intake import attachments_api, files_api
from intake.answering import answer
from intake.arrival import Arrival, key_of, request_id_of
from intake.attachments import PORTAL
from intake.domain import Known
from intake.http_access import (
    ProblemRoute,
    calling_partner,
    content_type,
    context_of,
    idempotency_key,
    path_id,
)
from intake.http_body import pieces
from intake.http_problems import Problematic, not_found, told
from intake.receive import say_all, with_retries
from intake.repository import load_book, store_book
from intake.untrusted import BYTES_MAX, Breach, Reading, Understood, Unreadable, declared_type, read
from throughline.answers import Receipt, RequestAnswered
from throughline.identifiers import claim_number_for, derived
from throughline.reasons import Reason
from throughline.requests import CorrectRequest, SubmitRequest, WithdrawRequest

router = APIRouter(route_class=ProblemRoute)
router.include_router(files_api.router)
router.include_router(attachments_api.router)

_REQUEST = "select partner, number, bodies, ended, received_at from requests where request_id = $1"


@router.post("/v1/requests")
async def receive_request(request: Request) -> Response:
    """Take in one message: what the ``ce-type`` header says, else what its body shows.

    201 accepted, 200 repeated, 422 refused or conflict, 400 unreadable. The same key and body get the same answer for
    ever.
    """
    partner = await calling_partner(request)
    if partner == PORTAL:
        raise Problematic(403, Reason.UNSIGNED, "The portal's requests come on its topic, signed.")
    key = idempotency_key(request)
    if content_type(request) != "application/json":
        raise Problematic(415, "content_type", "Send application/json.")
    settings = context_of(request).settings
    value = b"".join(
        [
            piece
            async for piece in pieces(
                request, bytes_max=BYTES_MAX, wait_s=settings.body_wait_s, total_s=settings.body_wait_s * 3
            )
        ]
    )
    arrival = _arrival(partner, key, value, request)
    if isinstance(arrival.reading, Unreadable):
        raise Problematic(400, arrival.reading.reason, arrival.reading.reason.sentence)
    return _response(await with_retries(lambda: _take_in(request, arrival)))


@router.get("/v1/requests/{request_id}")
async def show_request(request: Request, request_id: str) -> Response:
    """A request as intake knows it: its current version and whether its partner ended it."""
    partner = await calling_partner(request)
    wanted = path_id(request_id)
    row = await context_of(request).pool.fetchrow(_REQUEST, wanted)
    if row is None or row["partner"] != partner:
        raise not_found()
    shown = {
        "request_id": str(wanted),
        "number": row["number"],
        "version": Known(row["bodies"]).version,
        "payer_claim_number": claim_number_for(wanted),
        "status": row["ended"] or "received",
        "received_at": row["received_at"].isoformat(),
    }
    return JSONResponse(shown, headers={"Cache-Control": "no-store"})


def _arrival(partner: str, key: str, value: bytes, request: Request) -> Arrival:
    headers = request.headers
    if "ce-type" in headers or "ce-dataschema" in headers:
        reading = read(value, declared_type(headers.get("ce-type"), headers.get("ce-dataschema")))
    else:
        reading = _as_it_looks(value)
    return Arrival(
        partner=partner,
        channel="http",
        reading=reading,
        value=value,
        id_key=key_of(partner, "http", key.encode()),
        receipt=Receipt(receipt_id=derived("http", partner, key), position=1),
        request_id=request_id_of(partner, reading),
    )


def _as_it_looks(value: bytes) -> Reading:
    """Without a type: frequency 7 and 8 correct, a number without a request withdraws, all else submits."""
    reading = read(value, SubmitRequest)
    if isinstance(reading, Breach):
        withdrawal = read(value, WithdrawRequest)
        return withdrawal if isinstance(withdrawal, Understood) else reading
    command = reading.command if isinstance(reading, Understood) else None
    if isinstance(command, SubmitRequest) and command.request.frequency != "1":
        return read(value, CorrectRequest)
    return reading


async def _take_in(request: Request, arrival: Arrival) -> RequestAnswered:
    """In one transaction. A key that was answered before says nothing again."""
    context = context_of(request)
    async with context.transaction() as transaction:
        book = await load_book(transaction.db, [arrival], context.clock.today())
        known = arrival.id_key in book.answers
        first = book.answers.get(arrival.id_key or b"")
        partner = book.partners.get(arrival.partner)
        if partner is None:
            raise Problematic(401, "unauthenticated", "The partner is not active.")
        answered = answer(arrival, partner, book)
        if known and first is not None and answered.answer.outcome == "repeated":
            return answered.answer.model_copy(update={"outcome": first.outcome})
        await store_book(transaction.db, book)
        if not known:
            say_all(transaction, [(arrival, answered)])
    return answered.answer


def _response(answered: RequestAnswered) -> Response:
    receipt = answered.receipt
    assert receipt is not None
    body: dict[str, Any] = {
        "receipt_id": str(receipt.receipt_id),
        "outcome": answered.outcome,
        "number": answered.number,
        "request_id": None if answered.request_id is None else str(answered.request_id),
        "version": answered.version,
        "payer_claim_number": answered.payer_claim_number,
    }
    if answered.outcome in ("accepted", "repeated"):
        headers = {"Location": f"/v1/requests/{answered.request_id}", "Cache-Control": "no-store"}
        return JSONResponse(body, 201 if answered.outcome == "accepted" else 200, headers)
    reason = answered.problems[0].reason if answered.problems else Reason.CONFLICT
    more = body | {"problems": [told(one) for one in answered.problems[:5]]}
    return Problematic(422, reason, reason.sentence, more=more).response()
