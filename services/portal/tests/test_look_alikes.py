"""H23: letters of another script in a name are pointed out where somebody approves or confirms it."""

from __future__ import annotations

import httpx
import pytest
from portal_people import known, sign_in
from portal_stories import Life, Teller, example

from chassis import Context, testing
from portal.app import service
from portal.look_alikes import foreign_letters, shown_as
from portal.rules import Role


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Oakwood Clinic", ""),
        ("Müller & Søn, Ltd. No 5", ""),
        ("\N{CYRILLIC CAPITAL LETTER O}akwood Clinic", "О"),
        ("O\N{GREEK SMALL LETTER ALPHA}kwood", "α"),
        ("Oakwood \N{RIGHT-TO-LEFT OVERRIDE}cinilC", "\u202e"),
        ("Oak\N{ZERO WIDTH SPACE}wood", "\u200b"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER O}akwood", "Ｏ"),
    ],
)
def test_letters_that_only_look_latin_are_found(name: str, letters: str) -> None:
    assert foreign_letters(name) == letters


def test_what_cannot_be_seen_is_named() -> None:
    assert shown_as("a\u200bb\u0430") == "U+200B а"


@pytest.mark.parametrize(("name", "warned"), [("Oakwood Clinic", False), ("Оakwood Clinic", True)])
async def test_who_reviews_and_who_confirms_is_told(
    browser: httpx.AsyncClient, context: Context, name: str, warned: bool
) -> None:
    teller = Teller()
    life = Life(teller, "CLM-1").received().says("ReviewOpened", proposed_cents=100)
    provider = example("ProviderRecorded", payee_id=life.payee_id, identifier=life.npi, npi=life.npi)
    teller.tell(provider.model_copy(update={"name": name}))
    teller.tell(example("AccountChanged", payee_id=life.payee_id))
    await testing.deliver(service, context, teller.told)
    for role, path in (
        (Role.REVIEWER, f"/reviews/{life.request_id}"),
        (Role.ACCOUNT_APPROVER, "/account-changes"),
    ):
        browser.cookies.clear()
        await sign_in(browser, await known(context, role.value, role))
        page = (await browser.get(path)).text
        assert name in page and ("letters of another script" in page) == warned
