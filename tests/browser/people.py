"""The sandbox's people at their browsers. Each signs in once; each has an app that never shows a code twice."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pyotp
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from stack import LocalStack
from stack.sign_ins import SignIn, read_sign_ins

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAGE_BYTES_MAX = 150_000
HALF_MINUTE = 30
ROOM_S = 6
"""A busy machine takes so long to send a form."""


class Authenticator:
    """A person's app. A code counts in its half minute and the next, once, and none before it counts after it."""

    def __init__(self, secret: str) -> None:
        self._totp = pyotp.TOTP(secret)
        self._used = 0

    def code(self) -> str:
        """A code that was not used yet and counts for long enough to be sent; waits for it where need be."""
        while (step := max(self._used + 1, _earliest())) > _half_minute():
            time.sleep(0.2)
        self._used = step
        return self._totp.generate_otp(step)


class People:
    """Opens windows of people who are signed in."""

    def __init__(self, stack: LocalStack, browser: Browser) -> None:
        self.origin = stack.http_url("portal").replace("127.0.0.1", "localhost")
        self._browser = browser
        self._sign_ins = {one.login: one for one in read_sign_ins(stack.places.portal_keys)}
        self._sessions: dict[str, Any] = {}
        self._apps = {login: Authenticator(one.totp_secret) for login, one in self._sign_ins.items()}

    def sign_in_of(self, login: str) -> SignIn:
        return self._sign_ins[login]

    def fresh_code(self, login: str) -> str:
        return self._apps[login].code()

    @contextlib.contextmanager
    def windows(self) -> Iterator[Callable[..., Page]]:
        opened: list[BrowserContext] = []
        errors: list[str] = []

        def open_window(
            login: str | None = None, *, viewport: ViewportSize = DESK, script: bool = True
        ) -> Page:
            context = self._browser.new_context(
                base_url=self.origin,
                viewport=viewport,
                java_script_enabled=script,
                storage_state=self._session(login) if login else None,
            )
            opened.append(context)
            page = context.new_page()
            page.set_default_timeout(15_000)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda said: errors.append(said.text) if _is_breach(said.text) else None)
            return page

        try:
            yield open_window
        finally:
            for context in opened:
                context.close()
        assert errors == []

    def _session(self, login: str) -> Any:
        if login not in self._sessions:
            context = self._browser.new_context(base_url=self.origin)
            page = context.new_page()
            page.goto("/sign-in")
            self.type_in(page, login)
            page.wait_for_url(f"{self.origin}/")
            self._sessions[login] = context.storage_state()
            context.close()
        return self._sessions[login]

    def type_in(self, page: Page, login: str) -> None:
        """Fills in and sends the form of the sign-in."""
        page.get_by_label("Login").fill(login)
        page.get_by_label("Password").fill(self._sign_ins[login].password)
        page.get_by_label("Code").fill(self.fresh_code(login))
        page.get_by_role("button", name="Sign in", exact=True).click()


def _half_minute() -> int:
    return int(time.time()) // HALF_MINUTE


def _earliest() -> int:
    """The half minute whose code still counts once a form has been sent."""
    return int(time.time() + ROOM_S) // HALF_MINUTE - 1


def _is_breach(said: str) -> bool:
    return "Content Security Policy" in said or "Uncaught" in said


def must_be_sound(page: Page) -> None:
    """What every page is held to: WCAG by axe, its size, and no scrolling sideways."""
    # Of what is in order axe need not list every node: that is most of what it would answer.
    found = Axe().run(page, options={"runOnly": WCAG, "resultTypes": ["violations"]})
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
    assert len(page.content().encode()) < PAGE_BYTES_MAX, page.url
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
