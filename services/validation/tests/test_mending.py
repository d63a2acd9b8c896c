"""What is returned is mended as it was asked, by who sent it, and not for ever; releases name their checks."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from test_screening_stories import differences
from validation_stories import DEAR, Line, correction, only, void

from throughline.decisions import (
    CommandRefused,
    ReviewOpened,
    SubmissionApproved,
    SubmissionExcepted,
)
from throughline.edits import EditableField
from throughline.reasons import Reason
from throughline.requests import Payee
from throughline.reviews import DecideReview
from throughline.sensitive import SensitiveTin
from throughline.submissions import SubmissionReceived
from validation.testing import NPI, line, payer, received


async def returned(on: Line, *fields: EditableField, version: int = 1) -> SubmissionExcepted:
    command = DecideReview(
        request_id=received().request_id,
        version=version,
        answers=on.last_id,
        decision="return_for_edits",
        fields=fields or None,
        note="the units, please",
        actor="r-17",
    )
    excepted: SubmissionExcepted = only(await on.hears(command), SubmissionExcepted)
    return excepted


def mended(version: int = 2, **changes: Any) -> SubmissionReceived:
    """As DEAR, for fewer units."""
    changes.setdefault("lines", (DEAR[0].model_copy(update={"units_thousandths": 1_000}),))
    return correction(version, **changes)


async def test_what_was_asked_is_mended_and_decided(on: Line) -> None:
    await on.hears(received(lines=DEAR))
    assert (await returned(on, "lines.units_thousandths")).fields == ("lines.units_thousandths",)
    only(await on.hears(mended()), SubmissionApproved)


PAID_ELSE = Payee(kind="npi", identifier=NPI, tin=SensitiveTin("123456789"), name="Somebody else")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"invoice_number": "SECOND"}, "invoice_number", id="another field"),
        pytest.param({"payee": PAID_ELSE}, "payee", id="who is paid"),
        pytest.param(
            {"lines": (line(code="99213", charge_cents=900_000),)}, "lines.code", id="another field of a line"
        ),
    ],
)
async def test_what_was_not_asked_is_stopped_and_named(on: Line, changes: dict[str, Any], field: str) -> None:
    await on.hears(received(lines=DEAR))
    await returned(on, "lines.units_thousandths")
    stopped = only(await on.hears(mended(**changes)), SubmissionExcepted)
    assert (stopped.reason, stopped.findings[0].field) == (Reason.FIELD_NOT_ASKED, field)
    assert stopped.fields == ("lines.units_thousandths",), "the next is measured by what was returned"
    again = only(await on.hears(mended(3, **changes)), SubmissionExcepted)
    assert again.reason is Reason.FIELD_NOT_ASKED
    only(await on.hears(mended(4)), SubmissionApproved)


async def test_who_is_paid_stays_where_nothing_is_named(on: Line) -> None:
    await on.hears(received(lines=DEAR))
    assert (await returned(on)).fields is None
    stopped = only(await on.hears(mended(payee=PAID_ELSE)), SubmissionExcepted)
    assert (stopped.reason, stopped.findings[0].field) == (Reason.FIELD_NOT_ASKED, "payee")
    only(await on.hears(mended(3, invoice_number="SECOND")), SubmissionApproved)


async def test_what_nobody_returned_is_corrected_as_its_sender_likes(on: Line) -> None:
    await on.hears(received(total_cents=1))
    only(await on.hears(mended(payee=PAID_ELSE)), SubmissionApproved)


async def test_it_may_still_be_voided(on: Line) -> None:
    await on.hears(received(lines=DEAR))
    await returned(on, "attachments")
    assert await on.hears(void()) == []
    assert await on.states() == {1: "ended", 2: "ended"}


async def test_another_organisation_mends_nothing(on: Line) -> None:
    own, other = uuid4(), uuid4()
    await on.hears(received(lines=DEAR).model_copy(update={"organisation_id": own}))
    await returned(on, "lines")
    stopped = only(await on.hears(mended().model_copy(update={"organisation_id": other})), SubmissionExcepted)
    assert stopped.reason is Reason.OTHER_ORGANISATION
    only(await on.hears(mended(3).model_copy(update={"organisation_id": own})), SubmissionApproved)


async def test_it_is_mended_as_often_as_the_payer_allows(on: Line) -> None:
    await on.hears(payer(version=2, edits_max=1), received(lines=DEAR))
    await returned(on, "lines")
    only(await on.hears(mended(lines=DEAR)), ReviewOpened)
    await returned(on, "lines", version=2)
    stopped = only(await on.hears(mended(3)), SubmissionExcepted)
    assert stopped.reason is Reason.EDITS_USED_UP
    assert only(await on.hears(mended(4)), SubmissionExcepted).reason is Reason.EDITS_USED_UP
    opened = only(await on.reviewer("release", version=4), ReviewOpened)
    assert opened.overrides == (Reason.EDITS_USED_UP,)
    only(await on.reviewer("approve", version=4), SubmissionApproved)


async def test_it_comes_to_the_same_when_decided_again(on: Line) -> None:
    await on.hears(received(lines=DEAR))
    await returned(on, "lines.units_thousandths")
    await on.hears(mended(invoice_number="SECOND"))
    assert await differences(on, on.context) == []


@pytest.mark.parametrize(
    "named",
    [None, (), (Reason.DUPLICATE,), (Reason.TOTAL_MISMATCH, Reason.DUPLICATE)],
    ids=["none", "nothing", "another", "one too many"],
)
async def test_a_release_names_what_it_overrides(on: Line, named: tuple[Reason, ...] | None) -> None:
    await on.hears(received(total_cents=1))
    release = DecideReview(
        request_id=received().request_id,
        version=1,
        answers=on.last_id,
        decision="release",
        overrides=named,
        note="seen",
        actor="r-17",
    )
    stopped = on.last_id
    assert only(await on.hears(release), CommandRefused).reason is Reason.OTHER_CHECKS
    opened = only(await on.reviewer("release", answers=stopped), ReviewOpened)
    assert opened.overrides == (Reason.TOTAL_MISMATCH,)
