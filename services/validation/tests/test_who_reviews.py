"""Who decides. The table of every way in which a signature can be wrong is the chassis' (``test_who_may_command``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from validation_stories import DEAR, REVIEWER, Line, only

from chassis import Heard, testing
from chassis.signer import Proof
from chassis.testing_people import called, signed_by
from throughline.decisions import (
    CommandRefused,
    SubmissionApproved,
    SubmissionDenied,
)
from throughline.reasons import Reason
from throughline.reviews import DENIAL_REASONS, DecideReview
from throughline.signed import kid_of, new_signing_key
from validation.testing import payer, received


def asked(on: Line, decision: str = "approve", **changes: Any) -> Heard[DecideReview]:
    values = {"note": "seen", "actor": REVIEWER.name, "amount_cents": on.proposed_cents, **changes}
    command = DecideReview(
        request_id=received().request_id,
        version=1,
        answers=on.last_id,
        decision=decision,  # type: ignore[arg-type]
        **values,
    )
    return testing.heard(command, str(command.request_id), topic="reviews")


RELEASER = called("r-18", "releaser")
UNSIGNED = Proof(b"{}", None, None, None)
PORTAL = new_signing_key()


@pytest.mark.parametrize(
    ("attempt", "reason"),
    [
        pytest.param(lambda on: replace(asked(on), proof=UNSIGNED), Reason.UNSIGNED, id="unsigned"),
        pytest.param(
            lambda on: replace(signed_by(REVIEWER, asked(on)), envelope=asked(on).envelope),
            Reason.SIGNATURE_ALTERED,
            id="the signature of another command",
        ),
        pytest.param(
            lambda on: signed_by(RELEASER, asked(on, actor=RELEASER.name)),
            Reason.ROLE_MISSING,
            id="by a releaser",
        ),
        pytest.param(
            lambda on: signed_by(RELEASER, asked(on)), Reason.ROLE_MISSING, id="by a releaser for another"
        ),
        pytest.param(
            lambda on: signed_by(REVIEWER, asked(on, actor=RELEASER.name)),
            Reason.ACTOR_DIFFERS,
            id="in the name of another",
        ),
        pytest.param(
            lambda on: signed_by(REVIEWER, asked(on, amount_cents=259_999)),
            Reason.STALE_AMOUNT,
            id="another amount than was seen",
        ),
        pytest.param(
            lambda on: signed_by(REVIEWER, asked(on, amount_cents=None)),
            Reason.STALE_AMOUNT,
            id="no amount seen",
        ),
        pytest.param(
            lambda on: signed_by(REVIEWER, asked(on), key=PORTAL, method="passkey"),
            Reason.STEP_UP_MISSING,
            id="above the tier without a passkey over it",
        ),
    ],
)
async def test_an_approval_that_nobody_may_give_changes_nothing(
    on: Line, attempt: Callable[[Line], Heard[DecideReview]], reason: Reason
) -> None:
    on.context.trust.portals[kid_of(PORTAL)] = PORTAL
    await on.hears(received(lines=DEAR))
    before = await on.states()
    assert only(await on.hears(attempt(on)), CommandRefused).reason is reason
    assert await on.states() == before == {1: "review"}


async def test_a_passkey_over_the_command_approves_above_the_tier(on: Line) -> None:
    on.context.trust.portals[kid_of(PORTAL)] = PORTAL
    await on.hears(received(lines=DEAR))
    stepping = signed_by(REVIEWER, asked(on), key=PORTAL, method="passkey", stepping_up=True)
    approved = only(await on.hears(stepping), SubmissionApproved)
    assert approved.decided_by.actor == REVIEWER.name


async def test_a_payer_may_set_from_which_amount_a_passkey_is_needed(on: Line) -> None:
    on.context.trust.portals[kid_of(PORTAL)] = PORTAL
    await on.hears(payer(version=2, second_approval_cents=260_001), received(lines=DEAR))
    only(
        await on.hears(signed_by(REVIEWER, asked(on), key=PORTAL, method="passkey")),
        SubmissionApproved,
    )


async def test_nobody_approves_what_they_sent(on: Line) -> None:
    """Nor what they corrected: every version of the request counts."""
    sent = received(lines=DEAR).model_copy(update={"submitted_by": REVIEWER.person_id})
    await on.hears(sent)
    assert only(await on.reviewer("approve"), CommandRefused).reason is Reason.SAME_PERSON
    await on.hears(received(version=2, frequency="7", lines=DEAR))
    review = on.last_id
    refused = only(await on.reviewer("approve", version=2), CommandRefused)
    assert refused.reason is Reason.SAME_PERSON
    only(await on.reviewer("deny", version=2, answers=review), SubmissionDenied)


@pytest.mark.parametrize("reason", DENIAL_REASONS)
async def test_a_reviewer_denies_for_a_reason_that_the_remittance_can_tell(on: Line, reason: Reason) -> None:
    await on.hears(received(lines=DEAR))
    denied = only(await on.hears(signed_by(REVIEWER, asked(on, "deny", reason=reason))), SubmissionDenied)
    assert denied.reason is reason
    codes = {one.carc for line in denied.adjudication.lines for one in line.adjustments}
    assert codes and codes.isdisjoint({"16", "96"}), "no code that says nothing"


async def test_a_denial_for_something_else_is_refused(on: Line) -> None:
    await on.hears(received(lines=DEAR))
    refused = only(
        await on.hears(signed_by(REVIEWER, asked(on, "deny", reason=Reason.EMPTY))), CommandRefused
    )
    assert refused.reason is Reason.NOT_ALLOWED_NOW
