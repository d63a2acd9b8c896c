"""Corrections, voids, withdrawals and recalls: what stops what, and who wins when an answer comes late."""

from __future__ import annotations

from datetime import date

import pytest
from validation_stories import DEAR, WITHDRAWN, Line, correction, only, void

from throughline.decisions import (
    ApprovalRevoked,
    CommandRefused,
    ReviewOpened,
    SubmissionApproved,
    SubmissionDenied,
    SubmissionExcepted,
)
from throughline.reasons import Reason
from throughline.submissions import SubmissionReceived
from validation.testing import contract, line, received


async def test_a_correction_of_an_open_version_is_decided_at_once(on: Line) -> None:
    await on.hears(received(total_cents=1))
    only(await on.hears(correction()), SubmissionApproved)
    assert await on.states() == {1: "ended", 2: "approved"}


async def test_a_correction_in_the_same_slice_as_its_original(on: Line) -> None:
    said = await on.hears(received(), correction())
    assert [type(one) for one in said] == [SubmissionApproved, ApprovalRevoked]
    assert await on.states() == {1: "stopping", 2: "waiting"}


async def test_a_correction_waits_until_the_approved_version_is_stopped(on: Line) -> None:
    await on.hears(received())
    revoked = only(await on.hears(correction()), ApprovalRevoked)
    assert (revoked.version, revoked.cause) == (1, "correction")
    approved = only(await on.stopped("correction"), SubmissionApproved)
    assert (approved.version, approved.adjudication.charge_cents) == (2, 10_000)
    assert await on.states() == {1: "ended", 2: "approved"}


async def test_a_correction_that_comes_too_late_pays_nothing(on: Line) -> None:
    await on.hears(received())
    await on.hears(correction())
    excepted = only(await on.too_late("correction"), SubmissionExcepted)
    assert (excepted.version, excepted.reason) == (2, Reason.RECOVERY_NEEDED)
    refused = only(await on.reviewer("release", version=2), CommandRefused)
    assert refused.reason is Reason.NOT_ALLOWED_NOW
    again = only(await on.hears(correction(version=3)), SubmissionExcepted)
    assert (again.version, again.reason) == (3, Reason.RECOVERY_NEEDED)
    assert await on.states() == {1: "final", 2: "ended", 3: "exception"}


@pytest.mark.parametrize("reason", [Reason.RETURNED, Reason.REFUSED_BY_BANK, Reason.COOLING_OFF])
async def test_a_correction_that_came_too_late_wins_when_nothing_was_paid(on: Line, reason: Reason) -> None:
    await on.hears(received(), correction())
    await on.too_late("correction")
    assert only(await on.came_back(reason), ApprovalRevoked).cause == "correction"
    assert await on.came_back(reason) == []  # heard of another payment of it: it was asked
    approved = only(await on.stopped("correction"), SubmissionApproved)
    assert (approved.version, approved.adjudication.charge_cents) == (2, 10_000)
    assert await on.states() == {1: "ended", 2: "approved"}


async def test_a_correction_of_what_was_sent_again_meanwhile_waits_on(on: Line) -> None:
    await on.hears(received(), correction())
    await on.too_late("correction")
    await on.came_back()
    assert only(await on.too_late("correction"), SubmissionExcepted).reason is Reason.RECOVERY_NEEDED
    assert await on.states() == {1: "final", 2: "exception"}
    only(await on.came_back(), ApprovalRevoked)


async def test_only_what_came_too_late_and_is_open_wins(on: Line) -> None:
    await on.hears(received())
    assert await on.came_back() == []  # nothing was asked of it
    await on.hears(correction())
    await on.too_late("correction")
    assert await on.came_back(Reason.HELD_BY_ORDER) == []
    await on.reviewer("deny", version=2)
    assert await on.came_back() == []
    assert await on.states() == {1: "approved", 2: "denied"}
    assert only(await on.hears(correction(version=3)), ApprovalRevoked).cause == "correction"


async def test_a_void_that_came_too_late_wins_when_nothing_was_paid(on: Line) -> None:
    await on.hears(received(), void())
    await on.too_late("void")
    assert only(await on.came_back(), ApprovalRevoked).cause == "void"
    assert await on.stopped("void") == []
    assert (await on.states(), await on.bill_owners(received())) == ({1: "ended", 2: "ended"}, [None])


