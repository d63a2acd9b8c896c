"""ReleaseItem: an operator asks that a held item waits for the next cutoff again."""

from __future__ import annotations

from chassis import Heard, Say
from payout.domain import ItemState, refuse_release
from payout.refuse import refuse_order
from payout.work import ItemsWork
from throughline.items import ItemReleased
from throughline.orders import ReleaseItem
from throughline.reasons import Reason


def release(heard: Heard[ReleaseItem], work: ItemsWork, say: Say) -> None:
    """What the bank returned is not released but reissued. A release mends nothing: what still has no account is held
    again at the cutoff. The event names the hold that was lifted."""
    order = heard.message
    item = work.current(order.request_id, order.version)
    others = [one for one in work.items_of(order.request_id) if one is not item]
    refusal = refuse_release(item, others)
    if refusal is not None or item is None:
        refuse_order(heard, say, refusal or Reason.UNKNOWN_SUBJECT, order.request_id)
        return
    lifted = item.reason or Reason.HELD_BY_ORDER
    item.state, item.reason, item.payment_id = ItemState.WAITING, None, None
    work.changed(item)
    say(
        ItemReleased(
            request_id=item.request_id, version=item.version, decision_id=item.decision_id, reason=lifted
        ),
        key=str(item.request_id),
    )
