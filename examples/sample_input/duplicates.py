"""The same service billed twice: by another channel, by another partner, under another number."""

from __future__ import annotations

from sample_input.feed import EDITS, FIRST, SECOND, Channel
from sample_input.scenario import SENDERS, Scenario
from throughline.requests import WithdrawRequest

ROUTES: tuple[tuple[Channel, Channel], ...] = (
    ("kafka", "837p"), ("837p", "csv"), ("csv", "http"), ("http", "kafka"), ("837p", "kafka"), ("csv", "837p"),
)  # fmt: skip


def across_channels(scenario: Scenario, times: int) -> None:
    """The first is paid; the second stops as a duplicate and names the first."""
    for turn in range(times):
        first_channel, second_channel = ROUTES[turn % len(ROUTES)]
        request = scenario.maker.clean()
        scenario.send_paid(FIRST, request, "billed twice, first", first_channel)
        again = request.model_copy(update={"number": scenario.maker.next_number("D")})
        sender = SENDERS[second_channel][-1]
        made = scenario.send(SECOND, again, second_channel, sender)
        scenario.feed.expect(made, 1, "billed twice, second", "Exception", reason="duplicate")


def released(scenario: Scenario, times: int) -> None:
    """A reviewer finds that the service was truly given twice, and it is paid beside the first."""
    for _ in range(times):
        request = scenario.maker.clean()
        scenario.send_paid(FIRST, request, "given twice, first")
        again = request.model_copy(update={"number": scenario.maker.next_number("D")})
        made = scenario.send(SECOND, again, "837p")
        scenario.feed.decide(1, made, 1, "release")
        scenario.feed.decide(2, made, 1, "approve")
        scenario.expect_paid(made, again, "given twice, released")


def after_a_withdrawal(scenario: Scenario, times: int) -> None:
    """A withdrawn request gives its bill back: the same service under a new number is paid."""
    for _ in range(times):
        request = scenario.maker.clean()
        made = scenario.send(FIRST, request)
        withdrawal = WithdrawRequest(number=request.number, version=1, payee=request.payee)
        scenario.feed.command(SECOND, SENDERS["kafka"][0], withdrawal, key=request.number, of=made, version=1)
        scenario.feed.expect(made, 1, "withdrawn and billed anew", "Approved", "withdrawn")
        again = request.model_copy(update={"number": scenario.maker.next_number("D")})
        scenario.send_paid(EDITS, again, "billed anew", "http")
