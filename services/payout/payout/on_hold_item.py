"""HoldItem: an operator asks that an item is not paid for now."""

from __future__ import annotations

from chassis import Heard, Say
from payout.domain import ItemState, refuse_hold
from payout.refuse import refuse_order
from payout.work import ItemsWork
from throughline.items import ItemHeld
from throughline.orders import HoldItem
from throughline.reasons import Reason


def hold(heard: Heard[HoldItem], work: ItemsWork, say: Say) -> None:
    """Held until ReleaseItem. Too late once it is in a batch."""
    order = heard.message
    item = work.current(order.request_id, order.version)
    refusal = refuse_hold(item)
    if refusal is not None or item is None:
        refuse_order(heard, say, refusal or Reason.UNKNOWN_SUBJECT, order.request_id)
        return
    item.state, item.reason = ItemState.HELD, Reason.HELD_BY_ORDER
    work.changed(item)
    say(
        ItemHeld(
            request_id=item.request_id,
            version=item.version,
            decision_id=item.decision_id,
            reason=Reason.HELD_BY_ORDER,
        ),
        key=str(item.request_id),
    )
