"""The figures counted again from audit's memory of the topics are those of the read model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from portal_people import known, sign_in
from portal_stories import BEGAN, Life, Teller, example
from test_read_model import all_lives

from chassis import Context, Heard, testing
from chassis.feed import FedRecord
from chassis.log_check import LogTrouble
from portal.app import service
from portal.figures import Times
from portal.figures_drawn import bars, unit_of
from portal.log_dates import Promise
from portal.log_figures import figures_of, percentile
from portal.log_rows import RowsInMemory, apply
from portal.people_work import put_organisation
from portal.rules import Role
from portal.tenancy import WRITER, enter
from throughline.drafts import DraftDiscarded, DraftSaved
from throughline.payments import PaymentSettled
from throughline.people import OrganisationRecorded
from throughline.submissions import SubmissionReceived


def record_of(heard: Heard[Any]) -> FedRecord:
    """As the broker gave it to audit."""
    body = heard.message.model_dump_json().encode()
    return FedRecord(
        heard.topic,
        0,
        heard.offset,
        (heard.key or "").encode(),
        body,
        tuple(heard.envelope.headers()),
        heard.timestamp_ms,
        1,
    )


def a_busy_week() -> Teller:
    teller, _ = all_lives()
    for at in range(5):
        draft, now = uuid4(), datetime(2026, 11, 16, 16, at, tzinfo=UTC)
        said: Any = {
            "draft_id": draft,
            "organisation_id": uuid4(),
            "person_id": uuid4(),
            "kind": "medical",
            "step": "who",
        }
        teller.tell(DraftSaved(**said, at=now), key=str(draft))
        if at:
            became = uuid4() if at > 1 else None
            teller.tell(DraftDiscarded(**said, request_id=became, at=now), key=str(draft))
    denied = Life(teller, "DENIED-1").received()
    denied.says("SubmissionDenied", adjudication=example("SubmissionDenied").adjudication)
    teller.tell(example("RequestAnswered", "refused"), topic="answers.acme", key="a hash")
    return teller


@pytest.fixture
def fed(context: Context, monkeypatch: pytest.MonkeyPatch) -> list[FedRecord]:
    """What audit holds; the portal's positions follow from it."""
    records: list[FedRecord] = []

    async def read_feed(
        settings: object, topic: str, partition: int, start: int, end: int
    ) -> AsyncIterator[list[FedRecord]]:
        page = [one for one in records if one.topic == topic]
        if not page:
            raise LogTrouble("feed_lacks_records")
        yield page[:2] + page[:1]  # a late copy
        yield page[2:]

    monkeypatch.setattr("portal.log_rows.read_feed", read_feed)
    object.__setattr__(context.settings, "audit_feed_url", "http://audit")
    object.__setattr__(context.settings, "audit_feed_token", "token")
    return records


async def test_the_log_says_what_the_read_model_says(
    context: Context, browser: httpx.AsyncClient, fed: list[FedRecord]
) -> None:
    teller = a_busy_week()
    await testing.deliver(service, context, teller.told)
    fed += [record_of(one) for one in teller.told]
    received = next(one.message for one in teller.told if isinstance(one.message, SubmissionReceived))
    group = OrganisationRecorded(
        organisation_id=uuid4(), version=3, kind="provider", payees=(received.payee_id,)
    )
    speaker = Teller("cli")
    fed += [
        record_of(speaker.tell(one, key=str(group.organisation_id)))
        for one in (group.model_copy(update={"version": 2, "payees": ()}), group)
    ]
    async with context.pool.acquire() as db, db.transaction():
        await enter(db, WRITER)
        await put_organisation(db, group)
    await context.pool.execute("delete from chassis.positions")
    for topic in sorted({one.topic for one in fed}):
        await context.pool.execute(
            "insert into chassis.positions (topic, partition, epoch, next, applied) values ($1, 0, 1, 9, 9)",
            topic,
        )
    await sign_in(browser, await known(context, "ada", Role.AUDITOR))
    page = (await browser.get("/figures/from-the-log?days=366")).text
    assert "figures are equal" in page and "differs" not in page, page
    assert "3 / 5" in page, "drafts that became requests"
    assert str(group.organisation_id) in page, "failures by the organisation that acts for the payee"
    assert "What waits, by cause" in page, "by the fold of all that was told"
    drawn = await browser.get("/figures?days=366")
    assert drawn.text.count("<svg ") == 4 and "style=" not in drawn.text and len(drawn.content) < 150_000
    of_group = await browser.get(f"/figures/groups?days=366&organisation={group.organisation_id}")
    assert 'data-label="Request"' in of_group.text and "No row" not in of_group.text
    async with context.pool.acquire() as db, db.transaction():
        await db.execute("select set_config('portal.sees', 'writer', true)")
        await db.execute("delete from payments where settled_on is not null")
    page = (await browser.get("/figures/from-the-log?days=366")).text
    assert "differs" in page, "a row that was lost is seen"
    assert "Drafts that did not" in (await browser.get("/figures/drafts?days=366")).text
    listed = await browser.get("/figures/failures?days=366&partner=acme&field=&reason=")
    assert listed.status_code == 200
    newer = [
        (name, value.replace(b":1", b":9") if name == "ce_dataschema" else value)
        for name, value in fed[0].headers
    ]
    known_one, fed[0] = fed[0], replace(fed[0], headers=tuple(newer))
    told = await browser.get("/figures/from-the-log")
    assert told.status_code == 200 and "newer version" in told.text
    fed[0] = known_one
    fed.clear()
    assert "does not hold every record" in (await browser.get("/figures/from-the-log")).text


