"""ReissuePayment: operations staff ask that what came back is paid again. Not offered in this release, and said so."""

from __future__ import annotations

from chassis import Heard, Say
from payout.refuse import refuse_not_offered
from payout.work import ItemsWork
from throughline.orders import ReissuePayment

_WHY = "A returned payment cannot be reissued yet: its items stay held."


def refuse(heard: Heard[ReissuePayment], work: ItemsWork, say: Say) -> None:
    """Changes nothing."""
    refuse_not_offered(heard, say, heard.message.payment_id, _WHY)
