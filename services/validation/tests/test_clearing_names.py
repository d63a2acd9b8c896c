"""Who has a listed name and was found to be somebody else is not asked about again, until name or entry change."""

from __future__ import annotations

from datetime import date

from test_looking_again import looks_again
from test_screening_stories import BY_NAME, differences
from validation_stories import DEAR, REVIEWER, Line, only

from chassis import Context
from throughline.decisions import (
    ApprovalRevoked,
    CommandRefused,
    ReviewOpened,
    SubmissionApproved,
    SubmissionExcepted,
)
from throughline.exclusions import ClearanceTakenBack, Exclusion, NameCleared, name_hashes
from throughline.reasons import Reason
from throughline.reviews import DecideReview
from throughline.submissions import SubmissionReceived
from validation.reference import Reference
from validation.repository import refresh_reference
from validation.testing import (
    PAYEE_ID,
    excluded,
    limit,
    member,
    payer,
    provider,
    publication,
    received,
)


def another(number: int) -> SubmissionReceived:
    return received(f"A{number}", subject=member(number))


async def test_a_cleared_name_is_not_asked_about_again(on: Line, context: Context) -> None:
    await on.hears(excluded(BY_NAME))
    only(await on.hears(received()), ReviewOpened)
    approved, cleared = await on.reviewer("approve", clear_name=True)
    assert isinstance(approved, SubmissionApproved) and isinstance(cleared, NameCleared)
    assert (cleared.list_id, cleared.payee_id, cleared.note) == ("oig-leie", PAYEE_ID, "seen")
    only(await on.hears(another(2)), SubmissionApproved)
    await on.hears(excluded(BY_NAME, version=2))
    assert await looks_again(on) == []
    only(await on.hears(another(3)), SubmissionApproved)
    assert await differences(on, context) == []
    async with context.pool.acquire() as db:
        anew = Reference()
        await refresh_reference(db, anew)
    assert anew.screening.cleared == context.resources.reference.screening.cleared != set()


async def test_another_entry_another_list_and_another_name_are_asked_about(on: Line) -> None:
    await on.hears(excluded(BY_NAME), received())
    await on.reviewer("approve", clear_name=True)
    only(await on.hears(another(7)), SubmissionApproved)
    await on.hears(excluded(BY_NAME, Exclusion(names=BY_NAME.names, business=True), version=2))
    assert only(await looks_again(on), ApprovalRevoked).reason is Reason.EXCLUSION_NAME
    assert only(await on.hears(another(2)), ReviewOpened).reasons == (Reason.EXCLUSION_NAME,)
    changed = Exclusion(names=BY_NAME.names, excluded_on=date(2026, 1, 1))
    await on.hears(excluded(changed, version=3))
    assert only(await on.hears(another(3)), ReviewOpened).reasons == (Reason.EXCLUSION_NAME,)
    await on.hears(excluded(BY_NAME, version=4), excluded(BY_NAME, list_id="state"))
    (finding,) = only(await on.hears(another(4)), ReviewOpened).findings
    assert finding.rule == "excluded-name/state"
    renamed = Exclusion(names=name_hashes("Harbor Clinic"))
    await on.hears(excluded(renamed, version=5), excluded(version=2, list_id="state"))
    only(await on.hears(another(5)), SubmissionApproved)
    await on.hears(provider(version=2, name="Harbor Clinic"))
    assert only(await on.hears(another(6)), ReviewOpened).reasons == (Reason.EXCLUSION_NAME,)


async def test_only_a_name_that_was_shown_is_cleared_and_only_by_who_lets_it_pass(on: Line) -> None:
    await on.hears(received(lines=DEAR))
    refused = only(await on.reviewer("approve", clear_name=True), CommandRefused)
    assert refused.reason is Reason.NOT_ALLOWED_NOW
    await on.hears(excluded(BY_NAME))
    question = on.said[0].id
    refused = only(await on.reviewer("approve", answers=question, clear_name=True), CommandRefused)
    assert refused.reason is Reason.NOT_ALLOWED_NOW  # nobody was shown the name yet
    only(await on.reviewer("approve", answers=question), ReviewOpened)
    shown = on.last_id
    refused = only(await on.reviewer("deny", answers=shown, clear_name=True), CommandRefused)
    assert refused.reason is Reason.NOT_ALLOWED_NOW


async def test_of_two_approvers_the_second_clears(on: Line) -> None:
    await on.hears(payer(version=2, two_approvers_from_cents=1), excluded(BY_NAME), received())
    await on.reviewer("approve", clear_name=True)
    assert await on.context.pool.fetchval("select count(*) from cleared_names") == 0


