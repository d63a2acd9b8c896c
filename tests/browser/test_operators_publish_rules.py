"""One operator proposes rules, another sees what they change and publishes them; forms say at once what they ask."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from stack.people import read_key_file
from tests.browser.people import DESK, PHONE, People, must_be_sound
from tests.browser.test_a_decision_in_the_portal_is_carried_out import until_there
from tests.whole_line import WholeLine
from throughline.rule_sets import RuleSetPublished

Window = Callable[..., Page]
pytestmark = pytest.mark.timeout(300)  # the line starts within the first test
CATALOGUE = Path(__file__).parents[2] / "services/validation/validation/rules/catalogue"
RULE = """
[[rule]]
id = "odd-sum"
version = 1
effective_from = 1900-01-01
severity = "deny"
scope = "request"
field = "total_cents"
expression = "total_cents != 400019"
reason = "timely_filing"
message = "A total that nobody agreed on."
fix = "Charge what was agreed."
carc = "29"
passing = [{ total_cents = 1 }]
failing = [{ total_cents = 400019 }]
"""


def test_two_operators_publish_and_the_forms_follow(
    line: WholeLine, people: People, as_person: Window
) -> None:
    first, second = as_person("operator-1"), as_person("operator-2")
    first.goto("/rules")
    propose(first, {"odd.toml": RULE.replace("!= 400019", "!=")})
    expect(first.get_by_role("alert")).to_contain_text("odd-sum 1: expression is not CEL")
    must_be_sound(first)
    propose(first, {"odd.toml": RULE})
    expect(first.get_by_text("Another operator must publish this.")).to_be_visible()
    path = first.url.removeprefix(people.origin)

    second.goto(path)
    expect(second.get_by_role("row", name=re.compile("Added odd-sum 1"))).to_be_visible()
    second.get_by_role("link", name="Decide the last 30 days again by it").click()
    expect(second.get_by_text("Decisions compared")).to_be_visible()
    for viewport in (DESK, PHONE):
        second.set_viewport_size(viewport)
        must_be_sound(second)
    second.get_by_role("button", name="Confirm and publish").click()
    second.get_by_label("Code").fill(people.fresh_code("operator-2"))
    second.get_by_role("button", name="Confirm with a code").click()
    expect(second).to_have_url(re.compile("/rules$"))

    published = line.until_said(RuleSetPublished, note="A total to be stopped.")
    assert {published.published_by, published.second_person} == {
        read_key_file(line.stack.places.people / f"{name}.json").person_id
        for name in ("operator-1", "operator-2")
    }
    until_there(second, "/rules", "A total to be stopped.")
    must_be_sound(second)
    second.goto(f"/rules/sets/{published.version}?beside=0")
    expect(second.get_by_text("A total that nobody agreed on.")).to_be_visible()
    must_be_sound(second)

    biller = as_person("biller-1")
    biller.goto("/new")
    biller.get_by_role("button", name="Begin").click()
    expect(biller).to_have_url(re.compile("/new/.+"))
    form = biller.url.removeprefix(people.origin)
    until_there(biller, f"{form}?step=services", "A total that nobody agreed on.")
    must_be_sound(biller)
    biller.get_by_role("button", name="Throw the draft away").click()


def propose(page: Page, more: dict[str, str]) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path in CATALOGUE.glob("*.toml"):
            archive.writestr(f"rules/{path.name}", path.read_text("utf-8"))
        for name, text in more.items():
            archive.writestr(f"rules/{name}", text)
    page.get_by_label("Zip of the files").set_input_files(
        {"name": "rules.zip", "mimeType": "application/zip", "buffer": made.getvalue()}
    )
    page.get_by_label("First day of service").fill("2020-01-01")
    page.get_by_label("Why").fill("A total to be stopped.")
    page.get_by_role("button", name="Propose").click()