async def test_a_withdrawal_or_recall_that_came_too_late_wins_when_nothing_was_paid(on: Line) -> None:
    await on.hears(received(), WITHDRAWN)
    await on.too_late("withdrawal")
    assert only(await on.came_back(), ApprovalRevoked).cause == "withdrawal"
    assert await on.stopped("withdrawal") == []
    assert (await on.states(), await on.bill_owners(received())) == ({1: "ended"}, [None])


FREE = contract(contract_id="acme-free", coinsurance_basis_points=10_000, effective_from=date(2019, 1, 1))


async def test_what_was_approved_at_zero_gives_way_to_its_correction(on: Line) -> None:
    """Nothing was ever paid: nothing is stopped, nothing recovered."""
    await on.hears(FREE)
    zero = only(await on.hears(received(contract_id="acme-free")), SubmissionApproved)
    assert zero.adjudication.paid_cents == 0
    approved = only(await on.hears(correction()), SubmissionApproved)
    assert (approved.version, approved.adjudication.paid_cents) == (2, 9_000)
    assert await on.states() == {1: "ended", 2: "approved"}
    assert await on.bill_owners(correction()) == [received().request_id]


async def test_what_was_approved_at_zero_is_voided_at_once(on: Line) -> None:
    await on.hears(FREE, received(contract_id="acme-free"))
    assert await on.hears(void()) == []
    assert (await on.states(), await on.bill_owners(received())) == ({1: "ended", 2: "ended"}, [None])


async def test_a_correction_of_zero_that_was_being_recalled_is_decided_when_payout_has_answered(
    on: Line,
) -> None:
    await on.hears(FREE, received(contract_id="acme-free"))
    await on.reviewer("recall")
    assert await on.hears(correction()) == []
    assert only(await on.too_late("recall"), SubmissionApproved).version == 2
    assert await on.states() == {1: "ended", 2: "approved"}


async def test_a_second_correction_replaces_the_waiting_one(on: Line) -> None:
    await on.hears(received(), correction())
    assert await on.hears(correction(version=3, lines=(line(charge_cents=8_000),))) == []
    approved = only(await on.stopped("correction"), SubmissionApproved)
    assert (approved.version, approved.adjudication.charge_cents) == (3, 8_000)
    assert await on.states() == {1: "ended", 2: "ended", 3: "approved"}


async def test_a_correction_keeps_the_bill(on: Line) -> None:
    await on.hears(received(), correction(lines=(line(),)))
    only(await on.stopped("correction"), SubmissionApproved)


async def test_a_denied_version_is_corrected(on: Line) -> None:
    await on.hears(received(lines=(line(code="97110"),)))
    only(await on.hears(correction()), SubmissionApproved)


async def test_a_void_ends_an_open_version_silently_and_frees_its_bill(on: Line) -> None:
    await on.hears(received(lines=DEAR))
    assert await on.hears(void()) == []
    assert await on.states() == {1: "ended", 2: "ended"}
    assert only(await on.hears(received("A2", lines=DEAR)), ReviewOpened).reasons == (Reason.ABOVE_TIER,)


async def test_a_void_of_an_approved_version_is_done_when_it_is_stopped(on: Line) -> None:
    await on.hears(received())
    assert only(await on.hears(void()), ApprovalRevoked).cause == "void"
    assert await on.stopped("void") == []
    assert await on.states() == {1: "ended", 2: "ended"}
    assert await on.bill_owners(received()) == [None]
    only(await on.hears(received("A2")), SubmissionApproved)


async def test_a_void_that_comes_too_late_needs_recovery(on: Line) -> None:
    await on.hears(received(), void())
    assert only(await on.too_late("void"), SubmissionExcepted).reason is Reason.RECOVERY_NEEDED
    assert await on.bill_owners(received()) == [received().request_id]


async def test_a_void_of_a_denied_version_has_nothing_to_void(on: Line) -> None:
    await on.hears(received(lines=(line(code="97110"),)))
    assert only(await on.hears(void()), SubmissionDenied).reason is Reason.ALREADY_ENDED


