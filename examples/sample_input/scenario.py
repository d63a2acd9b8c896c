"""What every scenario is told: the world, the maker of claims and the feed; and how a clean claim ends."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from uuid import UUID

from sample_input.claims import ClaimMaker
from sample_input.feed import Channel, Feed
from sample_input.reference import World
from throughline.identifiers import claim_number_for
from throughline.requests import PaymentRequest

SENDERS: dict[Channel, tuple[str, ...]] = {
    "kafka": ("cedar-billing", "northclear"),
    "837p": ("northclear", "cedar-billing"),
    "csv": ("cedar-billing",),
    "http": ("evergreen-ehr",),
}
"""Who sends by which channel."""


@dataclass
class Scenario:
    random: Random
    world: World
    maker: ClaimMaker
    feed: Feed

    def send(
        self, phase: str, request: PaymentRequest, channel: Channel = "kafka", partner: str | None = None
    ) -> UUID:
        """Send a request that will be accepted, and give its id."""
        return self.feed.submit(phase, channel, partner or SENDERS[channel][0], request)

    def send_paid(
        self,
        phase: str,
        request: PaymentRequest,
        case: str,
        channel: Channel = "kafka",
        partner: str | None = None,
    ) -> UUID:
        """Send a request that will be paid in full by the contract."""
        made = self.send(phase, request, channel, partner)
        self.expect_paid(made, request, case)
        return made

    def expect_paid(self, request_id: UUID, request: PaymentRequest, case: str) -> None:
        cents = self.maker.paid(request)
        self.feed.expect(request_id, request.version, case, "Paid", paid_cents=cents, remitted=True)


def next_version(request: PaymentRequest, request_id: UUID, frequency: str = "7") -> PaymentRequest:
    """The same request as its next version: a replacement or a void, naming the number given to the original."""
    return request.model_copy(
        update={
            "version": request.version + 1,
            "frequency": frequency,
            "payer_claim_number": claim_number_for(request_id),
        }
    )


def with_charge(request: PaymentRequest, line: int, charge_cents: int) -> PaymentRequest:
    """The request with another charge on one line, and the total that follows."""
    lines = list(request.lines)
    lines[line] = lines[line].model_copy(update={"charge_cents": charge_cents})
    return request.model_copy(
        update={"lines": tuple(lines), "total_cents": sum(one.charge_cents for one in lines)}
    )


def with_line(request: PaymentRequest, line: int, **changes: object) -> PaymentRequest:
    """The request with one line changed."""
    lines = list(request.lines)
    lines[line] = lines[line].model_copy(update=changes)
    return request.model_copy(
        update={"lines": tuple(lines), "total_cents": sum(one.charge_cents for one in lines)}
    )
