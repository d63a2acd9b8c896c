"""The plain remittance: the pack's words, initials and chosen fields, sums that hold, and never an 835."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from remittance.domain import Mismatch
from remittance.posting import Entry, Posted, Surroundings, post
from throughline.adjudications import AdjudicatedLine, Adjudication, Adjustment
from throughline.programmes import BankEntry, Explained, PlainStatement, ShownField
from throughline.reference import Address, PayerRecorded
from throughline.requests import Payee, Subject
from throughline.sensitive import Sensitive, SensitiveTin

HOME = Address(street="1 Sample Street", city="Lakeport", state="CA", zip="95453")
PAYER = PayerRecorded(
    payer="lake", version=1, name="=Lake County Child Care", tin="123456789", address=HOME, contact_name="Help",
    contact_phone="7075550100", auto_approve_below_cents=0, bank="sandbox-bank",
)  # fmt: skip
AROUND = Surroundings(PAYER, None, 1, datetime(2026, 10, 8, tzinfo=UTC), "T")
ENTRY = Entry("20261008121042880000001", 112_800, date(2026, 10, 8))
STATEMENT = PlainStatement(
    heading={"en": "Child care payment", "es": "Pago de cuidado infantil"}, charged={"en": "Billed"},
    adjusted={"en": "Not paid by the programme"}, paid={"en": "Paid for the month"}, subject={"en": "Child"},
    paid_on={"en": "Paid on"}, trace={"en": "Trace number"}, total={"en": "Total", "es": "Total"},
    initials=Sensitive("A. E."),
    shown=(ShownField(label={"en": "Case number"}, value=Sensitive("CASE000123")),),
    explained=(Explained(why={"en": "Family fee"}, amount_cents=6_000),),
)  # fmt: skip


ONE_CENT = Explained(why={"en": "x"}, amount_cents=1)


def claim(paid: int = 112_800, **changes: Any) -> Adjudication:
    line = AdjudicatedLine(
        line_id="1", from_date=date(2026, 9, 1), to_date=date(2026, 9, 30), code="CHCARE", units_thousandths=1000,
        charge_cents=118_800, allowed_cents=118_800, paid_cents=paid,
        adjustments=(Adjustment(group="PR", carc="3", amount_cents=118_800 - paid),),
    )  # fmt: skip
    fields: dict[str, Any] = (
        {
            "partner": "portal", "number": "AUTH-2026-77 2026-09", "payer_claim_number": "T1", "payer": "lake",
            "programme": "child-care", "payee_id": uuid4(), "frequency": "1", "charge_cents": 118_800,
            "payee": Payee(kind="programme", identifier="VENDOR-4711", tin=SensitiveTin("941234567")),
            "subject": Subject(
                member_id=Sensitive("CH-0001"), last_name=Sensitive("X*~"), first_name=Sensitive("Ana")
            ),
            "paid_cents": paid, "patient_responsibility_cents": 118_800 - paid, "lines": (line,),
            "entry": BankEntry(rail="ppd", description="CHILD CARE"), "plain": STATEMENT,
        }
        | changes
    )  # fmt: skip
    return Adjudication(**fields)


def posted(*claims: Adjudication, entry: Entry = ENTRY) -> Posted | Mismatch:
    return post(
        UUID(int=1),
        UUID(int=2),
        tuple((UUID(int=at), 1, one) for at, one in enumerate(claims)),
        entry,
        AROUND,
    )


def test_it_says_initials_and_case_number_in_every_language_and_nobodys_name() -> None:
    made = posted(claim())
    assert isinstance(made, Posted)
    assert (made.format, made.content_835) == ("advice", None)
    assert made.content_plain is not None
    assert made.content_plain.decode().split("\r\n") == [
        "Child care payment / Pago de cuidado infantil,'=Lake County Child Care",
        "Paid on,2026-10-08",
        "Trace number,20261008121042880000001",
        "Total,1128.00",
        "",
        "Child,A. E.",
        "Case number,CASE000123",
        "Billed,1188.00",
        "Family fee,-60.00",
        "Paid for the month,1128.00",
        "",
    ]
    for secret in (b"Ana", b"CH-0001", b"941234567"):
        assert secret not in made.content_plain and secret not in made.content_csv


def test_what_is_not_paid_and_has_no_words_of_its_own_is_told_as_one_sum() -> None:
    made = posted(claim(plain=STATEMENT.model_copy(update={"explained": ()})))
    assert isinstance(made, Posted) and b"Not paid by the programme,-60.00" in (made.content_plain or b"")


@pytest.mark.parametrize(
    ("made", "cents"),
    [
        (claim(plain=STATEMENT.model_copy(update={"explained": (ONE_CENT,)})), 112_800),
        (claim(), 112_801),
    ],
    ids=["the parts of a claim", "the claims of the payment"],
)  # fmt: skip
def test_sums_that_part_are_a_mismatch_and_never_a_statement(made: Adjudication, cents: int) -> None:
    found = posted(made, entry=Entry("1", cents, date(2026, 10, 8)))
    assert isinstance(found, Mismatch) and found.what == "balance"


def test_a_programme_that_nobody_here_knows_is_explained_as_its_decision_says() -> None:
    by_name = claim(programme="home-meals", entry=BankEntry(rail="ccd", description="HOME MEALS"))
    assert isinstance(found := posted(by_name), Posted) and found.content_plain is not None
    with pytest.raises(ValueError, match="names the bank entry"):
        claim(programme="home-meals", entry=None, plain=None)
    with pytest.raises(ValueError, match="explained by an 835"):
        claim(entry=BankEntry(rail="ccd", description="HCCLAIMPMT"))
    with pytest.raises(ValueError, match="no description of a PPD"):
        BankEntry(rail="ppd", description="HCCLAIMPMT")


def test_a_claim_of_before_packs_is_told_beside_the_others_so_that_they_make_the_total() -> None:
    before = claim(entry=None, plain=None)
    made = posted(before, claim(), entry=Entry("1", 225_600, date(2026, 10, 8)))
    assert isinstance(made, Posted) and made.content_plain is not None
    assert made.content_plain.decode().count("Paid for the month,1128.00") == 2
    assert made.content_plain.decode().count("CASE000123") == 1, "nothing personal of the other claim"
