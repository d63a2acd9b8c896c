"""Signing in and out in a real browser: by keyboard alone, without JavaScript, and out everywhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import PHONE, People, must_be_sound

Window = Callable[..., Page]
pytestmark = pytest.mark.timeout(300)  # the line starts within the first test


def test_a_person_signs_in_and_out_by_keyboard_alone(people: People, as_person: Window) -> None:
    page = as_person(viewport=PHONE)
    page.goto("/account")
    expect(page).to_have_url(f"{people.origin}/sign-in?next=%2Faccount")
    must_be_sound(page)
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "login":
            break
    sign_in = people.sign_in_of("auditor-1")
    for typed in (sign_in.login, sign_in.password, people.fresh_code("auditor-1")):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{people.origin}/account")
    expect(page.get_by_role("listitem").filter(has_text="Auditor")).to_be_visible()
    must_be_sound(page)
    page.get_by_role("button", name="Sign out", exact=True).press("Enter")
    expect(page).to_have_url(f"{people.origin}/sign-in")
    page.goto("/account")
    expect(page).to_have_url(f"{people.origin}/sign-in?next=%2Faccount")


def test_what_is_wrong_is_said_and_read_aloud(as_person: Window) -> None:
    page = as_person()
    page.goto("/sign-in")
    page.get_by_label("Login").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    must_be_sound(page)


def test_a_form_works_without_javascript(people: People, as_person: Window) -> None:
    page = as_person(script=False)
    page.goto("/sign-in")
    people.type_in(page, "approver-2")
    expect(page).to_have_url(f"{people.origin}/")


def test_signed_out_everywhere_is_signed_out_in_the_other_browser(people: People, as_person: Window) -> None:
    one, other = as_person(), as_person()
    for page in (one, other):
        page.goto("/sign-in")
        people.type_in(page, "reviewer-2") if page is one else page.context.add_cookies(one.context.cookies())  # type: ignore[arg-type]
        page.goto("/account")
        expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    one.get_by_role("button", name="Sign out everywhere").click()
    other.goto("/account")
    expect(other).to_have_url(f"{people.origin}/sign-in?next=%2Faccount")
