"""What partners change afterwards: corrections, voids and withdrawals, of open, approved, denied and paid requests."""

from __future__ import annotations

from sample_input import codes
from sample_input.exceptions import authorised_claim
from sample_input.feed import AFTER_PAYMENT, FIRST, SECOND, Channel, request_id
from sample_input.reference import authorise
from sample_input.scenario import SENDERS, Scenario, next_version, with_charge, with_line
from throughline.requests import PaymentRequest, WithdrawRequest


def corrected_before_the_cutoff(scenario: Scenario, times: int) -> None:
    """Approved, then replaced: the first is stopped, and only the second is paid."""
    for turn in range(times):
        channel: Channel = ("kafka", "837p", "csv")[turn % 3]
        request = scenario.maker.clean(lines_max=2)
        made = scenario.send(FIRST, request, channel)
        scenario.feed.expect(made, 1, "corrected before the cutoff", "Approved", "corrected")
        lower = with_charge(next_version(request, made), 0, max(1, request.lines[0].charge_cents - 700))
        if not scenario.maker.paid(lower):
            lower = next_version(request, made).model_copy(update={"invoice_number": "SECOND"})
        scenario.send(SECOND, lower, channel)
        scenario.expect_paid(made, lower, "correction paid")


def mended(scenario: Scenario, times: int) -> None:
    """Stopped by a rule, then sent again whole, as the next version."""
    for turn in range(times):
        request = scenario.maker.clean()
        broken = request.model_copy(update={"total_cents": request.total_cents + 50})
        channel: Channel = "837p" if turn % 2 else "kafka"
        made = scenario.send(FIRST, broken, channel)
        scenario.feed.expect(
            made, 1, "broken, then mended", "Exception", "corrected", reason="total_mismatch"
        )
        whole = next_version(request, made)
        scenario.send(SECOND, whole, channel)
        scenario.expect_paid(made, whole, "mended")


def denied_then_corrected(scenario: Scenario, times: int) -> None:
    """Denied for want of an authorisation; the correction names one and is paid: its remittance is in force."""
    for _ in range(times):
        request = authorised_claim(scenario)
        made = scenario.send(FIRST, request)
        scenario.feed.expect(
            made,
            1,
            "denied, then corrected",
            "Submitted",
            "denied",
            reason="authorisation_missing",
            remitted=False,
        )
        provider = next(
            one
            for one in scenario.world.of_role("clean")
            if one.record.identifier == request.payee.identifier
        )
        day = request.lines[0].from_date
        number = authorise(
            scenario.world, payer=request.payer, provider=provider, member_id=request.subject.member_id.reveal(),
            first=day, last=day,
        )  # fmt: skip
        again = next_version(request, made).model_copy(update={"authorisation_number": number})
        scenario.send(SECOND, again)
        scenario.expect_paid(made, again, "correction of a denial")


def voided(scenario: Scenario, times: int) -> None:
    """Void of what was approved, and of what a rule had stopped."""
    for turn in range(times):
        request = scenario.maker.clean()
        broken = turn % 2 == 1
        if broken:
            request = request.model_copy(update={"total_cents": request.total_cents + 50})
        channel: Channel = "837p" if turn % 3 == 0 else "kafka"
        made = scenario.send(FIRST, request, channel)
        state, reason = ("Exception", "total_mismatch") if broken else ("Approved", None)
        scenario.feed.expect(made, 1, "voided", state, "voided", reason=reason)
        scenario.send(SECOND, next_version(request, made, "8"), channel)
        scenario.feed.expect(made, 2, "void", "Submitted", "voided")


def withdrawn(scenario: Scenario, times: int) -> None:
    """Withdrawn while open; withdrawn while approved; withdrawn again, which is refused."""
    for turn in range(times):
        request = scenario.maker.clean()
        broken = turn % 2 == 1
        if broken:
            request = request.model_copy(update={"total_cents": request.total_cents + 50})
        made = scenario.send(FIRST, request)
        state, reason = ("Exception", "total_mismatch") if broken else ("Approved", None)
        scenario.feed.expect(made, 1, "withdrawn", state, "withdrawn", reason=reason)
        _withdraw(scenario, SECOND, request)
        scenario.feed.command(
            SECOND, SENDERS["kafka"][0],
            WithdrawRequest(number=request.number, version=1, payee=request.payee, note="again"),
            key=request.number, outcome="refused", reasons=("already_ended",),
        )  # fmt: skip


def too_late(scenario: Scenario, times: int) -> None:
    """After the payment left: a correction or void waits for a recovery, a withdrawal changes nothing."""
    for turn in range(times):
        request = scenario.maker.clean()
        made = scenario.send_paid(FIRST, request, "changed after payment")
        if turn % 3 == 2:
            _withdraw(scenario, AFTER_PAYMENT, request)
            continue
        later = next_version(request, made, "7" if turn % 3 == 0 else "8")
        if turn % 3 == 0:
            later = with_charge(later, 0, later.lines[0].charge_cents + 500)
        scenario.send(AFTER_PAYMENT, later, "837p" if turn % 2 else "kafka", SENDERS["kafka"][0])
        scenario.feed.expect(made, 2, "change after payment", "Exception", reason="recovery_needed")


def nothing_to_stop(scenario: Scenario, times: int) -> None:
    """Approved and priced to zero: nothing was ever paid, so a correction is decided like a first version."""
    for _ in range(times):
        request = with_line(
            scenario.maker.clean(payer="BLUEHARBOR", lines_max=1), 0, code=codes.ZERO_RATE_CODE, modifiers=()
        )
        made = scenario.send(FIRST, request)
        scenario.feed.expect(made, 1, "paid nothing, then corrected", "Paid", "corrected")
        scenario.send(
            SECOND, with_charge(next_version(request, made), 0, request.lines[0].charge_cents + 100)
        )
        scenario.feed.expect(made, 2, "correction of nothing", "Paid", paid_cents=0, remitted=True)


def _withdraw(scenario: Scenario, phase: str, request: PaymentRequest) -> None:
    partner = SENDERS["kafka"][0]
    withdrawal = WithdrawRequest(number=request.number, version=1, payee=request.payee)
    scenario.feed.command(
        phase, partner, withdrawal, key=request.number, of=request_id(partner, request), version=1
    )
