"""Reference data as it stood at an earlier revision, put together in memory."""

from __future__ import annotations

from datetime import date

import pytest

from throughline.reference import ContractRecorded
from validation.pricing import price
from validation.reference import AsOf, Entity, Reference, terms_in
from validation.reference_history import OlderVersions
from validation.testing import authorisation, contract, fees, payer, provider, received

SUBMISSION = received(authorisation_number="AUTH1")


def grown(*later: Entity) -> Reference:
    """Everything stands at revision 1; each later entity is applied at a revision of its own, from 2 on."""
    held = Reference()
    held.take_applied((1, one) for one in (payer(), provider(), contract(), fees(), authorisation()))
    for revision, one in enumerate(later, start=2):
        held.take_applied([(revision, one)], whole=True)
        held.revision = revision
    return held


def paid_at(held: Reference, revision: int) -> int | None:
    view = AsOf(held, revision)
    terms = terms_in(view, SUBMISSION)
    assert view.missing == set()
    priced = price(SUBMISSION.request.lines, terms)
    return None if priced is None else priced.paid_cents


def test_each_revision_has_its_own_price() -> None:
    held = grown(fees(("99213", 8_000), version=2), payer(version=2), fees(("99213", 7_000), version=3))
    assert [paid_at(held, revision) for revision in (1, 2, 3, 4)] == [9_000, 8_000, 8_000, 7_000]


def test_a_contract_of_then_names_the_fee_schedule_of_then() -> None:
    other = fees(("99213", 5_000)).model_copy(update={"fee_schedule": "other"})
    held = grown(other, contract(version=2, fee_schedule="other"), fees(("99213", 8_000), version=2))
    assert [paid_at(held, revision) for revision in (1, 2, 3, 4)] == [9_000, 9_000, 5_000, 5_000]


def own(version: int, **changes: object) -> ContractRecorded:
    return contract(
        contract_id="own", version=version, payee_id=SUBMISSION.payee_id, fee_schedule="own", **changes
    )


def test_a_contract_that_came_later_or_changed_its_payer_does_not_price_what_came_before() -> None:
    special = fees(("99213", 1_000)).model_copy(update={"fee_schedule": "own"})
    held = grown(special, own(1), own(2, payer="other"), own(3, effective_from=date(2026, 12, 1)), own(4))
    assert [paid_at(held, revision) for revision in (2, 3, 4, 5, 6)] == [9_000, 1_000, 9_000, 9_000, 1_000]


def test_what_is_not_in_memory_is_named_and_not_guessed() -> None:
    held = Reference()
    held.take_applied((7, one) for one in (payer(), provider(), contract(), fees(), authorisation()))
    held.revision = 7
    view = AsOf(held, 3)
    terms_in(view, SUBMISSION)
    assert {kind for kind, _ in view.missing} == {"payer", "provider", "contract", "authorisation"}
    held.older.keep(("contract", "acme-general"), 0, 5, contract())
    view = AsOf(held, 3)
    terms_in(view, SUBMISSION)
    assert ("fee-schedule", "standard") in view.missing
    assert AsOf(held, 7).one("payer", "acme") == payer()


def test_what_did_not_exist_is_known_not_to_have_existed() -> None:
    held = grown(authorisation(number="AUTH2"))
    view = AsOf(held, 1)
    assert (view.one("authorisation", "AUTH2"), view.missing) == (None, set())


@pytest.mark.parametrize("asked", ["first", "second"])
def test_older_versions_are_bounded_and_the_last_asked_for_stay(asked: str) -> None:
    older = OlderVersions(weight_max=3)
    older.keep(("fee-schedule", "first"), 1, 5, {1: "a", 2: "b"})
    older.keep(("fee-schedule", "second"), 1, 5, {1: "a", 2: "b"})
    assert older.at(("fee-schedule", asked), 4)[0]
    older.shrink()
    assert {name for name in ("first", "second") if older.at(("fee-schedule", name), 4)[0]} == {asked}


def test_going_back_forgets_everything() -> None:
    held = grown(fees(("99213", 8_000), version=2))
    held.clear()
    assert (held.revision, held.terms_for(SUBMISSION).payer) == (0, None)
    assert held.older.at(("fee-schedule", "standard"), 1) == (False, None)
