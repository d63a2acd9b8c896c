"""The payments of a closing batch as entries of its file: which can stand in it, in which order, and which cannot."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from payout.batch_repository import PayeeFacts
from payout.domain import Plan, Planned, Waiting
from payout.nacha import Unencodable
from payout.nacha.codes import MAX_TOTAL_CENTS
from payout.rails import ach
from payout.repository import PayerRow
from payout.settings import Bank
from payout.vault import Vault, VaultRefused
from throughline.reasons import Reason

logger = logging.getLogger("payout.draft_payments")


@dataclass(frozen=True, slots=True)
class Draft:
    """A payment with the credit that it will be in the file, without its trace number."""

    planned: Planned
    payee: PayeeFacts
    credit: ach.Credit


def draft_payments(
    plan: Plan, payers: dict[str, PayerRow], payees: dict[UUID, PayeeFacts], bank: Bank, vault: Vault
) -> tuple[list[Draft], list[tuple[Waiting, Reason]]]:
    """What can stand in a bank file, and every item that cannot, with its reason."""
    drafts: list[Draft] = []
    held = list(plan.held)
    for planned in plan.payments:
        payer, payee = payers[planned.payer], payees[planned.payee_id]
        by = ach.originator(payer.name, payer.payer, payer.tin, bank.company_names.get(payer.payer))
        if isinstance(by, Unencodable):
            held += [(item, Reason.FIELD_NOT_ENCODABLE) for item in planned.items]
            continue
        try:
            account = vault.decrypt(payee.sealed, payee_id=planned.payee_id, token=planned.account_token)
        except VaultRefused:
            logger.error("a stored account does not open", extra={"account_token": planned.account_token})
            held += [(item, Reason.ACCOUNT_HELD) for item in planned.items]
            continue
        credit = ach.Credit(
            by, planned.entry, account, planned.cents, payee.identifier, payee.name, 1, "0" * 23
        )
        refusal = ach.refuse_credit(credit)
        if refusal is not None:
            held += [(item, refusal) for item in planned.items]
        else:
            drafts.append(Draft(planned, payee, credit))
    drafts.sort(key=_place_in_file)
    return drafts, held


def within_file_total(drafts: Sequence[Draft]) -> list[Draft]:
    """The control totals of a file have twelve digits. What would carry them over waits for the next window; what has
    waited longest goes first, so that no company's entries starve behind another's."""
    taken, room = [], MAX_TOTAL_CENTS
    for draft in sorted(drafts, key=lambda one: one.planned.waiting_since):
        if draft.credit.cents <= room:
            taken.append(draft)
            room -= draft.credit.cents
    return sorted(taken, key=_place_in_file)


def _place_in_file(draft: Draft) -> tuple[str, str, str, UUID]:
    """One originator and kind of entry together, and always in the same order."""
    by = draft.credit.originator
    return by.company_id, by.name, draft.planned.entry, draft.planned.payment_id


def awaits_release(drafts: Sequence[Draft], payers: dict[str, PayerRow]) -> bool:
    """One file has the payments of many payers: it waits for a person where one of them asks for that."""
    return any(payers[draft.planned.payer].release_by_person for draft in drafts)
