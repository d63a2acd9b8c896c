"""Another account was named; it waits for a second person."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.accounts import AccountChanged


def show_changed_account(heard: Heard[AccountChanged], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.payee_id, mask=message.account_mask)
    work.put(
        "payee_accounts",
        payee_id=message.payee_id,
        pending_token=message.account_token,
        pending_mask=message.account_mask,
        changed_at=heard.envelope.time.isoformat(),
    )
