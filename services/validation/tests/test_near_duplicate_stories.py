"""What becomes of near and suspect duplicates: who is stopped, what is told of it, and how a person lets it pass."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from validation_stories import Line, only

from chassis import Context, testing
from throughline.decisions import ReviewOpened, SubmissionApproved, SubmissionExcepted
from throughline.findings import DuplicateMatch, Finding
from throughline.items import ItemStopped
from throughline.reasons import Reason, Severity
from throughline.requests import Attachment, Payee
from throughline.reviews import DecideReview
from throughline.sensitive import Sensitive, SensitiveTin
from throughline.submissions import SubmissionReceived, SubmissionWithdrawn
from validation.app import service
from validation.near_duplicates.rules import load_duplicate_rules
from validation.past_repository import CANDIDATES_MAX
from validation.testing import SERVICE_DAY, contract, fees, line, member, payer, provider, received

OTHER = Payee(kind="npi", identifier="1558598797", tin=SensitiveTin("912345678"))
FIRST = received("FIRST", subject=member(1))


def second(number: str = "SECOND", cents: int = 11_000, **changes: Any) -> SubmissionReceived:
    """Nearly the same: another amount."""
    return received(number, **{"subject": member(1), "lines": (line(charge_cents=cents),), **changes})


class Desk:
    """Validation, and one reviewer who answers what was said last of a request."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.latest: dict[Any, testing.Said] = {}

    async def hears(self, *messages: Any) -> list[Any]:
        said = await testing.deliver(service, self.context, list(messages))
        for one in said:
            self.latest[one.message.request_id] = one  # type: ignore[attr-defined]
        return [one.message for one in said]

    async def reviewer(self, of: SubmissionReceived, decision: str) -> Any:
        last = self.latest[of.request_id]
        command = DecideReview(
            request_id=of.request_id, version=of.version, answers=last.id, decision=decision,  # type: ignore[arg-type]
            note="seen", actor="-", amount_cents=getattr(last.message, "proposed_cents", None),
            overrides=getattr(last.message, "checks", None),
        )  # fmt: skip
        (said,) = await self.hears(command)
        return said


@pytest.fixture
async def desk(context: Context) -> Desk:
    other = provider(
        payee_id=second(payee=OTHER).payee_id,
        identifier=OTHER.identifier,
        npi=OTHER.identifier,
        tin=OTHER.tin,
    )
    await testing.deliver(service, context, [payer(), provider(), other, contract(), fees()])
    return Desk(context)


def duplicate_in(findings: tuple[Finding, ...]) -> tuple[Finding, DuplicateMatch]:
    (finding,) = [one for one in findings if one.duplicate is not None]
    assert finding.duplicate is not None
    return finding, finding.duplicate


@pytest.mark.parametrize("in_one_slice", [True, False])
async def test_a_near_duplicate_is_stopped_and_told_whole(desk: Desk, in_one_slice: bool) -> None:
    if in_one_slice:
        _, excepted = await desk.hears(FIRST, second())
    else:
        await desk.hears(FIRST)
        (excepted,) = await desk.hears(second())
    assert isinstance(excepted, SubmissionExcepted)
    assert (excepted.reason, excepted.other_request_id) == (Reason.DUPLICATE_NEAR, FIRST.request_id)
    finding, told = duplicate_in(excepted.findings)
    rules = load_duplicate_rules().in_force_on(SERVICE_DAY)
    assert (told.kind, told.other_request_id, told.other_version, told.score) == (
        "near",
        FIRST.request_id,
        1,
        90,
    )
    assert (told.rules, told.rules_sha256) == (rules.id, rules.sha256)
    assert told.keys == ("payee", "member", "name", "birth", "dates", "code", "units")
    assert "90 of 100" in finding.message and member(1).member_id.reveal() not in finding.message


