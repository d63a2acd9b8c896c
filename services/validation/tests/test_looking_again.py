"""What was approved is asked back when coverage is taken back or a list names the payee; what was paid is recovered."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from test_screening_stories import BY_NAME, BY_NUMBER, differences
from validation_stories import DEAR, Line, correction, only

from chassis import Context, testing
from throughline.decisions import (
    ApprovalRevoked,
    RecoveryOpened,
    ReviewOpened,
    SubmissionApproved,
    SubmissionExcepted,
)
from throughline.exclusions import Exclusion
from throughline.identifiers import payee_id_for
from throughline.members import Span
from throughline.message import REGISTRY, TYPE_PREFIX, Message
from throughline.reasons import Reason
from validation.follow_ups import work_off_follow_ups
from validation.testing import contract, excluded, insured, line, member, payer, provider, received

CHECKS = payer(version=2, coverage_checked=True)
OTHER = "1558598797"


def until(day: date, version: int = 2) -> Any:
    return insured(version=version, coverage=(Span(from_date=date(2020, 1, 1), to_date=day),))


ENDED = until(date(2026, 11, 1))


async def looks_again(on: Line) -> list[Message]:
    """Work off what is stored; what is said then is remembered like the rest."""
    before = len(await testing.said_in(on.context.pool))
    await work_off_follow_ups(on.context)
    assert await on.context.pool.fetchval("select count(*) from follow_ups") == 0
    said: list[Message] = []
    for record in (await testing.said_in(on.context.pool))[before:]:
        name = dict(record.headers)["ce_type"].decode().removeprefix(TYPE_PREFIX)
        said.append(REGISTRY[name, 1].model_validate_json(record.value))
    return said


async def test_coverage_taken_back_brings_what_is_approved_and_unpaid_to_a_review(
    on: Line, context: Context
) -> None:
    await on.hears(CHECKS, insured())
    only(await on.hears(received()), SubmissionApproved)
    await on.hears(ENDED)
    revoked = only(await looks_again(on), ApprovalRevoked)
    assert (revoked.cause, revoked.reason) == ("recall", Reason.COVERAGE_ENDED)
    assert await looks_again(on) == []
    opened = only(await on.stopped("recall"), ReviewOpened)
    assert opened.reasons == (Reason.RECALLED, Reason.COVERAGE_ENDED)
    assert "2026-11-02" in opened.findings[-1].message
    only(await on.reviewer("approve"), SubmissionApproved)
    assert await differences(on, context) == []
    await on.hears(until(date(2026, 10, 1), version=3))
    assert await looks_again(on) == []  # a person has seen that it is not covered


async def test_a_denial_of_what_is_no_longer_covered_says_so(on: Line) -> None:
    await on.hears(CHECKS, insured(), received(), ENDED)
    await looks_again(on)
    await on.stopped("recall")
    (denied,) = await on.reviewer("deny")
    assert denied.adjudication.lines[0].adjustments[0].carc == "27"  # type: ignore[attr-defined]


async def test_only_what_lost_its_coverage_is_looked_at(on: Line) -> None:
    await on.hears(CHECKS, insured(), insured("M200"))
    earlier = line(from_date=date(2026, 10, 30), to_date=date(2026, 10, 30))
    await on.hears(
        received(lines=(earlier,)), received("A2", subject=member(1, member_id=insured("M200").member_id))
    )
    await on.hears(ENDED)
    assert await looks_again(on) == []


async def test_a_payer_who_does_not_ask_gets_nothing_back(on: Line) -> None:
    await on.hears(insured(), received(), ENDED)
    assert await looks_again(on) == []


async def test_what_has_left_opens_a_recovery_and_what_then_comes_back_is_stopped(on: Line) -> None:
    await on.hears(CHECKS, insured(), received(), ENDED)
    await looks_again(on)
    opened = only(await on.too_late("recall"), RecoveryOpened)
    assert (opened.reason, opened.paid_cents) == (Reason.COVERAGE_ENDED, 9_000)
    again = only(await on.came_back(), ApprovalRevoked)
    assert (again.cause, again.reason) == ("recall", Reason.COVERAGE_ENDED)
    assert only(await on.stopped("recall"), ReviewOpened).reasons == (Reason.RECALLED, Reason.COVERAGE_ENDED)


async def test_a_correction_meanwhile_waits_for_the_recovery(on: Line) -> None:
    await on.hears(CHECKS, insured(), received(), ENDED)
    await looks_again(on)
    assert await on.hears(correction()) == []
    recovery, excepted = await on.too_late("correction")
    assert isinstance(recovery, RecoveryOpened)
    assert isinstance(excepted, SubmissionExcepted) and excepted.reason is Reason.RECOVERY_NEEDED


async def test_what_came_up_while_it_was_stopped_for_a_correction_is_recovered_if_it_has_left(
    on: Line,
) -> None:
    """It is not asked back a second time; that it may not have been paid is found with the answer."""
    await on.hears(received(), correction())
    await on.hears(excluded(BY_NUMBER))
    assert await looks_again(on) == []
    recovery, excepted = await on.too_late("correction")
    assert isinstance(recovery, RecoveryOpened) and recovery.reason is Reason.EXCLUDED
    assert recovery.findings[-1].reason is Reason.EXCLUDED
    assert isinstance(excepted, SubmissionExcepted) and excepted.reason is Reason.RECOVERY_NEEDED


async def test_what_was_priced_to_zero_is_not_asked_back(on: Line) -> None:
    await on.hears(CHECKS, insured(), contract(version=2, copay_cents=9_000))
    approved = only(await on.hears(received()), SubmissionApproved)
    assert approved.adjudication.paid_cents == 0
    await on.hears(ENDED)
    assert await looks_again(on) == []


async def test_coverage_taken_back_while_a_review_waits_is_shown_before_it_is_approved(on: Line) -> None:
    await on.hears(CHECKS, insured())
    await on.hears(received(lines=DEAR))
    await on.hears(ENDED)
    assert await looks_again(on) == []
    opened = only(await on.reviewer("approve", answers=on.said[0].id), ReviewOpened)
    assert opened.reasons == (Reason.COVERAGE_ENDED,)
    only(await on.reviewer("approve"), SubmissionApproved)


async def test_a_correction_that_waited_is_asked_for_coverage_as_of_now(on: Line, context: Context) -> None:
    await on.hears(CHECKS, insured(), received(), correction())
    await on.hears(ENDED)
    assert await looks_again(on) == []  # it is being stopped already
    assert only(await on.stopped("correction"), ReviewOpened).reasons == (Reason.COVERAGE_ENDED,)
    assert await differences(on, context) == []


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (BY_NUMBER, Reason.EXCLUDED),
        (BY_NAME, Reason.EXCLUSION_NAME),
        (Exclusion(npi=OTHER), Reason.EXCLUDED),
    ],
    ids=["number", "name", "who gave the service"],
)
async def test_a_new_list_screens_what_is_approved_again(on: Line, entry: Exclusion, reason: Reason) -> None:
    await on.hears(
        provider(payee_id=payee_id_for("npi", OTHER), identifier=OTHER, npi=OTHER, name="Morgan Vale")
    )
    only(await on.hears(received(rendering_provider=OTHER)), SubmissionApproved)
    await on.hears(excluded(Exclusion(npi="1003000126")))
    assert await looks_again(on) == []
    await on.hears(excluded(entry, version=2))
    assert only(await looks_again(on), ApprovalRevoked).reason is reason
    assert only(await on.stopped("recall"), ReviewOpened).reasons == (Reason.RECALLED, reason)


async def test_approvals_of_before_are_found_by_what_their_bodies_say(on: Line, context: Context) -> None:
    """As the migration reads it for rows that were stored without."""
    await on.hears(received(rendering_provider=OTHER), received("A2"))
    rows = await context.pool.fetch(
        """
        select payee_id = (convert_from(body, 'UTF8')::json ->> 'payee_id')::uuid as payee,
            rendering_npi is not distinct from
                (convert_from(body, 'UTF8')::json -> 'request' ->> 'rendering_provider')::bigint as rendering,
            rendering_npi
        from versions order by rendering_npi
        """
    )
    assert [tuple(row) for row in rows] == [(True, True, int(OTHER)), (True, True, None)]


async def test_a_name_that_a_person_has_seen_is_not_asked_for_again(on: Line) -> None:
    await on.hears(excluded(BY_NAME))
    await on.hears(received())
    only(await on.reviewer("approve"), SubmissionApproved)
    await on.hears(excluded(BY_NAME, version=2))
    assert await looks_again(on) == []
    await on.hears(excluded(BY_NUMBER, version=3))
    assert only(await looks_again(on), ApprovalRevoked).reason is Reason.EXCLUDED


async def test_a_name_that_was_seen_on_one_list_is_asked_for_when_another_has_it_too(on: Line) -> None:
    """Who is somebody else than the one on the first list may be the one on the second."""
    await on.hears(excluded(BY_NAME))
    await on.hears(received())
    only(await on.reviewer("approve"), SubmissionApproved)
    await on.hears(excluded(BY_NAME, list_id="state"))
    assert only(await looks_again(on), ApprovalRevoked).reason is Reason.EXCLUSION_NAME
    assert "list state of" in only(await on.stopped("recall"), ReviewOpened).findings[-1].message
    only(await on.reviewer("approve"), SubmissionApproved)


async def test_many_are_looked_at_in_chunks_each_once(on: Line, context: Context) -> None:
    context.settings = context.settings.model_copy(update={"follow_up_requests": 3})
    await on.hears(
        *(
            received(f"N{number}", subject=member(number), lines=(line(charge_cents=1_000 + number),))
            for number in range(7)
        )
    )
    await on.hears(excluded(BY_NUMBER))
    said = await looks_again(on)
    assert len({one.request_id for one in said if isinstance(one, ApprovalRevoked)}) == len(said) == 7


async def test_after_a_restore_it_is_done_again_until_every_approval_is_made_again(
    on: Line, context: Context
) -> None:
    await on.hears(excluded(Exclusion(npi="1003000126")))
    context.said_before.making_again = True
    for _ in range(3):
        await work_off_follow_ups(context)
    assert await context.pool.fetchval("select count(*) from follow_ups") == 1
    context.said_before.making_again = False
    assert await looks_again(on) == []


async def test_it_waits_for_who_may_still_approve_by_what_stood_before(on: Line, context: Context) -> None:
    await on.hears(received())
    async with context.pool.acquire() as other:
        begun = other.transaction()
        await begun.start()
        await other.execute("select pg_current_xact_id()")
        await on.hears(excluded(BY_NUMBER))
        await work_off_follow_ups(context)
        assert await context.pool.fetchval("select count(*) from follow_ups") == 1
        await begun.rollback()
    assert only(await looks_again(on), ApprovalRevoked).reason is Reason.EXCLUDED


async def test_what_only_a_newer_release_knows_how_to_do_is_left_to_it(
    on: Line, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while its replicas are replaced one by one."""
    await on.hears(received())
    with monkeypatch.context() as older:
        older.setattr("validation.follow_up_repository.KINDS", ("coverage",))
        await on.hears(excluded(BY_NUMBER))
        await work_off_follow_ups(context)
        assert await context.pool.fetchval("select count(*) from follow_ups") == 1
    assert only(await looks_again(on), ApprovalRevoked).reason is Reason.EXCLUDED
