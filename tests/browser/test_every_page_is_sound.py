"""Every page of the navigation, for every role, at the width of a phone and of a desk: axe finds nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.people import DESK, PHONE, must_be_sound

Window = Callable[..., Page]
pytestmark = pytest.mark.timeout(300)  # the line starts within the first test
EVERY_ROLE = (
    "biller-1",
    "provider-1",
    "reviewer-1",
    "releaser-1",
    "approver-1",
    "auditor-1",
    "operator-3",
)
BEHIND = {"auditor-1": ("/rules/sets/0?beside=0",)}
"""Pages that no navigation names, and that show something on any line."""


@pytest.mark.parametrize("login", EVERY_ROLE)
def test_every_page_of_a_role_is_sound(as_person: Window, login: str) -> None:
    page = as_person(login)
    page.goto("/")
    paths = [link.get_attribute("href") for link in page.locator("nav.main a").all()]
    assert paths
    for path in [*paths, *BEHIND.get(login, ()), "/account", "/none"]:
        assert path is not None
        page.set_viewport_size(DESK)
        answer = page.goto(path)
        assert answer is not None and answer.status == (404 if path == "/none" else 200), path
        for viewport in (DESK, PHONE):
            page.set_viewport_size(viewport)
            must_be_sound(page)


def test_the_first_tab_leads_past_the_navigation(as_person: Window) -> None:
    page = as_person("operator-3")
    page.goto("/people")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