async def test_a_reviewer_releases_it_beside_what_was_shown_and_beside_nothing_else(desk: Desk) -> None:
    near = second()
    await desk.hears(FIRST, near)
    assert isinstance(await desk.reviewer(near, "release"), ReviewOpened)
    third = received("THIRD", subject=member(1), lines=(line(charge_cents=900, modifiers=("25",)),))
    await desk.hears(third)
    await desk.reviewer(third, "release")
    assert isinstance(await desk.reviewer(third, "approve"), SubmissionApproved)
    again = await desk.reviewer(near, "approve")
    assert isinstance(again, SubmissionExcepted) and again.other_request_id == third.request_id
    await desk.reviewer(near, "release")
    assert isinstance(await desk.reviewer(near, "approve"), SubmissionApproved)


async def test_a_correction_of_what_was_released_is_not_stopped_for_it_again(desk: Desk) -> None:
    near = second()
    await desk.hears(FIRST, near)
    await desk.reviewer(near, "release")
    await desk.reviewer(near, "approve")
    decision_id = desk.latest[near.request_id].id
    stopped = ItemStopped(request_id=near.request_id, version=1, decision_id=decision_id, cause="correction")
    (_revoked, approved) = await desk.hears(
        second(version=2, frequency="7", cents=10_500)
    ) + await desk.hears(stopped)
    assert isinstance(approved, SubmissionApproved)


async def test_a_suspected_duplicate_asks_a_person_and_holds_its_bill_meanwhile(desk: Desk) -> None:
    suspected = second(cents=12_000, payee=OTHER)
    _, opened = await desk.hears(FIRST, suspected)
    assert isinstance(opened, ReviewOpened) and opened.reasons == (Reason.DUPLICATE_SUSPECT,)
    finding, told = duplicate_in(opened.findings)
    assert (finding.severity, told.kind, told.other_request_id) == (
        Severity.REVIEW,
        "suspect",
        FIRST.request_id,
    )
    (excepted,) = await desk.hears(second("AGAIN", 12_000, payee=OTHER))
    assert excepted.other_request_id == suspected.request_id
    assert isinstance(await desk.reviewer(suspected, "approve"), SubmissionApproved)


async def test_a_period_over_two_months_is_found_from_either(desk: Desk) -> None:
    """And days that no calendar goes beyond stop nobody else."""
    period = line(from_date=date(2026, 9, 20), to_date=date(2026, 11, 2))
    odd = received("ODD", subject=member(8), lines=(line(from_date=date.min, to_date=date.max),))
    await desk.hears(received("LONG", subject=member(1), lines=(period,)), odd)
    for day in (date(2026, 9, 25), date(2026, 10, 12), date(2026, 11, 1)):
        (excepted,) = await desk.hears(
            second(f"D{day}", lines=(line(from_date=day, to_date=day, charge_cents=1),))
        )
        assert isinstance(excepted, SubmissionExcepted) and excepted.reason is Reason.DUPLICATE_NEAR


async def test_a_document_is_found_with_whomever_it_came(desk: Desk) -> None:
    chart = (Attachment(type="chart", sha256="ab" * 32),)
    await desk.hears(received("X", subject=member(5), attachments=chart))
    (opened,) = await desk.hears(received("Y", subject=member(6), attachments=chart))
    assert isinstance(opened, ReviewOpened) and duplicate_in(opened.findings)[1].keys == ("attachment",)


async def test_what_was_withdrawn_counts_no_more_and_what_was_denied_does(desk: Desk) -> None:
    await desk.hears(FIRST)
    decision_id = desk.latest[FIRST.request_id].id
    await desk.hears(SubmissionWithdrawn(request_id=FIRST.request_id, version=1, partner="clinic-one"))
    await desk.hears(
        ItemStopped(request_id=FIRST.request_id, version=1, decision_id=decision_id, cause="withdrawal")
    )
    (approved,) = await desk.hears(second())
    assert isinstance(approved, SubmissionApproved)
    dear = received("DEAR", subject=member(2), lines=(line(charge_cents=900_000, units_thousandths=20_000),))
    await desk.hears(dear)
    await desk.reviewer(dear, "deny")
    (excepted,) = await desk.hears(received("CHEAP", subject=member(2)))
    assert isinstance(excepted, SubmissionExcepted) and excepted.other_request_id == dear.request_id