async def test_only_an_entry_that_somebody_was_shown_is_cleared(on: Line) -> None:
    await on.hears(excluded(BY_NAME, dated_on=date(2025, 11, 10)), received())
    shown = on.last_id
    another_one = Exclusion(names=BY_NAME.names, business=True)
    await on.hears(excluded(BY_NAME, another_one, version=2))
    opened = only(await on.reviewer("approve", answers=shown, clear_name=True), ReviewOpened)
    (finding,) = opened.findings
    assert opened.reasons == (Reason.EXCLUSION_NAME,) and "2025-12-10" in finding.message
    approved, cleared = await on.reviewer("approve", clear_name=True)
    assert isinstance(approved, SubmissionApproved) and len(cleared.entries) == 2  # type: ignore[attr-defined]


async def test_a_name_on_two_lists_is_cleared_of_both(on: Line) -> None:
    await on.hears(excluded(BY_NAME), excluded(BY_NAME, list_id="state"), received())
    approved, *cleared = await on.reviewer("approve", clear_name=True)
    assert isinstance(approved, SubmissionApproved)
    assert sorted(one.list_id for one in cleared) == ["oig-leie", "state"]  # type: ignore[attr-defined]
    only(await on.hears(another(2)), SubmissionApproved)


async def test_a_release_clears_by_the_list_that_was_shown_alone(on: Line) -> None:
    await stopped_by_a_rule(on, received())
    await on.hears(excluded(BY_NAME, version=2))
    refused = only(await on.reviewer("release", answers=on.said[-1].id, clear_name=True), CommandRefused)
    assert refused.reason is Reason.NOT_ALLOWED_NOW


async def test_nobody_clears_a_name_of_what_they_sent(on: Line) -> None:
    await stopped_by_a_rule(on, received().model_copy(update={"submitted_by": REVIEWER.person_id}))
    refused = only(await on.reviewer("release", clear_name=True), CommandRefused)
    assert refused.reason is Reason.SAME_PERSON
    assert await on.context.pool.fetchval("select count(*) from cleared_names") == 0


async def stopped_by_a_rule(on: Line, submission: SubmissionReceived) -> None:
    rule = limit(9_100, severity='"exception"')
    await on.hears(publication(1, date(2026, 1, 1), rule), excluded(BY_NAME, dated_on=date(2025, 11, 10)))
    only(await on.hears(submission), SubmissionExcepted)


async def test_a_clearance_that_is_taken_back_screens_again_whom_it_cleared(
    on: Line, context: Context
) -> None:
    """The request that it was given with is asked back at once, and what was approved by it since by the follow-up."""
    await on.hears(excluded(BY_NAME), received())
    _, cleared = await on.reviewer("approve", clear_name=True)
    clearing = on.last_id
    only(await on.hears(another(2)), SubmissionApproved)
    taken_back, revoked = await on.reviewer("take_back_clearance", answers=clearing)
    assert isinstance(taken_back, ClearanceTakenBack) and isinstance(revoked, ApprovalRevoked)
    assert isinstance(cleared, NameCleared)
    assert (taken_back.answers, taken_back.payee_id, taken_back.note) == (clearing, PAYEE_ID, "seen")
    assert str(taken_back.taken_back_by) == str(cleared.cleared_by)
    assert (revoked.request_id, revoked.reason) == (received().request_id, Reason.EXCLUSION_NAME)
    asked_back = only(await looks_again(on), ApprovalRevoked)
    assert (asked_back.request_id, asked_back.reason) == (another(2).request_id, Reason.EXCLUSION_NAME)
    assert only(await on.hears(another(3)), ReviewOpened).reasons == (Reason.EXCLUSION_NAME,)
    assert only(await on.reviewer("take_back_clearance", answers=clearing), CommandRefused).reason is (
        Reason.STALE_ANSWER
    )
    assert await differences(on, context) == []
    async with context.pool.acquire() as db:
        anew = Reference()
        await refresh_reference(db, anew)
    assert anew.screening.cleared == context.resources.reference.screening.cleared == set()


async def test_what_was_taken_back_may_be_cleared_again(on: Line) -> None:
    await on.hears(excluded(BY_NAME), received())
    await on.reviewer("approve", clear_name=True)
    await on.reviewer("take_back_clearance")
    only(await on.stopped("recall"), ReviewOpened)
    approved, cleared = await on.reviewer("approve", clear_name=True)
    assert isinstance(approved, SubmissionApproved) and isinstance(cleared, NameCleared)
    only(await on.hears(another(2)), SubmissionApproved)


async def test_a_clearance_is_taken_back_by_its_own_request_alone_and_nothing_is_asked_back_that_no_list_names(
    on: Line,
) -> None:
    await on.hears(excluded(BY_NAME), received())
    await on.reviewer("approve", clear_name=True)
    clearing = on.last_id
    only(await on.hears(another(2)), SubmissionApproved)
    elsewhere = DecideReview(
        request_id=another(2).request_id, version=1, answers=clearing, decision="take_back_clearance",
        note="seen", actor="r-17",
    )  # fmt: skip
    assert only(await on.hears(elsewhere), CommandRefused).reason is Reason.STALE_ANSWER
    await on.hears(excluded(version=2))
    only(await on.reviewer("take_back_clearance", answers=clearing), ClearanceTakenBack)
    assert await looks_again(on) == []
