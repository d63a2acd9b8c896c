"""What a member has paid in a plan year: the deductible, and everything, as tallies of payer, member and year.

The year is the calendar year of the first service day. The member is in the tally's key by a hash only.
"""

from __future__ import annotations

from typing import NamedTuple

from throughline.reference import ContractRecorded
from throughline.submissions import SubmissionReceived
from validation.pricing import PatientLeft, Price
from validation.reference import Terms
from validation.tallies import Reading, Readings, Tallies, TallyKey, tally_key

DEDUCTIBLE, OUT_OF_POCKET = "deductible", "out-of-pocket"


class YearKeys(NamedTuple):
    deductible: TallyKey
    out_of_pocket: TallyKey


def keys_of(submission: SubmissionReceived, terms: Terms) -> YearKeys | None:
    """The tallies of the member's year; None where the contract counts nothing of it."""
    contract = terms.contract
    if contract is None or (contract.deductible_cents is None and contract.out_of_pocket_max_cents is None):
        return None
    request = submission.request
    year = min([line.from_date for line in request.lines]).year
    member = request.subject.member_id.reveal().strip().upper()
    parts = (request.payer, member, str(year))
    return YearKeys(tally_key(DEDUCTIBLE, *parts), tally_key(OUT_OF_POCKET, *parts))


def left_of(contract: ContractRecorded, keys: YearKeys, tallies: Tallies) -> PatientLeft:
    """What the member still owes of the year. A limit lowered below what was paid leaves nothing, never less."""
    deductible, most = contract.deductible_cents, contract.out_of_pocket_max_cents
    return PatientLeft(
        max((deductible or 0) - tallies.of(keys.deductible), 0),
        None if most is None else max(most - tallies.of(keys.out_of_pocket), 0),
    )


def readings_of(keys: YearKeys, tallies: Tallies, price: Price) -> Readings:
    """What an approval at this price adds."""
    return (
        Reading(DEDUCTIBLE, keys.deductible, tallies.of(keys.deductible), price.deductible_cents),
        Reading(OUT_OF_POCKET, keys.out_of_pocket, tallies.of(keys.out_of_pocket), price.patient_cents),
    )
