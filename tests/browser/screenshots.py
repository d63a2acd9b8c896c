"""`make screenshots`: pictures of the main pages for the README, from the data that `make demo` left."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from stack import LocalStack
from tests.browser.conftest import HEADLESS, chromium_here
from tests.browser.people import PHONE, People
from throughline_cli.show import console

OUT = Path("docs/screenshots")


def request_that_is_paid(page: Page) -> None:
    page.goto("/requests?state=Paid")
    page.locator("main table a").first.click()


def a_review(page: Page) -> None:
    page.goto("/reviews?queue=all&cause=duplicate")
    page.locator("main form table a").first.click()


def at(path: str) -> Callable[[Page], None]:
    def go(page: Page) -> None:
        page.goto(path)

    return go


PAGES: tuple[tuple[str, str, Callable[[Page], None]], ...] = (
    ("request", "biller-1", request_that_is_paid),
    ("duplicate", "reviewer-1", a_review),
    ("batches", "releaser-1", at("/batches")),
)


def main(directory: Path) -> None:
    """Of a stack that runs there. Writes one picture at desk width for each page, and one at the width of a phone."""
    stack = LocalStack.attach(directory)
    OUT.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_here(), headless=True, args=HEADLESS)
        people = People(stack, browser)
        with people.windows() as open_window:
            for name, login, go in PAGES:
                page = open_window(login)
                go(page)
                shoot(page, name)
            page = open_window("biller-1", viewport=PHONE)
            request_that_is_paid(page)
            shoot(page, "request-on-a-phone")
        browser.close()


def shoot(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=OUT / f"{name}.png")
    console.print(f"{OUT / name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "var/demo/stack"))
