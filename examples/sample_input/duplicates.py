"""The same service billed twice: by another channel or partner, under another number, or not quite the same."""

from __future__ import annotations

from sample_input.feed import EDITS, FIRST, SECOND, Channel
from sample_input.scenario import SENDERS, Scenario, with_charge
from throughline.requests import WithdrawRequest
from throughline.sensitive import Sensitive

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


def nearly(scenario: Scenario, times: int) -> None:
    """Another charge, or a slip in the member id: the second stops and names the first."""
    for turn in range(times):
        request = scenario.maker.clean(lines_max=1)
        scenario.send_paid(FIRST, request, "nearly billed twice, first")
        again = request.model_copy(update={"number": scenario.maker.next_number("D")})
        if turn % 2:
            again = with_charge(again, 0, request.lines[0].charge_cents + 40)
        else:
            member = request.subject.member_id.reveal()
            slip = request.subject.model_copy(update={"member_id": Sensitive(f"{member}0")})
            again = again.model_copy(update={"subject": slip})
        made = scenario.send(SECOND, again, "837p" if turn % 4 > 1 else "kafka")
        scenario.feed.expect(made, 1, "nearly billed twice, second", "Exception", reason="duplicate_near")


def by_another_payee(scenario: Scenario, times: int) -> None:
    """Two providers bill one service of one person: a person must look whose it was."""
    for _ in range(times):
        request = scenario.maker.clean()
        scenario.send_paid(FIRST, request, "billed by two payees, first")
        others = [one for one in scenario.world.of_role("clean") if one.record.tin != request.payee.tin]
        again = request.model_copy(
            update={
                "number": scenario.maker.next_number("D"),
                "payee": scenario.random.choice(others).payee(),
            }
        )
        made = scenario.send(SECOND, again)
        scenario.feed.expect(made, 1, "billed by two payees, second", "In review", reason="duplicate_suspect")


def twins(scenario: Scenario, times: int) -> None:
    """Two children under one subscriber id, seen on one day for the same: both are paid."""
    for _ in range(times):
        request = scenario.maker.clean()
        scenario.send_paid(FIRST, request, "twins, first")
        twin = request.subject.model_copy(update={"first_name": Sensitive("Zuzanna")})
        again = request.model_copy(update={"number": scenario.maker.next_number("T"), "subject": twin})
        scenario.send_paid(SECOND, again, "twins, second", "837p")


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