async def test_an_open_version_is_withdrawn_silently_and_its_bill_is_free(on: Line) -> None:
    await on.hears(received(lines=DEAR))
    assert await on.hears(WITHDRAWN) == []
    assert await on.states() == {1: "ended"}
    assert await on.bill_owners(received(lines=DEAR)) == [None]


async def test_an_approved_version_is_withdrawn_when_it_is_stopped(on: Line) -> None:
    await on.hears(received())
    assert only(await on.hears(WITHDRAWN), ApprovalRevoked).cause == "withdrawal"
    assert await on.stopped("withdrawal") == []
    assert (await on.states(), await on.bill_owners(received())) == ({1: "ended"}, [None])


async def test_a_withdrawal_that_comes_too_late_changes_nothing(on: Line) -> None:
    await on.hears(received(), WITHDRAWN)
    assert await on.too_late("withdrawal") == []
    assert (await on.states(), await on.bill_owners(received())) == ({1: "final"}, [received().request_id])


async def test_a_recalled_approval_is_reviewed_again(on: Line) -> None:
    await on.hears(received())
    assert only(await on.reviewer("recall"), ApprovalRevoked).cause == "recall"
    opened = only(await on.stopped("recall"), ReviewOpened)
    assert (opened.reasons, opened.proposed_cents) == ((Reason.RECALLED,), 9_000)
    only(await on.reviewer("approve"), SubmissionApproved)


async def test_a_recall_that_comes_too_late_stays_final(on: Line) -> None:
    await on.hears(received())
    approval = on.last_id
    await on.reviewer("recall")
    assert await on.too_late("recall") == []
    assert only(await on.reviewer("recall", answers=approval), CommandRefused).reason is Reason.TOO_LATE


async def test_a_correction_during_a_recall_is_decided_when_the_item_is_stopped(on: Line) -> None:
    await on.hears(received())
    await on.reviewer("recall")
    assert await on.hears(correction()) == []
    assert only(await on.stopped("recall"), SubmissionApproved).version == 2


async def test_a_withdrawal_during_a_recall_ends_it(on: Line) -> None:
    await on.hears(received())
    await on.reviewer("recall")
    assert await on.hears(WITHDRAWN) == []
    assert await on.stopped("recall") == []
    assert await on.states() == {1: "ended"}


async def test_a_waiting_correction_is_withdrawn_and_the_original_is_still_stopped(on: Line) -> None:
    await on.hears(received(), correction())
    await on.hears(WITHDRAWN.model_copy(update={"version": 2}))
    assert await on.stopped("correction") == []
    assert (await on.states(), await on.bill_owners(received())) == ({1: "ended", 2: "ended"}, [None])


@pytest.mark.parametrize("later", [correction(), void()], ids=["correction", "void"])
async def test_what_waited_for_a_recovery_and_was_withdrawn_stops_the_original_when_it_comes_back(
    on: Line, later: SubmissionReceived
) -> None:
    """The withdrawal of the latest version is the request's: what comes back is not paid again."""
    await on.hears(received(), later)
    await on.too_late("correction")
    assert await on.hears(WITHDRAWN.model_copy(update={"version": 2})) == []
    assert await on.states() == {1: "final", 2: "ended"}
    assert only(await on.came_back(), ApprovalRevoked).cause == "withdrawal"
    assert await on.stopped("withdrawal") == []
    assert (await on.states(), await on.bill_owners(received())) == ({1: "ended", 2: "ended"}, [None])


async def test_a_correction_withdrawn_before_the_answer_that_it_is_too_late_is_not_forgotten(
    on: Line,
) -> None:
    await on.hears(received(), correction(), WITHDRAWN.model_copy(update={"version": 2}))
    assert await on.too_late("correction") == []
    assert only(await on.came_back(), ApprovalRevoked).cause == "withdrawal"


async def test_an_answer_nobody_asked_for_changes_nothing(on: Line) -> None:
    await on.hears(received())
    assert await on.stopped("correction") == []
    assert await on.too_late("correction") == []
    assert await on.states() == {1: "approved"}


async def test_the_same_version_again_changes_nothing(on: Line) -> None:
    await on.hears(received())
    assert await on.hears(received()) == []
