"""The reversals of a closing batch: which of those that were ordered stand in its file, and why others do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from payout.nacha import Unencodable
from payout.rails import ach
from payout.repository import PayerRow
from payout.reversals import Failure, Reversal
from payout.vault import Vault, VaultRefused

Taken = tuple[Reversal, ach.Credit]


def draft_reversals(
    ordered: Sequence[Reversal],
    payers: Mapping[str, PayerRow],
    names: Mapping[str, str],
    vault: Vault,
    effective: date,
) -> tuple[list[Taken], list[tuple[Reversal, Failure]]]:
    """Each as the entry that it takes back: company id, class, account, amount and addenda are those of the payment."""
    taken: list[Taken] = []
    failed: list[tuple[Reversal, Failure]] = []
    for one in ordered:
        if one.payment_state != "settled":
            failed.append((one, "payment_returned"))
        elif effective > one.last_day:
            failed.append((one, "window_missed"))
        else:
            credit = _entry(one, payers[one.payer], names.get(one.payer), vault)
            if credit is None or ach.refuse_credit(credit) is not None:
                failed.append((one, "not_encodable"))
            else:
                taken.append((one, credit))
    taken.sort(key=lambda pair: (pair[1].originator.company_id, pair[1].programme, pair[0].payment_id))
    return taken, failed


def _entry(one: Reversal, payer: PayerRow, short_name: str | None, vault: Vault) -> ach.Credit | None:
    by = ach.originator(payer.name, payer.payer, payer.tin, short_name)
    if isinstance(by, Unencodable) or one.sealed is None:
        return None
    try:
        account = vault.decrypt(one.sealed, payee_id=one.payee_id, token=one.account_token)
    except VaultRefused:
        return None
    by = ach.Originator(by.name, one.payer_trace_id)
    return ach.Credit(
        *(
            by,
            one.programme,
            account,
            one.cents,
            one.identification or "",
            one.payee_name,
            1,
            one.trace_number,
        ),
        is_reversal=True,
    )
