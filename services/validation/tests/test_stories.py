"""What validation says to whom in which order, on a real database: one test, one story."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from chassis import Context, Heard, testing
from chassis.signer import Proof
from chassis.testing_people import called, signed_by
from throughline.decisions import (
    ApprovalRevoked,
    CommandRefused,
    ReviewOpened,
    SubmissionApproved,
    SubmissionDenied,
    SubmissionExcepted,
)
from throughline.items import ItemHeld, ItemStopped, ItemTooLate
from throughline.message import Message
from throughline.reasons import Reason
from throughline.reviews import DecideReview
from throughline.signed import kid_of, new_signing_key
from throughline.submissions import SubmissionReceived, SubmissionWithdrawn
from validation.app import service
from validation.duplicates import bill_keys
from validation.testing import authorisation, contract, fees, line, payer, provider, received

DEAR = (line(charge_cents=900_000, code="99214", units_thousandths=20_000),)
"""20 x 13,000 is allowed: above the tier of 100,000."""


class Line:
    """Delivers messages to validation and remembers what it said."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.said: list[testing.Said] = []

    async def hears(self, *messages: Message | Any) -> list[Message]:
        said = await testing.deliver(service, self.context, list(messages))
        self.said += said
        return [one.message for one in said]

    @property
    def last_id(self) -> UUID:
        return self.said[-1].id

    @property
    def proposed_cents(self) -> int | None:
        """What the latest review said would be paid."""
        opened = [one.message for one in self.said if isinstance(one.message, ReviewOpened)]
        return opened[-1].proposed_cents if opened else None

    async def reviewer(
        self, decision: str, version: int = 1, answers: UUID | None = None, sees_cents: int | None = None
    ) -> list[Message]:
        command = DecideReview(
            request_id=received().request_id,
            version=version,
            answers=answers or self.last_id,
            decision=decision,  # type: ignore[arg-type]
            note="seen",
            amount_cents=self.proposed_cents if sees_cents is None else sees_cents,
            actor="r-17",
        )
        return await self.hears(command)

    async def stopped(self, cause: str, version: int = 1) -> list[Message]:
        return await self.hears(ItemStopped(**self._answer(cause, version)))

    async def too_late(self, cause: str, version: int = 1) -> list[Message]:
        return await self.hears(ItemTooLate(**self._answer(cause, version), payment_id=uuid4()))

    async def came_back(self, reason: Reason = Reason.RETURNED, version: int = 1) -> list[Message]:
        about = self._answer("correction", version)
        del about["cause"]
        return await self.hears(ItemHeld(**about, reason=reason, payment_id=uuid4()))

    def _answer(self, cause: str, version: int) -> dict[str, Any]:
        approved = [one.id for one in self.said if isinstance(one.message, SubmissionApproved)]
        return {
            "request_id": received().request_id,
            "version": version,
            "decision_id": approved[-1],
            "cause": cause,
        }

    async def states(self) -> dict[int, str]:
        rows = await self.context.pool.fetch(
            "select version, state from versions where request_id = $1", received().request_id
        )
        return {row["version"]: row["state"] for row in rows}

    async def bill_owners(self, submission: SubmissionReceived) -> list[UUID | None]:
        query = "select owner from bill_keys where key = any($1)"
        return [row["owner"] for row in await self.context.pool.fetch(query, bill_keys(submission))]


@pytest.fixture
async def on(context: Context) -> Line:
    made = Line(context)
    await made.hears(payer(), provider(), contract(), fees(), authorisation())
    return made


def correction(version: int = 2, **changes: Any) -> SubmissionReceived:
    changes.setdefault("lines", (line(charge_cents=10_000),))
    return received(version=version, frequency="7", **changes)


def void(version: int = 2) -> SubmissionReceived:
    return received(version=version, frequency="8")


WITHDRAWN = SubmissionWithdrawn(request_id=received().request_id, version=1, partner="clinic-one")


def only(messages: list[Message], kind: type[Any]) -> Any:
    """The one message said, of this type."""
    assert [type(one) for one in messages] == [kind]
    return messages[0]


async def test_a_good_request_is_approved_with_its_price(on: Line) -> None:
    approved = only(await on.hears(received()), SubmissionApproved)
    assert (approved.adjudication.paid_cents, approved.adjudication.charge_cents) == (9_000, 12_000)
    assert approved.decided_by.kind == "system"
    assert len(approved.rule_set) == 64
    assert on.said[-1].topic == "decisions" and on.said[-1].key == str(approved.request_id).encode()
    assert await on.bill_owners(received()) == [received().request_id]


