"""Whatever is decided later is decided by what stood when the request came in. A new version is pinned anew."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from test_absences_of_the_year import august, september, stage
from test_programme import PACK, PACKS, PACKS_DIR, authorised
from test_statements import statements
from validation_stories import DEAR, Line, correction, only

from chassis import Context, testing
from throughline.decisions import CommandRefused, ReviewOpened, SubmissionApproved
from throughline.packs.directory import Packs
from throughline.packs.load import load_pack
from throughline.reasons import Reason
from validation.app import build_resources, service
from validation.replay import replay
from validation.settings import ValidationSettings
from validation.stored_requests import read_pinned_requests
from validation.testing import authorisation, contract, fees, line, payer, provider, received

HALVED = fees(("99213", 4_500), ("99214", 6_500), version=2)


async def test_a_reviewer_approves_at_the_pinned_price(on: Line) -> None:
    opened = only(await on.hears(received(lines=DEAR)), ReviewOpened)
    await on.hears(HALVED, payer(version=2, auto_approve_below_cents=0))
    refused = only(await on.reviewer("approve", answers=on.said[0].id, sees_cents=130_000), CommandRefused)
    assert refused.reason is Reason.STALE_AMOUNT
    approved = only(await on.reviewer("approve", answers=on.said[0].id), SubmissionApproved)
    assert approved.adjudication.paid_cents == opened.proposed_cents == 260_000
    assert (approved.reference_revision, approved.rule_set) == (opened.reference_revision, opened.rule_set)


async def test_a_process_that_forgot_reads_what_stood(on: Line, context: Context) -> None:
    await on.hears(received(), correction())
    await on.hears(HALVED, contract(version=2, copay_cents=500), provider(version=2), payer(version=2))
    settings: Any = ValidationSettings(database_url=context.settings.database_url)
    context.resources = await build_resources(settings, context.pool)
    approved = only(await on.stopped("correction"), SubmissionApproved)
    assert (approved.version, approved.adjudication.paid_cents) == (2, 9_000)


async def test_a_correction_that_waited_is_decided_by_what_stood_when_it_came_in(on: Line) -> None:
    await on.hears(received(), correction())
    await on.hears(HALVED)
    approved = only(await on.stopped("correction"), SubmissionApproved)
    assert (approved.version, approved.adjudication.paid_cents) == (2, 9_000)


async def test_a_new_version_is_pinned_anew(on: Line) -> None:
    await on.hears(received())
    await on.hears(HALVED)
    await on.hears(correction())
    approved = only(await on.stopped("correction"), SubmissionApproved)
    assert approved.adjudication.paid_cents == 4_500
    first = next(one.message for one in on.said if isinstance(one.message, SubmissionApproved))
    assert first.reference_revision is not None and approved.reference_revision is not None
    assert first.reference_revision < approved.reference_revision


@pytest.mark.parametrize("forgets", [False, True], ids=["in-memory", "read-again"])
async def test_the_authorisation_is_the_one_that_stood(on: Line, context: Context, forgets: bool) -> None:
    """What it covers and how many units it grants; only its days are asked as of now."""
    lines = (line(code="97110", units_thousandths=4_000, charge_cents=20_000),)
    less = (line(code="97110", units_thousandths=4_000, charge_cents=19_000),)
    on_file: dict[str, Any] = {"authorisation_number": "AUTH1"}
    await on.hears(authorisation(version=2, units=4))
    only(await on.hears(received(lines=lines, **on_file)), SubmissionApproved)
    await on.hears(correction(lines=less, **on_file))
    await on.hears(authorisation(version=3, units=1, codes=("99999",)))
    if forgets:
        settings: Any = ValidationSettings(database_url=context.settings.database_url)
        context.resources = await build_resources(settings, context.pool)
    approved = only(await on.stopped("correction"), SubmissionApproved)
    assert (approved.version, approved.adjudication.paid_cents) == (2, 16_000)
    assert not isinstance((await on.hears(received("A2", lines=less, **on_file)))[0], SubmissionApproved)


async def test_a_form_is_decided_by_its_pack_and_by_what_was_printed_when_it_came_in(
    on: Line, context: Context
) -> None:
    """A newer version of the pack stands beside its own, and a later print has another rate."""
    await stage(on, context)
    await on.hears(payer(version=3, auto_approve_below_cents=0))
    opened = only(await on.hears(september("A1", ())), ReviewOpened)
    asked = on.last_id
    newer = PACK.model_copy(update={"header": PACK.header.model_copy(update={"version": 2}), "rules": ()})
    context.resources.packs = {**PACKS, (PACK.header.id, 2): newer}
    printed = authorised(authorisation_number="AUTH-M100").printed
    assert printed is not None
    cents = {name: 1 for name, value in printed.values.items() if name.endswith("_cents") and value}
    assert cents, "rates are printed"
    await on.hears(
        authorised().model_copy(
            update={
                "number": "AUTH-M100",
                "version": 2,
                "printed": printed.model_copy(update={"values": {**printed.values, **cents}}),
            }
        )
    )
    approved = only(await on.reviewer("approve", answers=asked), SubmissionApproved)
    assert approved.adjudication.paid_cents == opened.proposed_cents
    assert approved.reference_revision == opened.reference_revision


def packs_where(folder: Path, file: str, old: str, new: str) -> Packs:
    """As another release of the same version has them."""
    copytree(PACKS_DIR / PACK.header.id, folder / "pack")
    path = folder / "pack" / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return {(PACK.header.id, 1): load_pack(folder / "pack")}


@pytest.mark.parametrize(
    ("file", "old", "new", "is_approved"),
    [
        ("wording/es.toml", "Agencia", "La agencia", True),
        ("prices.toml", "cents = 169182", "cents = 169183", False),
    ],
    ids=["its words", "its prices"],
)
async def test_no_form_is_paid_by_a_pack_that_changed_under_its_version(
    on: Line, context: Context, tmp_path: Path, file: str, old: str, new: str, is_approved: bool
) -> None:
    """It still waits for a person, who then has no price to approve; its words alone may be mended."""
    await stage(on, context)
    await on.hears(payer(version=3, auto_approve_below_cents=0))
    opened = only(await on.hears(september("A1", ())), ReviewOpened)
    asked = on.last_id
    context.resources.packs = packs_where(tmp_path, file, old, new)
    said = await on.reviewer("approve", answers=asked)
    if is_approved:
        assert only(said, SubmissionApproved).adjudication.paid_cents == opened.proposed_cents
    else:
        assert only(said, CommandRefused).reason is Reason.NOT_ALLOWED_NOW


async def test_a_pack_that_came_later_decides_what_comes_in_from_then_on(on: Line, context: Context) -> None:
    await stage(on, context)
    context.resources.packs = {}
    opened = only(await on.hears(september("A1", ())), ReviewOpened)
    assert (opened.proposed_cents, [one.rule for one in opened.findings]) == (None, ["form-pack"])
    asked = on.last_id
    context.resources.packs = PACKS
    refused = only(await on.reviewer("approve", answers=asked), CommandRefused)
    assert refused.reason is Reason.NOT_ALLOWED_NOW, "it still has no price"
    async with context.pool.acquire() as db:
        stored = await read_pinned_requests(db, context.resources, [opened.request_id])
    again = replay(stored, date.min, date.max, context.resources.catalogue, PACKS)
    assert (again.compared, again.differences) == (1, [])
    only(await on.hears(august("A2", ())), SubmissionApproved)


async def test_a_slice_of_many_that_are_pinned_to_the_past_takes_two_reads_more(context: Context) -> None:
    """Here memory begins again in between, so that all of it is read from the history."""
    await testing.deliver(service, context, [payer(), provider(), contract(), fees()])
    numbers = [f"N{number}" for number in range(50)]
    await testing.deliver(service, context, [received(one, total_cents=1) for one in numbers])
    await testing.deliver(
        service, context, [payer(version=2), provider(version=2), contract(version=2), HALVED]
    )
    settings: Any = ValidationSettings(database_url=context.settings.database_url)
    context.resources = await build_resources(settings, context.pool)
    await statements(context, [received("other")])  # takes in the reference data
    corrections: list[Any] = [received(one, version=2, frequency="7", total_cents=1) for one in numbers]
    reads = [one for one in await statements(context, corrections) if one == "select"]
    before = 5  # the revision, locks, versions, bills, the past
    assert len(reads) == before + 2
