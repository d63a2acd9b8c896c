"""Requests: everything a provider sent, narrowed by state, payer, number and payee, what changed last first."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from portal.page import Nav, Visit, may, page_router
from portal.request_rows import After, Filter, payees_of, payers_known, requests_of
from portal.rules import PROVIDERS
from portal.tones import state_key, tone_of
from throughline.lifecycle import State

router = page_router(Nav("requests", "/requests", PROVIDERS, order=20))

STATES = tuple(state.value for state in State if state is not State.DRAFT)


@router.get("/requests")
async def list_requests(
    visit: Annotated[Visit, may(*PROVIDERS)],
    state: Annotated[str, Query(max_length=20)] = "",
    number: Annotated[str, Query(max_length=38)] = "",
    payer: Annotated[str, Query(max_length=40)] = "",
    payee: Annotated[str, Query(max_length=36)] = "",
    needs: Annotated[str, Query(max_length=8)] = "",
    after: Annotated[str | None, Query(max_length=80)] = None,
) -> Response:
    """One page of the list; HTMX asks for the rows that follow."""
    payee_id = _id(payee)
    wanted = Filter(state if state in STATES else None, number.strip(), payer, payee_id, needs == "me")
    async with visit.reading() as db:
        page = await requests_of(db, wanted, After.read(after))
        payees = await payees_of(db)
        payers = await payers_known(db)
    given = {"state": state, "number": number, "payer": payer, "payee": payee, "needs": needs}
    return await visit.show(
        "requests.html",
        page=page,
        given=given,
        query={name: value for name, value in given.items() if value},
        states=[(one, state_key(one, "")) for one in STATES],
        payees=payees,
        payers=payers,
        tone_of=tone_of,
        state_key=state_key,
    )


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return UUID(int=0)