async def test_without_a_feed_the_page_says_so(context: Context, browser: httpx.AsyncClient) -> None:
    await sign_in(browser, await known(context, "ada", Role.AUDITOR))
    assert "no feed of audit" in (await browser.get("/figures/from-the-log")).text


def stopped(life: Life) -> Life:
    life.received().approved().says("SubmissionWithdrawn")
    about: dict[str, Any] = {"cause": "withdrawal", "decision_id": life.decision}
    return life.says("ApprovalRevoked", **about).says("ItemStopped", **about)


DAY = date(2026, 11, 20)
PROMISES: dict[str, tuple[Callable[[Life], Life], date, tuple[int, int, int]]] = {
    "settled on the day": (lambda life: life.paid(), DAY, (1, 1, 1)),
    "settled on another": (lambda life: life.paid(), DAY - timedelta(days=9), (1, 0, 0)),
    "not due yet": (lambda life: life.received().approved(), DAY + timedelta(days=1), (0, 0, 0)),
    "its day passed": (lambda life: life.received().approved(), DAY - timedelta(days=1), (1, 0, 0)),
    "it ended": (lambda life: stopped(life), DAY - timedelta(days=1), (0, 0, 0)),
}


@pytest.mark.parametrize("name", PROMISES)
def test_what_came_of_a_promise_is_counted_from_the_log(name: str) -> None:
    """Whole, left in time, held; as the figures of the read model count."""
    tell, day, expected = PROMISES[name]
    life = tell(Life(Teller()))
    settled = next((one.message for one in life.teller.told if isinstance(one.message, PaymentSettled)), None)
    on = settled.settled_on if settled is not None and name == "settled on the day" else day
    assert life.decision is not None
    rows = RowsInMemory()
    for topic in {one.topic for one in life.teller.told}:
        apply(rows, [record_of(one) for one in life.teller.told if one.topic == topic])
    promised = [Promise(life.decision, life.request_id, 1, on)]
    shares = {one.name: one for one in figures_of(rows, BEGAN, DAY, promised).shares}
    whole, left, held = expected
    assert (shares["dates_held"].whole, shares["sent_on_time"].part, shares["dates_held"].part) == (
        whole,
        left,
        held,
    )


@pytest.mark.parametrize(
    ("longest", "unit"),
    [(None, "seconds"), (30, "seconds"), (130, "minutes"), (7_200, "hours"), (200_000, "days")],
)
def test_times_are_drawn_in_a_unit_that_tells_them_apart(longest: int | None, unit: str) -> None:
    span = None if longest is None else timedelta(seconds=longest)
    assert unit_of([Times("all_decisions", 1, span, span)]).name == unit


def test_a_percentile_lies_between_its_neighbours() -> None:
    spans = [timedelta(seconds=at) for at in (1, 2, 4, 8)]
    assert percentile(spans, 0.5) == timedelta(seconds=3)
    assert percentile(spans, 0.9) == timedelta(seconds=6.8)
    assert percentile(spans[:1], 0.9) == spans[0] and percentile([], 0.5) is None


def test_bars_are_drawn_without_styles_and_hold_any_text() -> None:
    svg = bars([("<b>Sender & Sons</b> of a long name", 3), ("<b>Sender & Sons</b> of a long place", 4)])
    assert svg.startswith("<svg viewBox=") and "<b>" not in svg and "style=" not in svg
    assert svg.count("&lt;b&gt;Sender &amp; Sons") == 2, "two that are cut alike stay two"
    assert "<svg" in bars([("nothing yet", 0)], 100)