async def test_a_broken_rule_stops_it_and_claims_no_bill(on: Line) -> None:
    excepted = only(await on.hears(received(total_cents=1)), SubmissionExcepted)
    assert (excepted.reason, excepted.findings[0].rule) == (Reason.TOTAL_MISMATCH, "total-is-sum-of-lines")
    assert await on.bill_owners(received()) == []


async def test_late_filing_is_denied_with_its_adjustment_code(on: Line) -> None:
    await on.hears(contract(version=2, timely_filing_days=5))
    denied = only(await on.hears(received()), SubmissionDenied)
    assert denied.reason is Reason.TIMELY_FILING
    assert [(one.group, one.carc, one.amount_cents) for one in denied.adjudication.lines[0].adjustments] == [
        ("CO", "29", 12_000)
    ]


async def test_a_missing_authorisation_is_denied_as_such(on: Line) -> None:
    denied = only(await on.hears(received(lines=(line(code="97110"),))), SubmissionDenied)
    assert (denied.reason, denied.adjudication.lines[0].adjustments[0].carc) == (
        Reason.AUTHORISATION_MISSING,
        "197",
    )


async def test_two_channels_one_bill(on: Line) -> None:
    first, second = received(), received(partner="clinic-two")
    await on.hears(first)
    excepted = only(await on.hears(second), SubmissionExcepted)
    assert (excepted.reason, excepted.other_request_id) == (Reason.DUPLICATE, first.request_id)


async def test_the_same_bill_twice_in_one_slice(on: Line) -> None:
    said = await on.hears(received(), received(partner="clinic-two"), received("A2"))
    assert [type(one) for one in said] == [SubmissionApproved, SubmissionExcepted, SubmissionExcepted]


async def test_no_price_is_reviewed_and_cannot_be_approved_until_there_is_one(on: Line) -> None:
    opened = only(await on.hears(received(lines=(line(code="99499"),))), ReviewOpened)
    assert (opened.reasons, opened.proposed_cents) == ((Reason.NO_PRICE,), None)
    review = on.last_id
    refused = only(await on.reviewer("approve", answers=review), CommandRefused)
    assert refused.reason is Reason.NOT_ALLOWED_NOW
    await on.hears(fees(("99499", 5_000), version=2))
    approved = only(await on.reviewer("approve", answers=review, sees_cents=5_000), SubmissionApproved)
    assert approved.adjudication.paid_cents == 5_000
    assert (approved.decided_by.actor, approved.decided_by.note) == (REVIEWER.name, "seen")


async def test_above_the_tier_a_person_decides(on: Line) -> None:
    opened = only(await on.hears(received(lines=DEAR)), ReviewOpened)
    assert (opened.reasons, opened.proposed_cents) == ((Reason.ABOVE_TIER,), 260_000)
    assert only(await on.reviewer("approve"), SubmissionApproved).adjudication.paid_cents == 260_000


async def test_a_bill_under_review_is_held_against_others(on: Line) -> None:
    await on.hears(received(lines=DEAR))
    assert only(await on.hears(received("A2", lines=DEAR)), SubmissionExcepted).reason is Reason.DUPLICATE


async def test_two_unpriced_reviews_of_one_bill_cannot_both_be_approved(on: Line) -> None:
    unpriced = (line(code="99499"),)
    await on.hears(received("A2", lines=unpriced))
    other_review = on.last_id
    await on.hears(received(lines=unpriced))
    review = on.last_id
    await on.hears(fees(("99499", 5_000), version=2))
    only(await on.reviewer("approve", answers=review, sees_cents=5_000), SubmissionApproved)
    command = DecideReview(
        request_id=received("A2").request_id,
        version=1,
        answers=other_review,
        decision="approve",
        note="seen",
        amount_cents=5_000,
        actor="r-17",
    )
    assert only(await on.hears(command), SubmissionExcepted).reason is Reason.DUPLICATE


async def test_a_review_is_denied(on: Line) -> None:
    await on.hears(received(lines=DEAR))
    denied = only(await on.reviewer("deny"), SubmissionDenied)
    assert (denied.reason, denied.decided_by.kind) == (Reason.DENIED_BY_REVIEWER, "person")
    assert denied.adjudication.lines[0].adjustments[0].carc == "96"


