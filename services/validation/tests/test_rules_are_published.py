"""Rules that two people publish decide what comes in from then on, in every replica; what is pending keeps its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from validation_stories import DEAR, Line, only

from chassis import Context, testing
from chassis.metrics import SECURITY_EVENTS
from chassis.signer import Proof
from chassis.testing_people import OPERATIONS, Actor, an, know, signed_by
from throughline.decisions import (
    CommandRefused,
    ReviewOpened,
    SubmissionApproved,
    SubmissionDenied,
    SubmissionExcepted,
)
from throughline.reasons import Reason
from throughline.rule_sets import PublishRuleSet, RuleSetPublished
from throughline.submissions import SubmissionReceived
from validation import payee_past_repository
from validation.app import build_resources, service
from validation.explanation import explain
from validation.explanation_api import explanation_of
from validation.history import Version
from validation.payee_past import DAYS, OfCode
from validation.payee_past_repository import read_payee_past
from validation.reference import Terms
from validation.replay import replay
from validation.repository import store_reference
from validation.rules.rule_set import own_texts, rules_in
from validation.settings import ValidationSettings
from validation.stored_requests import read_pinned_requests
from validation.testing import PAYEE_ID, RECEIVED_ON, SERVICE_DAY, limit, line, publication, received
from validation.work import RulesOfANewerRelease

HEARD_AT = datetime(2026, 11, 16, 12, tzinfo=UTC)
LIMITED = publication(1, date(2026, 1, 1), limit(5_000))


async def begun_again(on: Line) -> Line:
    """Another process on the same database, with nothing in memory."""
    settings: Any = ValidationSettings(database_url=on.context.settings.database_url)
    pool = on.context.pool
    return Line(
        testing.context_for(service, pool, settings=settings, resources=await build_resources(settings, pool))
    )


async def test_a_new_request_goes_by_the_new_set_and_a_pending_one_by_its_own(on: Line) -> None:
    opened = only(await on.hears(received(lines=DEAR)), ReviewOpened)
    answers = on.last_id
    published = only(await on.hears(LIMITED), RuleSetPublished)
    assert (published.version, published.sha256) == (1, LIMITED.sha256)
    assert published.published_by != published.second_person
    denied = only(await on.hears(received("A2")), SubmissionDenied)
    assert denied.reason is Reason.ABOVE_TIER and denied.rule_set != opened.rule_set
    approved = only(await on.reviewer("approve", answers=answers), SubmissionApproved)
    assert approved.rule_set == opened.rule_set
    earlier = only(await on.hears(publication(2, SERVICE_DAY, limit(50_000))), RuleSetPublished)
    assert earlier.version == 2
    assert only(await on.hears(received("A3")), SubmissionApproved).rule_set not in (
        denied.rule_set,
        opened.rule_set,
    )


async def test_every_replica_goes_by_it_and_reads_it_once(on: Line) -> None:
    """One that runs already learns of it by the revision; one that starts later reads it from the database."""
    await on.hears(received())
    running = await begun_again(on)
    await running.hears(received("A2"))
    await on.hears(LIMITED)
    late = await begun_again(on)
    for number, replica in enumerate((on, running, late)):
        denied = only(await replica.hears(received(f"B{number}")), SubmissionDenied)
        assert denied.reason is Reason.ABOVE_TIER
    assert len({str(one.context.resources.reference.revision) for one in (on, running, late)}) == 1


async def test_history_decided_under_older_sets_is_decided_alike_again_and_explained(on: Line) -> None:
    said = await on.hears(received(), received("A2", lines=DEAR))
    await on.hears(LIMITED, received("A3"))
    await on.hears(publication(2, date(2026, 1, 1)), received("A4"))
    again = await begun_again(on)
    ids = [received(number).request_id for number in ("A1", "A2", "A3", "A4")]
    resources = again.context.resources
    async with again.context.pool.acquire() as db:
        requests = await read_pinned_requests(db, resources, ids)
    told = replay(requests, date(2026, 11, 1), date(2026, 11, 30), resources.catalogue)
    assert (told.compared, told.differences) == (4, [])
    (version,) = next(one for one in requests if one.request_id == ids[2])
    rules = resources.catalogue.set_of(version.rule_set, version.first_day)
    explained = explain(version, version.submission.received_on, version.terms or Terms(), rules)
    assert [one.rule for one in explained.rules if one.verdict == "broken"] == ["charge-limit"]
    assert len(said) == 2


@pytest.mark.parametrize(
    "how", ["alone", "twice by one", "altered", "expired", "a reviewer beside", "unsigned"]
)
async def test_what_two_operators_did_not_sign_changes_nothing(on: Line, context: Context, how: str) -> None:
    ann, bob, rita = an("operator"), an("operator"), an("reviewer")
    await know(context.pool, OPERATIONS, ann, bob, rita)
    before = security_events()
    refused = only(await on.hears(_wrong(how, ann, bob, rita)), CommandRefused)
    wanted = {
        "alone": Reason.SECOND_PERSON_MISSING,
        "twice by one": Reason.SAME_PERSON,
        "altered": Reason.SIGNATURE_ALTERED,
        "expired": Reason.SIGNATURE_EXPIRED,
        "a reviewer beside": Reason.ROLE_MISSING,
        "unsigned": Reason.UNSIGNED,
    }[how]
    assert refused.reason is wanted
    assert security_events() == before + 1
    only(await on.hears(received()), SubmissionApproved)


def _wrong(how: str, ann: Actor, bob: Actor, rita: Actor) -> Any:
    second = {"twice by one": ann, "a reviewer beside": rita}.get(how, bob)
    command = LIMITED.model_copy(update={"actor": ann.name, "second_actor": second.name})
    heard = testing.heard(command, "rules", topic="rules")
    if how == "unsigned":
        return replace(heard, proof=Proof(b"", None, None, None))
    if how == "alone":
        return signed_by(ann, heard)
    if how == "expired":
        late = heard.recorded_at.replace(year=heard.recorded_at.year - 1)
        return signed_by(ann, heard, second=bob, at=late)
    signed = signed_by(ann, heard, second=second)
    if how == "altered":
        assert signed.proof is not None
        other = command.model_copy(update={"effective_from": date(2020, 1, 1)}).model_dump_json().encode()
        return replace(signed, proof=replace(signed.proof, value=other))
    return signed


async def test_a_lower_version_another_hash_and_unsound_rules_are_refused_with_a_reason(on: Line) -> None:
    await on.hears(publication(5, date(2030, 1, 1)))
    wrong: list[tuple[PublishRuleSet, Reason]] = [
        (LIMITED, Reason.STALE_VERSION),
        (publication(6, sha256="0" * 64), Reason.RULES_ALTERED),
        (publication(6, SERVICE_DAY, limit(1, expression='"total_cents >"')), Reason.RULES_UNSOUND),
    ]
    for command, reason in wrong:
        before = security_events()
        refused = only(await on.hears(command), CommandRefused)
        assert (refused.reason, security_events()) == (reason, before + 1)
    assert "more-0.toml: charge-limit: expression is not CEL" in (refused.detail or "")
    only(await on.hears(received()), SubmissionApproved)


async def test_what_was_published_is_told_over_http(on: Line) -> None:
    await on.hears(received())
    await on.hears(LIMITED, publication(2, date(2027, 1, 1)))
    app = FastAPI()
    for router in service.api:
        app.include_router(router)
    app.state.context = on.context
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://validation/v1") as http:
        sets = (await http.get("/rules/published")).json()["sets"]
        assert [(one["version"], one["effective_from"], one["until"]) for one in sets] == [
            (2, "2027-01-01", None),
            (1, "2026-01-01", "2026-12-31"),
            (0, None, "2025-12-31"),
        ]
        one = (await http.get("/rules/published/1")).json()
        assert one["files"]["more-0.toml"] == limit(5_000)
        assert (await http.get("/rules/published/0")).status_code == 200
        assert (await http.get("/rules/published/3")).status_code == 404
        in_force = (await http.get("/rules", params={"on": "2026-05-01"})).json()["rules"]
        assert "charge-limit" in [rule["id"] for rule in in_force]
        told = (await http.post("/rules/read", json={"files": {"a.toml": limit(7)}})).json()["rules"]
        assert [(rule["rule"], rule["field"]) for rule in told] == [("charge-limit", "total_cents")]
        assert (await http.post("/rules/read", json={"files": {"a.toml": "x"}})).status_code == 422
        days = {"from": "2026-11-01", "to": "2026-11-30"}
        files = {"files": own_texts() | {"more.toml": limit(5_000)}}
        for first_day, changed in (("2026-01-01", 1), ("2026-11-03", 0)):
            asked = {**days, "effective_from": first_day}
            page = (await http.post("/rules/preview", params=asked, json=files)).json()
            assert [one["cents"] for one in page["changes"]] == [-9_000] * changed


async def test_rules_that_only_a_newer_release_can_read_are_waited_for(on: Line) -> None:
    """As an older replica hears of them while the others are upgraded."""
    newer = publication(1, date(2026, 1, 1), limit(1, reason='"of_the_future"'))
    async with on.context.pool.acquire() as db, db.transaction():
        await store_reference(db, {("rules", "1"): newer})
    with pytest.raises(RulesOfANewerRelease):
        await on.hears(received())


def security_events() -> float:
    return sum(
        sample.value
        for metric in SECURITY_EVENTS.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    )


UNLIKE_ITSELF = limit(
    1,
    id='"unlike-its-own-past"',
    severity='"review"',
    scope='"line"',
    field='"lines[#].charge_cents"',
    when='"past_line_count >= 2"',
    expression='"charge_cents * past_line_count <= 2 * past_charge_cents"',
    reason='"rule_asks_review"',
    message='"The payee billed this code {past_line_count} times for {past_charge_cents} cents in all."',
    passing="[{ charge_cents = 24000 }, { past_line_count = 1, past_charge_cents = 1 }]",
    failing="[{ charge_cents = 24001 }]",
)


async def test_a_published_rule_reads_what_its_payee_billed_before(on: Line) -> None:
    """Of the line's code, approved and of the same payee alone; what was read decides whenever it is decided again."""
    only(await on.hears(publication(1, date(2026, 1, 1), UNLIKE_ITSELF)), RuleSetPublished)
    days = [SERVICE_DAY - timedelta(days=ago) for ago in range(6)]

    def bill(at: int, cents: int, code: str = "99213") -> SubmissionReceived:
        one = line(code=code, charge_cents=cents, from_date=days[at], to_date=days[at])
        return received(f"P{at}", lines=(one,))

    await on.hears(bill(0, 9_000), bill(1, 50_000, "99214"))
    for at in (2, 3):
        assert isinstance((await on.hears(bill(at, 10_000)))[0], SubmissionApproved)
    opened = only(await on.hears(bill(4, 40_000)), ReviewOpened)
    assert opened.reasons == (Reason.RULE_ASKS_REVIEW,)
    again = await begun_again(on)
    resources = again.context.resources
    async with again.context.pool.acquire() as db:
        requests = await read_pinned_requests(
            db, resources, [bill(at, 1).request_id for at in (0, 1, 2, 3, 4)]
        )
    told = replay(requests, date(2026, 11, 1), date(2026, 11, 30), resources.catalogue)
    assert (told.compared, told.differences) == (5, [])
    (version,) = requests[-1]
    rules = resources.catalogue.set_of(version.rule_set, version.first_day)
    explained = explain(version, version.submission.received_on, version.terms or Terms(), rules)
    (broken,) = [one for one in explained.rules if one.verdict == "broken"]
    assert broken.read == {"charge_cents": 40_000, "past_line_count": 3, "past_charge_cents": 29_000}
    assert explained.used_up == [], "nothing of it is used up"


