"""The account in a command about a payee's account: its seal opened, its number looked at."""

from __future__ import annotations

from chassis import Heard, Say
from payout.refuse import refuse_account_command
from payout.vault import Account, is_well_formed
from payout.work import AccountsWork
from throughline.payees import ChangeAccount, EnrolAccount
from throughline.reasons import Reason
from throughline.sealed import SealBroken


def account_in(
    heard: Heard[ChangeAccount] | Heard[EnrolAccount], work: AccountsWork, say: Say
) -> Account | None:
    """None where it was refused: sealed for another payee or speaker or not at all, or no account number of a bank."""
    command = heard.message
    payee_id = command.payee_id
    try:
        account = work.vault.open_sealed(command.sealed_account, payee_id=payee_id, speaker=command.speaker)
    except SealBroken:
        refuse_account_command(heard, say, Reason.SEAL, payee_id)
        return None
    if not is_well_formed(account):
        refuse_account_command(heard, say, Reason.ACCOUNT_INVALID, payee_id)
        return None
    return account
