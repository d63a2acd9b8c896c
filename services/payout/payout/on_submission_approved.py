"""SubmissionApproved: an item waits for the next cutoff, or is held while an older decision is live."""

from __future__ import annotations

from chassis import Heard, Say
from payout.domain import Item, ItemState, decide_approved
from payout.rails.ach import NOTHING_LEAVES, kind_of
from payout.repository import NewItem
from payout.work import ItemsWork
from throughline.decisions import SubmissionApproved
from throughline.items import ItemHeld


def take_in(heard: Heard[SubmissionApproved], work: ItemsWork, say: Say) -> None:
    """What is priced to zero is never paid: its remittance explains it. Nothing is said of an item that just waits."""
    approved = heard.message
    adjudication = approved.adjudication
    decision_id = heard.envelope.id
    if work.item(decision_id, approved.request_id) is not None:
        return
    state, reason = decide_approved(adjudication.paid_cents, work.items_of(approved.request_id))
    item = Item(
        decision_id,
        approved.request_id,
        approved.version,
        adjudication.payer,
        adjudication.payee_id,
        adjudication.paid_cents,
        state,
        reason,
    )
    work.add(
        NewItem(
            item,
            adjudication.programme,
            kind_of(adjudication.bank_entry) if adjudication.paid_cents else NOTHING_LEAVES,
            heard.envelope.correlation_id or str(approved.request_id),
            adjudication.__pydantic_serializer__.to_json(adjudication),
            approved.decided_by.actor if approved.decided_by.kind == "person" else None,
            approved.decided_by.first_actor,
        )
    )
    if state is ItemState.HELD and reason is not None:
        say(
            ItemHeld(
                request_id=approved.request_id,
                version=approved.version,
                decision_id=decision_id,
                reason=reason,
            ),
            key=str(approved.request_id),
        )
