"""The plain remittance: what a payment that is no health-care claim payment is explained by, in the pack's words.

A CSV of two columns, label and value, one block for the payment and one for each request: initials, the fields that the
pack shows, what was charged, each part that is not paid and why, what is paid. No name, no code, never an 835.
A label stands in every language of its pack.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from remittance.advice import cell, dollars
from remittance.balance import Unbalanced
from throughline.adjudications import Adjudication
from throughline.programmes import PlainStatement, Words

Claims = Sequence[tuple[UUID, int, Adjudication]]


def write_plain(
    claims: Claims, *, payer: str, trace_number: str, paid_on: date, total_cents: int
) -> bytes | None:
    """None where no claim says how it is explained. Raises Unbalanced where a claim's parts do not make its whole.

    Every claim of the payment stands in it, so that they make its total: one that says nothing itself (decided before
    packs, or by a form that no pack is of) is told in the words of the first, by its sums alone.
    """
    first = next((claim.plain for _, _, claim in claims if claim.plain is not None), None)
    if first is None:
        return None
    by_sums = first.model_copy(update={"initials": None, "shown": (), "explained": ()})
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow((_said(first.heading), cell(payer)))
    writer.writerow((_said(first.paid_on), paid_on.isoformat()))
    writer.writerow((_said(first.trace), trace_number))
    writer.writerow((_said(first.total), dollars(total_cents)))
    for _, _, claim in claims:
        writer.writerow(())
        writer.writerows(_block(claim, claim.plain or by_sums))
    return out.getvalue().encode()


def check_sums(claims: Claims, amount_cents: int) -> None:
    """What a transaction's level of an 835 is: the claims make the payment. Raises Unbalanced."""
    paid = sum(claim.paid_cents for _, _, claim in claims)
    if paid != amount_cents:
        raise Unbalanced("transaction", "the payment", paid, amount_cents)


def _block(claim: Adjudication, statement: PlainStatement) -> list[tuple[str, str]]:
    less = claim.charge_cents - claim.paid_cents
    parts = [(_said(one.why), one.amount_cents) for one in statement.explained]
    if not parts and less:
        parts = [(_said(statement.adjusted), less)]
    if sum(cents for _, cents in parts) != less:
        raise Unbalanced("claim", "what is not paid", less, sum(cents for _, cents in parts))
    initials = "" if statement.initials is None else statement.initials.reveal()
    return [
        (_said(statement.subject), cell(initials)),
        *[(_said(one.label), cell(one.value.reveal())) for one in statement.shown],
        (_said(statement.charged), dollars(claim.charge_cents)),
        *[(why, dollars(-cents)) for why, cents in parts],
        (_said(statement.paid), dollars(claim.paid_cents)),
    ]


def _said(words: Words) -> str:
    return cell(" / ".join(dict.fromkeys(words.values())))
