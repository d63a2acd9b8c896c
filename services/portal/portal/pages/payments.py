"""Payments: what was paid, gross, recovered and net, with the remittance that explains each, to look at and to keep."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import HTTPException, Query, Response
from fastapi.responses import StreamingResponse

from portal.page import Nav, Visit, may, page_router
from portal.payment_files import NotAnswering, as_json, csv_header, csv_rows, remittance_835
from portal.payment_rows import STATES, After, Filter, every_payment, one_payment, payments_of, sums_of
from portal.plain_words import plain_all
from portal.request_rows import payees_of, payers_known
from portal.rules import PROVIDERS

router = page_router(Nav("payments", "/payments", PROVIDERS, order=30))

TONES = {"settled": "good", "returned": "bad", "refused": "bad", "sent": "wait", "scheduled": "wait"}
Narrow = Annotated[str, Query(max_length=40)]


@router.get("/payments")
async def list_payments(
    visit: Annotated[Visit, may(*PROVIDERS)],
    state: Narrow = "",
    payer: Narrow = "",
    payee: Narrow = "",
    since: Narrow = "",
    until: Narrow = "",
    after: Annotated[str | None, Query(max_length=80)] = None,
) -> Response:
    wanted = _filter(state, payer, payee, since, until)
    async with visit.reading() as db:
        page = await payments_of(db, wanted, After.read(after))
        sums = await sums_of(db, wanted)
        payees, payers = await payees_of(db), await payers_known(db)
    given = {"state": state, "payer": payer, "payee": payee, "since": since, "until": until}
    return await visit.show(
        "payments.html",
        page=page,
        sums=sums,
        given=given,
        query={name: value for name, value in given.items() if value},
        states=STATES,
        tones=TONES,
        payees=payees,
        payers=payers,
    )


@router.get("/payments/download")
async def download_payments(
    visit: Annotated[Visit, may(*PROVIDERS)],
    form: Annotated[str, Query(alias="as", pattern="^(csv|json|835)$")],
    state: Narrow = "",
    payer: Narrow = "",
    payee: Narrow = "",
    since: Narrow = "",
    until: Narrow = "",
) -> Response:
    """Everything that the filter lets through, of all the caller's providers."""
    wanted = _filter(state, payer, payee, since, until)
    if form == "835":
        async with visit.reading() as db:
            found = [one["remittance_id"] async for one in every_payment(db, wanted)]
        return await _as_835(visit, [one for one in found if one is not None], "payments.835")

    async def told() -> AsyncIterator[str]:
        async with visit.reading() as db:
            if form == "csv":
                yield csv_header()
            async for payment in every_payment(db, wanted):
                yield csv_rows(payment) if form == "csv" else as_json(payment) + "\n"

    kind, name = (
        ("text/csv", "payments.csv") if form == "csv" else ("application/x-ndjson", "payments.ndjson")
    )
    return StreamingResponse(told(), media_type=kind, headers=_named(name))


@router.get("/payments/{payment_id}")
async def show_payment(visit: Annotated[Visit, may(*PROVIDERS)], payment_id: UUID) -> Response:
    payment = await _found(visit, payment_id)
    return await visit.show("payment.html", payment=payment, tones=TONES, plain_all=plain_all)


@router.get("/payments/{payment_id}/remittance")
async def download_remittance(
    visit: Annotated[Visit, may(*PROVIDERS)],
    payment_id: UUID,
    form: Annotated[str, Query(alias="as", pattern="^(csv|json|835)$")],
) -> Response:
    """The remittance of one payment: the 835 as posted, or its lines."""
    payment = await _found(visit, payment_id)
    if form == "835":
        if payment["remittance_id"] is None:
            raise HTTPException(404)
        return await _as_835(visit, [payment["remittance_id"]], f"{payment['trace_number']}.835")
    if form == "csv":
        text, kind = csv_header() + csv_rows(payment), "text/csv"
    else:
        text, kind = as_json(payment), "application/json"
    return Response(text, media_type=kind, headers=_named(f"{payment['trace_number'] or payment_id}.{form}"))


async def _found(visit: Visit, payment_id: UUID) -> dict[str, Any]:
    async with visit.reading() as db:
        payment = await one_payment(db, payment_id)
    if payment is None:
        raise HTTPException(404)
    return payment


async def _as_835(visit: Visit, remittances: list[UUID], name: str) -> Response:
    try:
        parts = [part async for part in remittance_835(visit.settings, remittances)]
    except NotAnswering:
        raise HTTPException(503, headers={"Retry-After": "5"}) from None
    if not parts:
        raise HTTPException(404)
    return Response(b"".join(parts), media_type="application/edi-x12", headers=_named(name))


def _filter(state: str, payer: str, payee: str, since: str, until: str) -> Filter:
    try:
        payee_id = UUID(payee) if payee else None
    except ValueError:
        payee_id = UUID(int=0)
    return Filter(state if state in STATES else None, payer or None, payee_id, _day(since), _day(until))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
