"""A medical claim typed into the form, up to the step at which documents are attached."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from playwright.sync_api import Page


@dataclass(frozen=True)
class TypedClaim:
    """What is typed: one line, of an invented member."""

    payee_id: UUID
    payer: str
    number: str
    member: str
    last_name: str
    code: str
    day: str
    units: str
    charge: str


def type_in(page: Page, claim: TypedClaim) -> None:
    """Each step saved by its button, from a new form on."""
    page.goto("/new")
    page.get_by_role("button", name="Begin").click()
    page.get_by_label("Provider", exact=True).select_option(str(claim.payee_id))
    page.get_by_label("Payer", exact=True).select_option(claim.payer)
    page.get_by_label("Your number").fill(claim.number)
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_label("Member number").fill(claim.member)
    page.get_by_label("Last name").fill(claim.last_name)
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_label("Diagnoses").fill("M545")
    page.get_by_label("Place of service").fill("11")
    page.get_by_label("Procedure code").first.fill(claim.code)
    page.get_by_label("From").first.fill(claim.day)
    page.get_by_label("Units").first.fill(claim.units)
    page.get_by_label("Charge").first.fill(claim.charge)
    page.get_by_role("button", name="Save and go on").click()
