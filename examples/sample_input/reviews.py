"""Requests that a person must look at, and what the script of decisions does with them."""

from __future__ import annotations

from hashlib import sha256

from sample_input import codes
from sample_input.documents import attendance_sheet
from sample_input.feed import EDITS, FIRST, request_id
from sample_input.scenario import SENDERS, Scenario, next_version, with_line
from throughline.requests import Attachment, PaymentRequest


def above_the_tier(scenario: Scenario, times: int) -> None:
    """Left open, approved, denied, or returned for edits and then sent again."""
    for turn in range(times):
        request = _expensive(scenario)
        made = scenario.send(FIRST, request, "837p" if turn % 2 else "kafka")
        match turn % 4:
            case 0:
                scenario.feed.expect(made, 1, "above the tier, open", "In review", reason="above_tier")
            case 1:
                scenario.feed.decide(1, made, 1, "approve")
                scenario.expect_paid(made, request, "above the tier, approved")
            case 2:
                scenario.feed.decide(1, made, 1, "deny")
                scenario.feed.expect(
                    made,
                    1,
                    "above the tier, denied",
                    "In review",
                    "denied",
                    reason="denied_by_reviewer",
                    remitted=True,
                )
            case _:
                scenario.feed.decide(1, made, 1, "return_for_edits")
                scenario.feed.expect(
                    made, 1, "returned for edits", "Exception", "corrected", reason="returned_for_edits"
                )
                _send_cheaper(scenario, request)


def no_price(scenario: Scenario, times: int) -> None:
    """No price is never paid: open, denied, or an approval that is refused."""
    for turn in range(times):
        request = with_line(scenario.maker.clean(), 0, code=codes.UNPRICED_CODE, modifiers=())
        made = scenario.send(FIRST, request, "csv" if turn % 2 else "kafka")
        if turn % 3 == 1:
            scenario.feed.decide(1, made, 1, "deny")
            scenario.feed.expect(
                made, 1, "no price, denied", "In review", "denied", reason="denied_by_reviewer", remitted=True
            )
            continue
        if turn % 3 == 2:
            scenario.feed.decide(1, made, 1, "approve")
        scenario.feed.expect(made, 1, "no price", "In review", reason="no_price")


def unknown_rendering(scenario: Scenario, times: int) -> None:
    """A rule asks for a look at a rendering provider who is not active; one is approved."""
    inactive = scenario.world.one("inactive").record.npi
    for turn in range(times):
        request = scenario.maker.clean().model_copy(update={"rendering_provider": inactive})
        made = scenario.send(FIRST, request)
        if turn % 2:
            scenario.feed.decide(1, made, 1, "approve")
            scenario.expect_paid(made, request, "rendering provider, approved")
        else:
            scenario.feed.expect(made, 1, "rendering provider", "In review", reason="rendering_provider")


def child_care(scenario: Scenario, times: int) -> None:
    """No schedule prices child care here, so every request of it is looked at; some lack proof."""
    providers = scenario.world.of_role("child-care")
    for turn in range(times):
        request = scenario.maker.child_care(providers[turn % len(providers)], month=9 + turn % 2)
        if turn % 3:
            sheet = attendance_sheet(request.number)
            scenario.feed.attach(FIRST, "lake-county", f"attendance-{request.number}.pdf", sheet)
            attached = Attachment(type="attendance", sha256=sha256(sheet).hexdigest())
            request = request.model_copy(update={"attachments": (attached,)})
        made = scenario.feed.submit(FIRST, "kafka" if turn % 2 else "http", "lake-county", request)
        if turn % 5 == 4:
            scenario.feed.decide(1, made, 1, "deny")
            scenario.feed.expect(
                made,
                1,
                "child care, denied",
                "In review",
                "denied",
                reason="denied_by_reviewer",
                remitted=True,
            )
        else:
            reason = "no_price" if turn % 3 else "attachment_missing"
            scenario.feed.expect(made, 1, "child care", "In review", reason=reason)


def _expensive(scenario: Scenario) -> PaymentRequest:
    """Many units of a dear service: what is paid reaches the tier."""
    request = scenario.maker.clean(payer="BLUEHARBOR", code="G0121", lines_max=1)
    line = request.lines[0]
    return with_line(request, 0, units_thousandths=12_000, charge_cents=max(line.charge_cents, 38_050) * 12)


def _send_cheaper(scenario: Scenario, request: PaymentRequest) -> None:
    partner = SENDERS["837p"][0]
    made = request_id(partner, request)
    once = with_line(
        next_version(request, made),
        0,
        units_thousandths=1000,
        charge_cents=request.lines[0].charge_cents // 12,
    )
    scenario.send(EDITS, once, "837p", partner)
    scenario.expect_paid(made, once, "edited and paid")
