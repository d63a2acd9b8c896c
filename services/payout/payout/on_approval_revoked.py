"""ApprovalRevoked asks to stop an item. The answer, ItemStopped or ItemTooLate, is given under the item's row lock,
which closing a batch also takes: an item is stopped or in a batch, never both."""

from __future__ import annotations

from chassis import Heard, Say
from payout.domain import ItemState, can_stop, stop_step
from payout.ledger import journal_entry
from payout.work import ItemsWork
from throughline.decisions import ApprovalRevoked
from throughline.items import ItemStopped, ItemTooLate


def stop(heard: Heard[ApprovalRevoked], work: ItemsWork, say: Say) -> None:
    """What has left, or was never to leave (priced to zero, unknown here), is too late."""
    revoked = heard.message
    item = work.item(revoked.decision_id, revoked.request_id)
    key = str(revoked.request_id)
    if item is not None:
        if item.revoked_by == heard.envelope.id:
            return  # heard again: it was answered
        item.revoked_by = heard.envelope.id
        work.changed(item)
    if item is None or not can_stop(item):
        say(
            ItemTooLate(
                request_id=revoked.request_id,
                version=revoked.version,
                decision_id=revoked.decision_id,
                cause=revoked.cause,
                payment_id=item.payment_id if item else None,
            ),
            key=key,
        )
        return
    if item.state is not ItemState.STOPPED:
        work.post(journal_entry(stop_step(item), item.payer, f"item/{item.decision_id}", item.cents))
        item.state, item.reason = ItemState.STOPPED, None
    say(
        ItemStopped(
            request_id=revoked.request_id,
            version=revoked.version,
            decision_id=revoked.decision_id,
            cause=revoked.cause,
        ),
        key=key,
    )
