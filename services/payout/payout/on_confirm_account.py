"""ConfirmAccount: a second person confirms an account. A first one is payable at once, one that takes another's place
when it has cooled off."""

from __future__ import annotations

from chassis import Heard, Say
from payout.believed import forbidden, person_of
from payout.calendar import add_banking_days
from payout.domain import AccountState
from payout.refuse import refuse_account_command
from payout.work import AccountsWork
from throughline.accounts import AccountVerified
from throughline.payees import ConfirmAccount
from throughline.reasons import Reason


def confirm(heard: Heard[ConfirmAccount], work: AccountsWork, say: Say) -> None:
    """The former account is replaced for good; the same one, enrolled again after a hold, has nothing to cool off. Who
    asked for the account cannot confirm it."""
    command = heard.message
    payee_id = command.payee_id
    if not person_of(heard).stepped_up:
        forbidden(heard, say, Reason.STEP_UP_MISSING)
        return
    account = work.named(payee_id, command.account_token)
    if account is None:
        refuse_account_command(heard, say, Reason.UNKNOWN_SUBJECT, payee_id)
        return
    if account.state is not AccountState.UNCONFIRMED:
        refuse_account_command(heard, say, Reason.NOT_ALLOWED_NOW, payee_id)
        return
    if command.confirmed_by.strip().casefold() == account.requested_by.strip().casefold():
        forbidden(heard, say, Reason.SAME_PERSON)
        return
    if command.account_mask != account.mask:
        refuse_account_command(heard, say, Reason.STALE_AMOUNT, payee_id)
        return
    former = work.in_use(payee_id)
    if former is not None:
        former.state = AccountState.REPLACED
        work.put(former)
    payable_from = work.today
    is_another = former is not None and former.fingerprint != account.fingerprint
    if is_another and work.cooling_off_banking_days:
        payable_from = add_banking_days(work.today, work.cooling_off_banking_days)
    account.state, account.confirmed_by, account.payable_from = (
        AccountState.ACTIVE,
        command.confirmed_by,
        payable_from,
    )
    work.put(account)
    if payable_from <= work.today:
        work.release_items_of(payee_id, heard.envelope.id)
    say(
        AccountVerified(
            payee_id=payee_id,
            account_token=account.token,
            account_mask=account.mask,
            payable_from=payable_from,
        ),
        key=str(payee_id),
    )
