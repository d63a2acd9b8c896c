"""A passkey made in the portal signs in, and confirms commands: validation and payout check it themselves.

Both judge it against what two operators recorded on ``people``: before that it counts for nothing with them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from stack.people import read_key_file
from stack.provider_people import PROVIDER, act_for
from tests.browser.people import People, must_be_sound
from tests.browser.test_a_decision_in_the_portal_is_carried_out import dear_bill, until_there
from tests.browser.test_operators_administer_people import approve
from tests.whole_line import WholeLine
from throughline.accounts import AccountChanged
from throughline.decisions import CommandRefused, SubmissionApproved
from throughline.reasons import Reason

Window = Callable[..., Page]
pytestmark = pytest.mark.timeout(300)  # the line starts within the first test
REVIEWER = "reviewer-2"


def test_a_passkey_signs_in_and_confirms_an_approval_and_an_account(
    line: WholeLine, people: People, as_person: Window
) -> None:
    payee = line.new_payee()
    payees = [one.record.payee_id for one in (line.world.providers[0], payee)]
    act_for(line.stack.kafka_bootstrap, line.stack.places.people, PROVIDER, payees)
    request = line.submit(dear_bill(line))
    line.until_state(request, "In review")
    reviewer, provider = as_person(REVIEWER), as_person(PROVIDER)
    for page, login in ((reviewer, REVIEWER), (provider, PROVIDER)):
        add_passkey(page, people, login)
    reviewer.context.clear_cookies()
    reviewer.goto("/sign-in")
    reviewer.get_by_role("button", name="Sign in with a passkey").click()
    expect(reviewer).to_have_url(f"{people.origin}/")
    reviewer.goto("/account")
    expect(reviewer.get_by_role("cell", name="Passkey", exact=True)).to_be_visible()

    decide(reviewer, request, "The key is not recorded yet.")
    assert line.until_said(CommandRefused, request_id=request).reason is Reason.STEP_UP_REFUSED
    first, second = as_person("operator-1"), as_person("operator-2")
    for login in (REVIEWER, PROVIDER):
        name = login.replace("-", " ").capitalize()
        propose_passkeys(first, login, name)
        approve(second, name)
    line.rest()

    decide(reviewer, request, "The chart says so.")
    approved = line.until_said(SubmissionApproved, request_id=request)
    assert approved.decided_by.actor == str(person_of(line, REVIEWER))
    change_account(provider, payee.record.payee_id)
    assert line.until_said(AccountChanged, payee_id=payee.record.payee_id).account_mask.endswith("7777")


def add_passkey(page: Page, people: People, login: str) -> None:
    """With a virtual authenticator of this window's own, after a proof of who asks."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto("/account")
    page.get_by_role("button", name="Add a passkey").click()
    must_be_sound(page)
    page.get_by_label("Password").fill(people.sign_in_of(login).password)
    page.get_by_label("Code").fill(people.fresh_code(login))
    page.get_by_role("button", name="Confirm with password and code").click()
    must_be_sound(page)
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_text("The passkey was added.")).to_be_visible()
    expect(page.get_by_role("cell", name="This device", exact=True)).to_be_visible()


def propose_passkeys(page: Page, login: str, name: str) -> None:
    page.goto("/people")
    row = page.locator("tr", has_text=login)
    row.locator("summary").click()
    row.get_by_label("What to change").select_option("record-passkeys")
    row.get_by_label("Why").fill(f"{name} made one")
    row.get_by_role("button", name="Propose").click()
    expect(page.get_by_text("Another operator has to approve it.")).to_be_visible()


def decide(page: Page, request: UUID, note: str) -> None:
    until_there(page, f"/reviews/{request}")
    page.get_by_label("Approve").check()
    page.get_by_label("Note").fill(note)
    page.get_by_role("button", name="Send the decision").click()
    page.get_by_role("button", name="Confirm with my passkey").click()
    expect(page).to_have_url(re.compile(f"/reviews/{request}$"))


def change_account(page: Page, payee_id: UUID) -> None:
    until_there(page, f"/bank-account/{payee_id}", "Name another account")
    page.get_by_label("Routing number").fill("091000019")
    for label in ("Account number", "Account number once more"):
        page.get_by_label(label, exact=True).fill("4417999988887777")
    page.get_by_role("button", name="Go on to prove that it is you").click()
    must_be_sound(page)
    page.get_by_role("button", name="Confirm with my passkey").click()
    expect(page).to_have_url(re.compile(f"/bank-account/{payee_id}$"))


def person_of(line: WholeLine, name: str) -> UUID:
    return read_key_file(line.stack.places.people / f"{name}.json").person_id