async def test_a_payees_past_goes_no_further_back_and_is_found_by_its_index(on: Line) -> None:
    only(await on.hears(received("Q1")), SubmissionApproved)
    version = Version(received("Q2"), HEARD_AT)
    late = Version(received("Q3", received_on=RECEIVED_ON + timedelta(days=DAYS + 1)), HEARD_AT)
    other = Version(received("Q4").model_copy(update={"payee_id": UUID(int=7)}), HEARD_AT)
    corrected = Version(received("Q1", version=2, frequency="7"), HEARD_AT)
    itself = Version(received("Q1"), HEARD_AT, is_stored=True)
    async with on.context.pool.acquire() as db:
        await read_payee_past(db, [version, late, other, corrected, itself])
        await db.execute("set enable_seqscan = off")  # there are too few rows here for the planner to care
        plan = await db.fetch(
            "explain " + payee_past_repository._READ, [0], [PAYEE_ID], [RECEIVED_ON], [None]
        )
        await db.execute("reset enable_seqscan")
    assert version.payee_past == {"99213": OfCode(1, 1_000, 12_000)}
    assert (late.payee_past, other.payee_past) == ({}, {})
    assert (corrected.payee_past, itself.payee_past) == ({}, {}), "a request is no part of its own past"
    assert "versions_of_payee" in str(plan), "by its index"


