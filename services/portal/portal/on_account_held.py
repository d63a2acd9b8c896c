"""Nothing is paid to the account until it is replaced or verified again."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.accounts import AccountHeld


def show_held_account(heard: Heard[AccountHeld], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.payee_id, return_code=message.return_code)
    work.put(
        "payee_accounts",
        payee_id=message.payee_id,
        state="held",
        reason=message.reason.value,
        return_code=message.return_code,
        changed_at=heard.envelope.time.isoformat(),
    )
