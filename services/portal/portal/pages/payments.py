"""Payments: what was paid, gross, recovered and net, with the remittance that explains each, to look at and to keep."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import HTTPException, Query, Response
from fastapi.responses import StreamingResponse

from portal.page import Nav, Visit, may, page_router
from portal.payment_files import NotAnswering, as_json, csv_header, csv_rows, remittances_as
from portal.payment_rows import (
    STATES,
    After,
    Filter,
    every_payment,
    every_remittance,
    one_payment,
    payments_of,
    sums_of,
)
from portal.plain_statement import statement_of
from portal.plain_words import plain_all
from portal.request_rows import payees_of, payers_known
from portal.rules import PROVIDERS
from portal.tones import PAYMENT_TONES

router = page_router(Nav("payments", "/payments", PROVIDERS, order=30))

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
        tones=PAYMENT_TONES,
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
        return await _as_posted(visit, "835", every_remittance(visit.reading, wanted), "payments.835")

    async def told() -> AsyncIterator[str]:
        if form == "csv":
            yield csv_header()
        async for payment in every_payment(visit.reading, wanted):
            yield csv_rows(payment) if form == "csv" else as_json(payment) + "\n"

    kind, name = (
        ("text/csv", "payments.csv") if form == "csv" else ("application/x-ndjson", "payments.ndjson")
    )
    return StreamingResponse(told(), media_type=kind, headers=_named(name))


@router.get("/payments/{payment_id}")
async def show_payment(visit: Annotated[Visit, may(*PROVIDERS)], payment_id: UUID) -> Response:
    payment = await _found(visit, payment_id)
    key, language = visit.context.resources.content_key, visit.shown.language
    for item in payment["items"]:
        item["statement"] = statement_of(item, key, language)
    return await visit.show("payment.html", payment=payment, tones=PAYMENT_TONES, plain_all=plain_all)


@router.get("/payments/{payment_id}/remittance")
async def download_remittance(
    visit: Annotated[Visit, may(*PROVIDERS)],
    payment_id: UUID,
    form: Annotated[Literal["csv", "json", "835", "plain"], Query(alias="as")],
) -> Response:
    """The remittance of one payment: the 835 or the plain one as posted, or its lines."""
    payment = await _found(visit, payment_id)
    if form == "835" or form == "plain":
        if payment["remittance_id"] is None:
            raise HTTPException(404)
        name = f"{payment['trace_number']}.{'835' if form == '835' else 'csv'}"
        return await _as_posted(visit, form, _only(payment["remittance_id"]), name)
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


async def _only(remittance_id: UUID) -> AsyncIterator[UUID]:
    yield remittance_id


async def _as_posted(
    visit: Visit, form: Literal["835", "plain"], remittances: AsyncIterable[UUID], name: str
) -> Response:
    """One after the other as remittance gives them. Where it stops answering in the midst, the answer breaks off, and
    a browser says that the download failed."""
    parts = remittances_as(visit.settings, form, remittances)
    try:
        first = await anext(parts, None)
    except NotAnswering:
        raise HTTPException(503, headers={"Retry-After": "5"}) from None
    if first is None:
        raise HTTPException(404)

    async def told() -> AsyncIterator[bytes]:
        yield first
        async for part in parts:
            yield part

    return StreamingResponse(
        told(), media_type="application/edi-x12" if form == "835" else "text/csv", headers=_named(name)
    )


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
    """RFC 6266, with nothing in the name that could end it."""
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "._-") else "_" for one in name)
    return {"Content-Disposition": f'attachment; filename="{plain}"'}
