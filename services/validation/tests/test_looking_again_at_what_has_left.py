"""What was too late to be stopped once is asked for again when something new comes up against it; so is what a change
of provider, contract or authorisation takes back."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from test_looking_again import CHECKS, looks_again
from test_looking_again import ENDED as COVERAGE_ENDED
from test_screening_stories import BY_NAME, BY_NUMBER, differences
from validation_stories import Line, correction, only

from chassis import Context
from throughline.decisions import (
    ApprovalRevoked,
    RecoveryOpened,
    ReviewOpened,
    SubmissionApproved,
    SubmissionDenied,
    SubmissionExcepted,
)
from throughline.exclusions import Exclusion, name_hashes
from throughline.identifiers import payee_id_for
from throughline.items import ItemStopped
from throughline.reasons import Reason
from validation.reference import Entity
from validation.testing import PAYEE_ID, authorisation, contract, excluded, insured, line, provider, received

OTHER = "1558598797"
ENDED = date(2026, 11, 1)
LISTED = "Morgan Vale"


async def test_what_was_paid_before_a_list_came_is_recovered_once(on: Line) -> None:
    await on.hears(received())
    await on.reviewer("recall")
    assert await on.too_late("recall") == []
    await on.hears(excluded(BY_NUMBER))
    revoked = only(await looks_again(on), ApprovalRevoked)
    assert (revoked.cause, revoked.reason) == ("recall", Reason.EXCLUDED)
    opened = only(await on.too_late("recall"), RecoveryOpened)
    assert (opened.reason, opened.paid_cents) == (Reason.EXCLUDED, 9_000)
    await on.hears(excluded(BY_NUMBER, version=2))
    assert await looks_again(on) == []


async def test_what_was_paid_for_days_before_the_exclusion_stays_paid(on: Line) -> None:
    await on.hears(received())
    await on.reviewer("recall")
    await on.too_late("recall")
    await on.hears(excluded(Exclusion(npi=BY_NUMBER.npi, excluded_on=date(2026, 11, 3))))
    assert await looks_again(on) == []


async def test_a_correction_that_waits_for_a_recovery_is_decided_if_the_money_has_come_back(on: Line) -> None:
    await on.hears(received(), correction())
    await on.too_late("correction")
    await on.hears(excluded(BY_NAME))
    assert only(await looks_again(on), ApprovalRevoked).reason is Reason.EXCLUSION_NAME
    assert only(await on.stopped("recall"), ReviewOpened).version == 2
    assert await on.states() == {1: "ended", 2: "review"}


@pytest.mark.parametrize("change", [{"name": LISTED}, {"npi": OTHER}], ids=["name", "number"])
async def test_who_takes_a_listed_name_or_number_is_screened_at_once(
    on: Line, change: dict[str, Any]
) -> None:
    await on.hears(excluded(Exclusion(npi=OTHER), Exclusion(names=name_hashes(LISTED))))
    only(await on.hears(received()), SubmissionApproved)
    await on.hears(provider(version=2, group="valley"))
    assert await looks_again(on) == []
    await on.hears(provider(version=3, **change))
    assert only(await looks_again(on), ApprovalRevoked).reason in (Reason.EXCLUSION_NAME, Reason.EXCLUDED)


async def test_who_gave_a_service_and_is_recorded_under_a_listed_name_is_screened_at_once(on: Line) -> None:
    await on.hears(excluded(Exclusion(names=name_hashes(LISTED))))
    await on.hears(provider(payee_id=payee_id_for("npi", OTHER), identifier=OTHER, npi=OTHER))
    only(await on.hears(received(rendering_provider=OTHER)), SubmissionApproved)
    await on.hears(
        provider(payee_id=payee_id_for("npi", OTHER), identifier=OTHER, npi=OTHER, version=2, name=LISTED)
    )
    assert only(await looks_again(on), ApprovalRevoked).reason is Reason.EXCLUSION_NAME


async def test_a_payee_who_is_renamed_to_another_listed_name_is_screened_though_a_person_let_the_first_pass(
    on: Line,
) -> None:
    """Recorded under the same name, spelt otherwise, it is not asked again."""
    on_file = provider().name
    listed = (Exclusion(names=name_hashes(on_file)), Exclusion(names=name_hashes(LISTED)))
    await on.hears(excluded(*listed), received())
    only(await on.reviewer("approve"), SubmissionApproved)
    await on.hears(provider(version=2, name=on_file.upper()))
    assert await looks_again(on) == []
    await on.hears(provider(version=3, name=LISTED))
    assert only(await looks_again(on), ApprovalRevoked).reason is Reason.EXCLUSION_NAME
    only(await on.stopped("recall"), ReviewOpened)
    only(await on.reviewer("approve"), SubmissionApproved)
    await on.hears(provider(version=4, name=LISTED, group="valley"))
    assert await looks_again(on) == []


async def test_a_correction_that_names_another_payee_name_is_screened_as_it_is_decided(on: Line) -> None:
    await on.hears(excluded(Exclusion(names=name_hashes(LISTED))))
    first = received()
    renamed = first.request.payee.model_copy(update={"name": LISTED})
    await on.hears(first, correction(payee=renamed))
    assert only(await on.stopped("correction"), ReviewOpened).reasons == (Reason.EXCLUSION_NAME,)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (provider(version=2, licence_expires_on=ENDED), Reason.LICENCE_ENDED),
        (provider(version=2, enrolled_to=ENDED), Reason.ENROLMENT_ENDED),
        (contract(version=2, effective_to=ENDED), Reason.CONTRACT_ENDED),
        (authorisation(version=2, valid_to=ENDED), Reason.AUTHORISATION_ENDED),
    ],
    ids=["licence", "enrolment", "contract", "authorisation"],
)
async def test_terms_that_ended_earlier_hold_what_is_unpaid_and_recover_what_is_paid(
    on: Line, context: Context, change: Entity, reason: Reason
) -> None:
    authorised = (line(code="97110"),)
    before = (line(code="97110", from_date=date(2026, 10, 30), to_date=date(2026, 10, 30)),)
    await on.hears(received("A2", lines=before, authorisation_number="AUTH1"))
    await on.hears(received(lines=authorised, authorisation_number="AUTH1"))
    await on.hears(change)
    revoked = only(await looks_again(on), ApprovalRevoked)
    assert (revoked.request_id, revoked.reason) == (received().request_id, reason)
    opened = only(await on.stopped("recall"), ReviewOpened)
    assert opened.reasons == (Reason.RECALLED, reason)
    only(await on.reviewer("approve"), SubmissionApproved)
    assert await differences(on, context) == []
    await on.hears(change.model_copy(update={"version": 3}))
    assert await looks_again(on) == []
    await on.hears(excluded(BY_NUMBER))
    await looks_again(on)
    assert only(await on.too_late("recall"), RecoveryOpened).reason is Reason.EXCLUDED


async def test_a_contract_that_another_one_replaces_takes_nothing_back(on: Line) -> None:
    await on.hears(received())
    await on.hears(
        contract(contract_id="newer", effective_from=ENDED, payee_id=PAYEE_ID),
        contract(version=2, effective_to=ENDED),
    )
    assert await looks_again(on) == []


async def test_what_came_up_while_it_was_stopped_for_something_else_is_recovered_too(on: Line) -> None:
    await on.hears(CHECKS, insured(), received())
    await on.hears(COVERAGE_ENDED)
    assert only(await looks_again(on), ApprovalRevoked).reason is Reason.COVERAGE_ENDED
    await on.hears(excluded(BY_NUMBER))
    assert await looks_again(on) == [], "it is being stopped"
    opened = await on.too_late("recall")
    reasons = [one.reason for one in opened if isinstance(one, RecoveryOpened)]
    assert reasons == [Reason.COVERAGE_ENDED, Reason.EXCLUDED]
    await on.hears(excluded(BY_NUMBER, version=2))
    assert await looks_again(on) == []


async def test_what_comes_back_is_asked_back_for_who_is_listed_though_its_correction_was_denied(
    on: Line,
) -> None:
    await on.hears(received(), correction())
    await on.hears(excluded(BY_NUMBER))
    assert await looks_again(on) == []
    recovery, waits = await on.too_late("correction")
    assert isinstance(recovery, RecoveryOpened) and isinstance(waits, SubmissionExcepted)
    only(await on.reviewer("deny", version=2), SubmissionDenied)
    revoked = only(await on.came_back(), ApprovalRevoked)
    assert (revoked.version, revoked.cause, revoked.reason) == (1, "recall", Reason.EXCLUDED)


async def test_a_correction_that_waited_for_a_recovery_is_compared_with_what_was_billed_meanwhile(
    on: Line,
) -> None:
    """The list has the payee for the days of the first version, not for those of the correction."""
    day = date(2026, 11, 12)

    def billed(cents: int) -> Any:
        return (line(charge_cents=cents, code="99214", from_date=day, to_date=day),)

    first = only(await on.hears(received()), SubmissionApproved)
    decision = on.last_id
    await on.hears(correction(lines=billed(10_000)))
    await on.too_late("correction")
    only(await on.hears(received("A2", lines=billed(10_500))), SubmissionApproved)
    await on.hears(excluded(Exclusion(names=BY_NAME.names, reinstated_on=date(2026, 11, 10))))
    assert only(await looks_again(on), ApprovalRevoked).version == 1
    stopped = ItemStopped(request_id=first.request_id, version=1, decision_id=decision, cause="recall")
    assert only(await on.hears(stopped), SubmissionExcepted).reason is Reason.DUPLICATE_NEAR
