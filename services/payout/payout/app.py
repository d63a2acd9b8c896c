"""Payout's wiring: what it hears, what it does by the clock, what it answers."""

from __future__ import annotations

import asyncpg

from chassis import By, Service, by, every, hear
from chassis.passkeys import check_passkey
from payout import (
    on_approval_revoked,
    on_change_account,
    on_confirm_account,
    on_enrol_account,
    on_hold_batch,
    on_hold_item,
    on_payer_recorded,
    on_reissue_payment,
    on_release_batch,
    on_release_item,
    on_reverse_payment,
    on_submission_approved,
)
from payout.announce import announce_items, announce_payments
from payout.api import router
from payout.believed import believed
from payout.close_batch import close_due_windows
from payout.delivery import deliver_files
from payout.findings import page_open_findings
from payout.finish_reversals import finish_reversals
from payout.follow_ups import release_cooled_off, work_off_follow_ups
from payout.give_up_file import finish_giving_up
from payout.orders_work import OrdersWork
from payout.overdue_reversals import page_overdue_reversals
from payout.read_bank_files import read_bank_files
from payout.redate_files import redate_files
from payout.settings import PayoutSettings
from payout.take_back_batches import take_back_batches
from payout.told_batch import ALSO_RECALLED, RECALLED, RESOLUTIONS
from payout.vault import KeyMissing, key_id_of, load_vault
from payout.work import AccountsWork, ItemsWork, PayersWork, Resources
from throughline.commanding import BY_TWO, MAY_GIVE
from throughline.decisions import ApprovalRevoked, SubmissionApproved
from throughline.flow import ORDERS, PAYEES, Topic
from throughline.message import Message
from throughline.orders import HoldBatch, HoldItem, ReissuePayment, ReleaseBatch, ReleaseItem, ReversePayment
from throughline.payees import ChangeAccount, ConfirmAccount, EnrolAccount
from throughline.reference import PayerRecorded


async def build_resources(settings: PayoutSettings, pool: asyncpg.Pool) -> Resources:
    """Open the vault. Start fails where a stored account names a key that is not here."""
    if settings.keys_dir is None:
        raise KeyMissing("set KEYS_DIR to the directory of the vault's keys")
    vault = load_vault(settings.keys_dir)
    for row in await pool.fetch("select distinct substr(sealed, 1, 9) as head from accounts"):
        if key_id_of(row["head"]) not in vault.key_ids:
            raise KeyMissing("an account is stored under a key that is not in KEYS_DIR")
    return Resources(vault)


def by_roles(topic: Topic) -> dict[type[Message], By]:
    """Who may give each command of a topic."""
    return {message: by(*MAY_GIVE[message], two=message in BY_TWO) for message in topic.messages}


service = Service(
    name="payout",
    settings=PayoutSettings,
    hears=[
        hear(
            "decisions",
            work=ItemsWork,
            on={
                SubmissionApproved: on_submission_approved.take_in,
                ApprovalRevoked: on_approval_revoked.stop,
            },
        ),
        hear(
            "payees",
            work=AccountsWork,
            on={
                EnrolAccount: believed(on_enrol_account.enrol),
                ChangeAccount: believed(on_change_account.change),
                ConfirmAccount: believed(on_confirm_account.confirm),
            },
            signed=by_roles(PAYEES),
            check_passkey=check_passkey,
        ),
        hear(
            "orders",
            work=OrdersWork,
            on={
                HoldItem: believed(on_hold_item.hold),
                ReleaseItem: believed(on_release_item.release),
                HoldBatch: believed(on_hold_batch.hold_batch),
                ReleaseBatch: believed(on_release_batch.release_batch),
                ReissuePayment: believed(on_reissue_payment.reissue),
                ReversePayment: believed(on_reverse_payment.reverse),
            },
            signed=by_roles(ORDERS),
            check_passkey=check_passkey,
        ),
        hear("reference.payers", work=PayersWork, on={PayerRecorded: on_payer_recorded.record}),
    ],
    timers=[
        every(1.0, close_due_windows),
        every(0.5, announce_items),
        every(0.5, redate_files),
        every(0.5, take_back_batches),
        every(1.0, finish_giving_up),
        every(0.5, deliver_files),
        every(0.5, announce_payments),
        every(0.5, read_bank_files),
        every(0.5, work_off_follow_ups),
        every(5.0, release_cooled_off),
        every(5.0, finish_reversals),
        every(5.0, page_open_findings),
        every(5.0, page_overdue_reversals),
    ],
    api=router,
    start=build_resources,
    recalls=(*RECALLED, *ALSO_RECALLED, *RESOLUTIONS),
    never_accepted=RECALLED,
)
