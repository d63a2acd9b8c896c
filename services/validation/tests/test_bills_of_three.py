"""One bill by three ways: whom a reviewer lets be paid beside whom, and what becomes of it when the first one goes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from chassis import Context, testing
from throughline.decisions import ReviewOpened, SubmissionApproved, SubmissionExcepted
from throughline.items import ItemStopped
from throughline.reviews import DecideReview
from throughline.submissions import SubmissionWithdrawn
from validation.app import service
from validation.testing import contract, fees, payer, provider, received


class Desk:
    """Three requests that bill the same, and a reviewer."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.latest: dict[UUID, testing.Said] = {}

    async def hears(self, *messages: Any) -> list[Any]:
        said = await testing.deliver(service, self.context, list(messages))
        for one in said:
            self.latest[one.message.request_id] = one  # type: ignore[attr-defined]
        return [one.message for one in said]

    async def reviewer(self, number: str, decision: str) -> list[Any]:
        request_id = received(number).request_id
        values: dict[str, Any] = {"decision": decision, "note": "seen", "actor": "-"}
        if decision == "approve":
            values["amount_cents"] = self.latest[request_id].message.proposed_cents  # type: ignore[attr-defined]
        if decision == "release":
            values["overrides"] = self.latest[request_id].message.checks  # type: ignore[attr-defined]
        return await self.hears(
            DecideReview(request_id=request_id, version=1, answers=self.latest[request_id].id, **values)
        )

    async def released(self, number: str) -> list[Any]:
        """What approving a duplicate after its release brings."""
        await self.reviewer(number, "release")
        return await self.reviewer(number, "approve")

    async def withdrawn(self, number: str) -> None:
        request_id = received(number).request_id
        decision_id = self.latest[request_id].id
        await self.hears(SubmissionWithdrawn(request_id=request_id, version=1, partner="clinic-one"))
        await self.hears(
            ItemStopped(request_id=request_id, version=1, decision_id=decision_id, cause="withdrawal")
        )


@pytest.fixture
async def desk(context: Context) -> Desk:
    await testing.deliver(service, context, [payer(), provider(), contract(), fees()])
    return Desk(context)


async def test_what_was_paid_beside_the_owner_holds_the_bill_when_the_owner_goes(desk: Desk) -> None:
    await desk.hears(received("A"), received("B"))
    (approved,) = await desk.released("B")
    assert isinstance(approved, SubmissionApproved)
    await desk.withdrawn("A")
    (excepted,) = await desk.hears(received("C"))
    assert isinstance(excepted, SubmissionExcepted)
    assert excepted.other_request_id == received("B").request_id
    await desk.withdrawn("B")
    (approved,) = await desk.hears(received("D"))
    assert isinstance(approved, SubmissionApproved)


async def test_who_goes_from_beside_the_owner_leaves_the_bill_with_the_owner(desk: Desk) -> None:
    await desk.hears(received("A"), received("B"))
    await desk.released("B")
    await desk.withdrawn("B")
    (excepted,) = await desk.hears(received("C"))
    assert isinstance(excepted, SubmissionExcepted)
    assert excepted.other_request_id == received("A").request_id


async def test_a_release_is_for_the_duplicate_that_was_shown_and_no_other(desk: Desk) -> None:
    await desk.hears(received("A"), received("B"))
    await desk.reviewer("B", "release")
    await desk.withdrawn("A")
    await desk.hears(received("C"))
    (excepted,) = await desk.reviewer("B", "approve")
    assert isinstance(excepted, SubmissionExcepted)
    assert excepted.other_request_id == received("C").request_id
    (reopened,) = await desk.reviewer("B", "release")
    assert isinstance(reopened, ReviewOpened)
    (approved,) = await desk.reviewer("B", "approve")
    assert isinstance(approved, SubmissionApproved)


async def test_a_correction_of_what_was_paid_beside_inherits_that(desk: Desk) -> None:
    await desk.hears(received("A"), received("B"))
    await desk.released("B")
    request_id = received("B").request_id
    decision_id = desk.latest[request_id].id
    await desk.hears(received("B", version=2, frequency="7"))
    (approved,) = await desk.hears(
        ItemStopped(request_id=request_id, version=1, decision_id=decision_id, cause="correction")
    )
    assert isinstance(approved, SubmissionApproved)
