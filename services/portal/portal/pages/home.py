"""Home: what needs the person, what is on its way, what was paid."""

from __future__ import annotations

from typing import Annotated

from fastapi import Response

from chassis import clock
from portal.drafts import drafts_of
from portal.open_disputes import disputes_changed, disputes_waiting
from portal.page import Nav, Visit, may, page_router
from portal.payment_rows import Filter as PaymentFilter
from portal.payment_rows import payments_of
from portal.questions import waiting_for
from portal.request_rows import COUNTED_MAX, Filter, on_its_way, requests_of, to_act
from portal.rules import EVERYBODY, PROVIDERS, Role
from portal.stage_notices import SHOWN as SHOWN_NOTICES
from portal.stage_notices import notices_of
from portal.told_to_providers import reason_key
from portal.tones import PAYMENT_TONES, state_key, tone_of

router = page_router(Nav("home", "/", EVERYBODY, order=10))

SHOWN = 5


@router.get("/")
async def home(visit: Annotated[Visit, may(*EVERYBODY)]) -> Response:
    """Of a provider's people, whatever else they are; the staff begin at their own desks, by the navigation, and
    reviewers are told of disputes, which wait in no other list."""
    if not visit.has(*PROVIDERS):
        disputes = []
        if visit.has(Role.REVIEWER):
            async with visit.reading(Role.REVIEWER) as db:
                disputes = await disputes_waiting(db)
        return await visit.show("home.html", provider=False, disputes=disputes)
    async with visit.reading(*PROVIDERS) as db:
        needs = await requests_of(db, Filter(needs_me=True), size=SHOWN)
        count = await to_act(db)
        way = await on_its_way(db)
        paid = await payments_of(db, PaymentFilter(), size=SHOWN)
        drafts = await drafts_of(db)
        questions = await waiting_for(db, "provider")
        disputes, changed = await disputes_waiting(db), await disputes_changed(db)
        notices = await notices_of(db, clock.event_time())
    return await visit.show(
        "home.html",
        provider=True,
        needs=needs.rows,
        needs_count=min(count, COUNTED_MAX),
        many_need=count > COUNTED_MAX,
        way=way,
        paid=paid.rows,
        drafts=drafts[:SHOWN],
        questions=questions,
        disputes=disputes,
        changed=changed,
        reason_key=reason_key,
        news=notices[:SHOWN_NOTICES],
        more_news=len(notices) > SHOWN_NOTICES,
        state_key=state_key,
        tone_of=tone_of,
        payment_tones=PAYMENT_TONES,
    )
