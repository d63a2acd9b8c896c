"""Chromium of this machine, the sandbox's people signed in once each, and what every page is held to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.people import People
from tests.whole_line import WholeLine

HEADLESS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NO_CHROMIUM = "there is no Chromium here: apt-get install chromium"


def chromium_here() -> str | None:
    return next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)


def must_have_chromium() -> str:
    """Without one the browser tests are not run, and in continuous integration that is a failure."""
    found = chromium_here()
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(NO_CHROMIUM)
    if found is None:
        pytest.skip(NO_CHROMIUM)
    return found


# Playwright keeps an event loop running for as long as it is open: it is closed before tests of other folders begin.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    found = must_have_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, headless=True, args=HEADLESS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def people(line: WholeLine, chromium: Browser) -> People:
    """Whoever is needed, signed in: ``people("reviewer-1")`` is a page of theirs."""
    return People(line.stack, chromium)


@pytest.fixture
def as_person(people: People) -> Iterator[Callable[..., object]]:
    """A new window for one of the sandbox's people; each is closed after the test, and none had an error."""
    with people.windows() as open_window:
        yield open_window
