"""Validation as the stories tell it: it hears messages on a real database, and what it says is remembered."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from chassis import Context, testing
from chassis.testing_people import called
from throughline.decisions import ReviewOpened, SubmissionApproved, SubmissionExcepted
from throughline.items import ItemHeld, ItemStopped, ItemTooLate
from throughline.message import Message
from throughline.reasons import Reason
from throughline.reviews import DecideReview
from throughline.submissions import SubmissionReceived, SubmissionWithdrawn
from validation.app import service
from validation.duplicates import bill_keys
from validation.testing import line, received

REVIEWER = called("r-17", "reviewer")
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

    @property
    def checks(self) -> tuple[Reason, ...]:
        """What the latest exception was stopped by."""
        stopped = [one.message for one in self.said if isinstance(one.message, SubmissionExcepted)]
        return stopped[-1].checks if stopped else ()

    async def reviewer(
        self,
        decision: str,
        version: int = 1,
        answers: UUID | None = None,
        sees_cents: int | None = None,
        **changes: Any,
    ) -> list[Message]:
        command = DecideReview(
            request_id=received().request_id,
            version=version,
            answers=answers or self.last_id,
            decision=decision,  # type: ignore[arg-type]
            note="seen",
            amount_cents=self.proposed_cents if sees_cents is None else sees_cents,
            overrides=self.checks if decision == "release" else None,
            actor="r-17",
            **changes,
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


def correction(version: int = 2, **changes: Any) -> SubmissionReceived:
    changes.setdefault("lines", (line(charge_cents=10_000),))
    return received(version=version, frequency="7", **changes)


def void(version: int = 2) -> SubmissionReceived:
    return received(version=version, frequency="8")


WITHDRAWN = SubmissionWithdrawn(request_id=received().request_id, version=1, partner="clinic-one")


def only(messages: list[Message], kind: type[Any]) -> Any:
    """The one message said, of this type."""
    assert [type(one) for one in messages] == [kind], messages
    return messages[0]