async def test_twins_are_both_paid_and_the_second_says_whom_it_resembles(desk: Desk) -> None:
    twin = received("TWIN", subject=member(1, first_name=Sensitive("Zuzanna")))
    one, two = await desk.hears(FIRST, twin)
    assert isinstance(one, SubmissionApproved) and isinstance(two, SubmissionApproved)
    finding, told = duplicate_in(two.findings)
    assert (finding.severity, told.kind, told.other_request_id) == (
        Severity.NOTE,
        "near_miss",
        FIRST.request_id,
    )
    (excepted,) = await desk.hears(received("TWIN-2", subject=member(1, first_name=Sensitive("Zuzanna"))))
    assert excepted.reason is Reason.DUPLICATE and excepted.other_request_id == twin.request_id


async def test_a_second_payer_is_asked_but_not_as_a_duplicate(desk: Desk) -> None:
    await desk.hears(payer(payer="bolt"), contract(contract_id="bolt-general", payer="bolt"), FIRST)
    secondary = received("SECOND", subject=member(1), payer="bolt", payer_order="S")
    (opened,) = await desk.hears(secondary)
    assert isinstance(opened, ReviewOpened) and opened.reasons == (Reason.RULE_ASKS_REVIEW,)
    assert isinstance(await desk.reviewer(secondary, "approve"), SubmissionApproved)


async def test_what_was_claimed_while_a_review_was_open_is_shown_before_it_is_approved(desk: Desk) -> None:
    """The review for another cause holds no bill; what came meanwhile was approved."""
    asked = received(
        "ASKED", subject=member(1), rendering_provider="1558598797", lines=(line(charge_cents=11_000),)
    )
    inactive = provider(version=2, payee_id=second(payee=OTHER).payee_id, identifier=OTHER.identifier,
                        npi=OTHER.identifier, tin=OTHER.tin, active=False)  # fmt: skip
    await desk.hears(inactive)
    opened, approved = await desk.hears(asked, FIRST)
    assert isinstance(opened, ReviewOpened) and isinstance(approved, SubmissionApproved)
    stopped = await desk.reviewer(asked, "approve")
    assert isinstance(stopped, SubmissionExcepted) and stopped.reason is Reason.DUPLICATE_NEAR
    await desk.reviewer(asked, "release")
    assert isinstance(await desk.reviewer(asked, "approve"), SubmissionApproved)


async def test_versions_that_ended_hide_nothing_that_follows_them(on: Line) -> None:
    """However many versions of one request ended: candidates are counted among what stands."""
    day = SERVICE_DAY - timedelta(days=1)
    dear = [
        line(
            from_date=day, to_date=day, charge_cents=900_000 + number, code="99214", units_thousandths=20_000
        )
        for number in range(CANDIDATES_MAX + 2)
    ]
    versions = [
        received("L", version=at, frequency="1" if at == 1 else "7", subject=member(1), lines=(one,))
        for at, one in enumerate(dear, 1)
    ]
    await on.hears(*versions)
    last = versions[-1]
    await on.hears(
        SubmissionWithdrawn(request_id=last.request_id, version=last.version, partner="clinic-one")
    )
    only(await on.hears(received(subject=member(1))), SubmissionApproved)
    mistyped = member(1, member_id=Sensitive(member(1).member_id.reveal() + "0"))
    excepted = only(await on.hears(received("Y", partner="clinic-two", subject=mistyped)), SubmissionExcepted)
    assert (excepted.reason, excepted.other_request_id) == (Reason.DUPLICATE_NEAR, received().request_id)
