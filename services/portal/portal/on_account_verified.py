"""The payee's account can be paid from a day on."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.accounts import AccountVerified


def show_verified_account(heard: Heard[AccountVerified], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.payee_id, mask=message.account_mask, payable_from=str(message.payable_from))
    work.put(
        "payee_accounts",
        payee_id=message.payee_id,
        token=message.account_token,
        mask=message.account_mask,
        state="verified",
        payable_from=message.payable_from,
        reason=None,
        return_code=None,
        pending_token=None,
        pending_mask=None,
        changed_at=heard.envelope.time.isoformat(),
    )