async def test_a_rule_of_one_payer_decides_that_payers_requests_alone(on: Line) -> None:
    """Two payers' rules with one reason deny each by its own adjustment code; a preview changes the one's alone."""
    await on.hears(received("O0", payer="other"))
    of_acme = limit(5_000, payer='"acme"', carc='"45"')
    of_other = limit(4_000, id='"other-limit"', payer='"other"', carc='"119"', programme='"medical"')
    published = only(await on.hears(publication(1, date(2026, 1, 1), of_acme, of_other)), RuleSetPublished)
    assert published.rule_count == len(rules_in(own_texts())) + 2
    for number, payer_, carc in (("O1", "acme", "45"), ("O2", "other", "119")):
        denied = next(
            one for one in await on.hears(received(number, payer=payer_)) if isinstance(one, SubmissionDenied)
        )
        (found,) = [one for one in denied.findings if one.reason is Reason.ABOVE_TIER]
        assert found.rule == ("charge-limit" if payer_ == "acme" else "other-limit")
        assert {one.carc for each in denied.adjudication.lines for one in each.adjustments} == {carc}


async def test_near_misses_and_overrides_are_recorded_and_explained(on: Line) -> None:
    near = limit(9_100, margin='"9100 - total_cents"', near="100", severity='"exception"')
    await on.hears(publication(1, date(2026, 1, 1), near))
    day = SERVICE_DAY - timedelta(days=9)
    only_just = (line(charge_cents=9_050, from_date=day, to_date=day),)
    approved = only(await on.hears(received("N1", lines=only_just)), SubmissionApproved)
    (note,) = [one for one in approved.findings if one.rule == "charge-limit"]
    assert (note.severity, note.message) == ("note", "It held with 50 to spare.")
    only(await on.hears(received()), SubmissionExcepted)
    only(await on.reviewer("release"), ReviewOpened)
    only(await on.reviewer("approve"), SubmissionApproved)
    async with on.context.pool.acquire() as db:
        ids = [received(number).request_id for number in ("N1", "A1")]
        found = await read_pinned_requests(db, on.context.resources, ids)
    (just,), (released,) = [explanation_of(one, on.context.resources).versions for one in found]
    assert [(one.rule, one.margin) for one in just.rules if one.near_miss] == [("charge-limit", 50)]
    assert (just.overridden, just.differs) == ([], [])
    assert (released.overridden, released.differs) == ([Reason.ABOVE_TIER], [])
