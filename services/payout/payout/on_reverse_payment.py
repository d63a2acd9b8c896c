"""ReversePayment: operations staff ask that a bank entry is taken back. Not offered in this release, and said so."""

from __future__ import annotations

from chassis import Heard, Say
from payout.refuse import refuse_not_offered
from payout.work import ItemsWork
from throughline.orders import ReversePayment

_WHY = "An entry cannot be reversed yet: recover it outside, within five banking days."


def refuse(heard: Heard[ReversePayment], work: ItemsWork, say: Say) -> None:
    """Changes nothing."""
    refuse_not_offered(heard, say, heard.message.payment_id, _WHY)
