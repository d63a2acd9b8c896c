"""One operator proposes, another approves; the invited person comes in, and is out soon after they are shut out."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import Authenticator, People, must_be_sound

Window = Callable[..., Page]
pytestmark = pytest.mark.timeout(300)  # the line starts within the first test


def test_a_person_is_let_in_and_shut_out_by_two_operators(people: People, as_person: Window) -> None:
    first, second, invited = as_person("operator-1"), as_person("operator-2"), as_person()
    propose_person(first, "Jordan Example", "jordan")
    first.locator("li.card", has_text="Jordan Example").get_by_role("link", name="Look and decide").click()
    expect(first.get_by_role("button", name="Approve")).to_have_count(0)
    approve(second, "Jordan Example")

    until_seen(second, "/people", "Invite Jordan Example")
    must_be_sound(second)
    second.get_by_role("button", name="Invite Jordan Example").click()
    link = second.locator("#link").inner_text()
    first.goto("/people")
    expect(first.get_by_role("button", name="Invite Jordan Example")).to_have_count(0)
    invited.goto(link.removeprefix(people.origin))
    must_be_sound(invited)
    app = Authenticator(invited.locator("dd.code").inner_text())
    invited.get_by_label("Password").fill("a sentence of their own")
    invited.get_by_label("Code").fill(app.code())
    invited.get_by_role("button", name="Begin").click()
    expect(invited).to_have_url(f"{people.origin}/sign-in")
    invited.get_by_label("Login").fill("jordan")
    invited.get_by_label("Password").fill("a sentence of their own")
    invited.get_by_label("Code").fill(app.code())
    invited.get_by_role("button", name="Sign in", exact=True).click()
    expect(invited).to_have_url(f"{people.origin}/")

    row = first.locator("tr", has_text="Jordan Example")
    first.goto("/people")
    row.locator("summary").click()
    row.get_by_label("What to change").select_option("disable")
    row.get_by_label("Why").fill("Has left")
    row.get_by_role("button", name="Propose").click()
    approve(second, "Jordan Example")
    deadline = time.monotonic() + 60
    while "/sign-in" not in invited.url:
        assert time.monotonic() < deadline, "a person who was shut out is still in after a minute"
        invited.goto("/")


def propose_person(page: Page, name: str, login: str) -> None:
    page.goto("/people")
    form = page.locator("form[action='/people']")
    form.get_by_label("Name").fill(name)
    form.get_by_label("Login").fill(login)
    form.get_by_label("Role").select_option("auditor")
    form.get_by_label("Organisation").select_option(label="Throughline Operations")
    form.get_by_label("Why").fill("Joins the team")
    form.get_by_role("button", name="Propose").click()
    expect(page.get_by_text("Another operator has to approve it.")).to_be_visible()


def approve(page: Page, name: str) -> None:
    page.goto("/people")
    page.locator("li.card", has_text=name).get_by_role("link", name="Look and decide").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    must_be_sound(page)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("It counts within a second or two.")).to_be_visible()


def until_seen(page: Page, path: str, button: str) -> None:
    deadline = time.monotonic() + 20
    page.goto(path)
    while not page.get_by_role("button", name=button).count():
        assert time.monotonic() < deadline, f"{button} is not there"
        page.goto(path)
