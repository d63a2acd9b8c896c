"""EnrolAccount: the first account of a payee. Two people who signed it, each with their own key, make it payable at
once; of one alone, it waits for another person's ConfirmAccount."""

from __future__ import annotations

from chassis import Heard, Say, Signer
from payout.account_repository import AccountRow, PayeeRow
from payout.believed import forbidden, person_of
from payout.domain import AccountState
from payout.refuse import refuse_account_command
from payout.under_seal import account_in
from payout.vault import Account, account_token, mask
from payout.work import AccountsWork
from throughline.accounts import AccountChanged, AccountVerified
from throughline.identifiers import payee_id_for
from throughline.payees import EnrolAccount
from throughline.reasons import Reason


def enrol(heard: Heard[EnrolAccount], work: AccountsWork, say: Say) -> None:
    """Opens the seal for this payee and speaker, stores the account under the vault's key, says it by token and mask.

    The same account enrolled again is verified again, and takes the name as now confirmed. That ends a hold where two
    people signed it; of one alone, it waits for another person's ConfirmAccount, and the hold stands. Another account
    than the one in use is a change. Until an enrolment is confirmed, a newer one takes its place.
    """
    command, person = heard.message, person_of(heard)
    payee_id = command.payee_id
    if not (person.is_of_two_keys or person.stepped_up):
        forbidden(heard, say, Reason.STEP_UP_MISSING)
        return
    if payee_id != payee_id_for(command.kind, command.identifier):
        refuse_account_command(
            heard, say, Reason.UNKNOWN_SUBJECT, payee_id, "The payee id is not this identifier's."
        )
        return
    account = account_in(heard, work, say)
    if account is None:
        return
    known, waiting = work.in_use(payee_id), work.unconfirmed(payee_id)
    fingerprint = work.vault.fingerprint(account)
    if known is not None and not _may_be_enrolled_again(known, waiting, fingerprint):
        refuse_account_command(
            heard,
            say,
            Reason.NOT_ALLOWED_NOW,
            payee_id,
            "The payee has another account. Ask for a change of account.",
        )
        return
    work.put_payee(PayeeRow(payee_id, command.kind, command.identifier, command.name))
    if waiting is not None:
        waiting.state = AccountState.REPLACED
        work.put(waiting)
    if known is None or (known.state is AccountState.HELD and not person.is_of_two_keys):
        known = _new_row(heard, work, account, fingerprint, person, known)
        if known.state is AccountState.UNCONFIRMED:
            work.put(known)
            say(
                AccountChanged(
                    payee_id=payee_id,
                    account_token=known.token,
                    account_mask=known.mask,
                    previous_token=known.previous_token,
                ),
                key=str(payee_id),
            )
            return
    elif known.state is AccountState.HELD:
        known.state, known.payable_from, known.return_code = AccountState.ACTIVE, work.today, None
    work.put(known)
    work.release_items_of(payee_id, heard.envelope.id)
    say(
        AccountVerified(
            payee_id=payee_id,
            account_token=known.token,
            account_mask=known.mask,
            payable_from=known.payable_from or work.today,
        ),
        key=str(payee_id),
    )


def _new_row(
    heard: Heard[EnrolAccount],
    work: AccountsWork,
    account: Account,
    fingerprint: bytes,
    person: Signer,
    former: AccountRow | None,
) -> AccountRow:
    payee_id = heard.message.payee_id
    second = (
        person.second_person_id if person.is_of_two_keys else None
    )  # a portal broken into could name anybody
    token = account_token(payee_id, heard.envelope.id)
    return AccountRow(
        token=token,
        payee_id=payee_id,
        state=AccountState.UNCONFIRMED if second is None else AccountState.ACTIVE,
        sealed=work.vault.encrypt(account, payee_id=payee_id, token=token),
        fingerprint=fingerprint,
        mask=mask(account.number),
        payable_from=None if second is None else work.today,
        requested_by=str(person.person_id),
        confirmed_by=None if second is None else str(second),
        previous_token=None if former is None else former.token,
        fresh=True,
    )


def _may_be_enrolled_again(known: AccountRow, waiting: AccountRow | None, fingerprint: bytes) -> bool:
    """The account in use, while no change of it waits; a held one also where one person enrolled it again before."""
    same_waits = (
        waiting is not None and waiting.fingerprint == fingerprint and known.state is AccountState.HELD
    )
    return known.fingerprint == fingerprint and (waiting is None or same_waits)
