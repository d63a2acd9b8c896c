"""ChangeAccount: another account for a payee. It is paid to after a second person confirmed it and it cooled off."""

from __future__ import annotations

from chassis import Heard, Say
from payout.account_repository import AccountRow
from payout.believed import forbidden, person_of
from payout.domain import AccountState
from payout.refuse import refuse_account_command
from payout.under_seal import account_in
from payout.vault import account_token, mask
from payout.work import AccountsWork
from throughline.accounts import AccountChanged
from throughline.payees import ChangeAccount
from throughline.reasons import Reason


def change(heard: Heard[ChangeAccount], work: AccountsWork, say: Say) -> None:
    """From now on nothing is paid to the payee until the change is confirmed: not to the new account, and not silently
    to the old one. A newer change takes the place of an unconfirmed one."""
    command, person = heard.message, person_of(heard)
    payee_id = command.payee_id
    if not person.acts_for(payee_id):
        forbidden(heard, say, Reason.ROLE_MISSING)
        return
    if not person.stepped_up:
        forbidden(heard, say, Reason.STEP_UP_MISSING)
        return
    known = work.in_use(payee_id)
    if known is None:
        refuse_account_command(
            heard, say, Reason.UNKNOWN_SUBJECT, payee_id, "The payee has no account. Enrol one."
        )
        return
    account = account_in(heard, work, say)
    if account is None:
        return
    earlier = work.unconfirmed(payee_id)
    if earlier is not None:
        earlier.state = AccountState.REPLACED
        work.put(earlier)
    token = account_token(payee_id, heard.envelope.id)
    row = AccountRow(
        token=token,
        payee_id=payee_id,
        state=AccountState.UNCONFIRMED,
        sealed=work.vault.encrypt(account, payee_id=payee_id, token=token),
        fingerprint=work.vault.fingerprint(account),
        mask=mask(account.number),
        payable_from=None,
        requested_by=command.requested_by,
        previous_token=known.token,
        fresh=True,
    )
    work.put(row)
    say(
        AccountChanged(
            payee_id=payee_id, account_token=token, account_mask=row.mask, previous_token=known.token
        ),
        key=str(payee_id),
    )