async def test_a_review_is_returned_for_edits_and_released_again(on: Line) -> None:
    await on.hears(received(lines=DEAR))
    returned = only(await on.reviewer("return_for_edits"), SubmissionExcepted)
    assert (returned.reason, returned.note) == (Reason.RETURNED_FOR_EDITS, "seen")
    opened = only(await on.reviewer("release"), ReviewOpened)
    assert opened.reasons == (Reason.RELEASED_BY_REVIEWER,)


async def test_a_released_duplicate_is_paid_beside_the_other(on: Line) -> None:
    await on.hears(received("A0"))
    await on.hears(received())
    opened = only(await on.reviewer("release"), ReviewOpened)
    assert [one.reason for one in opened.findings] == [Reason.DUPLICATE]
    approved = only(await on.reviewer("approve"), SubmissionApproved)
    assert [one.reason for one in approved.findings] == [Reason.DUPLICATE]
    assert await on.bill_owners(received()) == [received("A0").request_id]


async def test_a_denied_duplicate_carries_code_18(on: Line) -> None:
    await on.hears(received("A0"))
    await on.hears(received())
    assert only(await on.reviewer("deny"), SubmissionDenied).adjudication.lines[0].adjustments[0].carc == "18"


async def test_an_answer_to_something_older_is_stale(on: Line) -> None:
    await on.hears(received(lines=DEAR))
    review = on.last_id
    await on.reviewer("return_for_edits")
    assert only(await on.reviewer("approve", answers=review), CommandRefused).reason is Reason.STALE_ANSWER


async def test_a_command_about_nothing_known_is_refused(on: Line) -> None:
    refused = only(await on.reviewer("approve", answers=uuid4()), CommandRefused)
    assert (refused.reason, on.said[-1].topic) == (Reason.UNKNOWN_SUBJECT, "decisions")


@pytest.mark.parametrize("decision", ["approve", "deny", "return_for_edits", "release"])
async def test_an_approved_version_is_only_recalled(on: Line, decision: str) -> None:
    await on.hears(received())
    assert only(await on.reviewer(decision), CommandRefused).reason is Reason.NOT_ALLOWED_NOW


async def test_two_reviewers_in_one_slice_the_first_counts(on: Line) -> None:
    await on.hears(received(lines=DEAR))
    commands = [
        DecideReview(
            request_id=received().request_id,
            version=1,
            answers=on.last_id,
            decision=decision,
            note="n",
            actor="r",
        )
        for decision in ("deny", "approve")
    ]
    said = await on.hears(*commands)
    assert [type(one) for one in said] == [SubmissionDenied, CommandRefused]


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


@pytest.mark.parametrize("reason", [Reason.RETURNED, Reason.REFUSED_BY_BANK])
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


async def test_an_answer_nobody_asked_for_changes_nothing(on: Line) -> None:
    await on.hears(received())
    assert await on.stopped("correction") == []
    assert await on.too_late("correction") == []
    assert await on.states() == {1: "approved"}


async def test_the_same_version_again_changes_nothing(on: Line) -> None:
    await on.hears(received())
    assert await on.hears(received()) == []


async def test_reference_data_of_a_lower_version_is_ignored(on: Line) -> None:
    await on.hears(payer(version=3, auto_approve_below_cents=1), payer(version=2), payer(version=3))
    assert only(await on.hears(received()), ReviewOpened).reasons == (Reason.ABOVE_TIER,)


async def test_another_process_sees_new_reference_data_at_once(on: Line, context: Context) -> None:
    from validation.app import build_resources

    await on.hears(received("A0"))
    resources = await build_resources(context.settings, context.pool)
    other = Line(testing.context_for(service, context.pool, settings=context.settings, resources=resources))
    await other.hears(payer(version=2, auto_approve_below_cents=1))
    assert only(await on.hears(received(lines=(line(charge_cents=100),))), ReviewOpened).reasons == (
        Reason.ABOVE_TIER,
    )


async def test_the_rule_set_is_kept_with_the_decision(on: Line, pool: asyncpg.Pool) -> None:
    approved = only(await on.hears(received()), SubmissionApproved)
    assert (await pool.fetchval("select rule_set from versions")).hex() == approved.rule_set


# Who decides. The table of every way in which a signature can be wrong is the chassis' (`test_who_may_command`).


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


REVIEWER = called("r-17", "reviewer")
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
