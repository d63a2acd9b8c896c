"""One thing that is sent: a bill by somebody, by some way, on some day, with what is known of it to be true."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from labelled_duplicates.world import Payee, Person
from throughline.requests import Attachment, ChildCareFields, PaymentRequest, ServiceLine, Subject
from throughline.requests import Payee as PayeeOfRequest
from throughline.sensitive import Sensitive, SensitiveDate, SensitiveTin

Label = Literal["new", "alike", "exact", "near", "suspect", "untellable"]
"""``exact``, ``near``: it bills again what was billed, one line to the letter, or not quite. ``suspect``: it does so in
a way that only a person can be sure of. The rest is rightly billed: ``new``.

Two are measured apart, because a request does not carry what would tell them from one another. ``untellable``: it bills
again, and nothing in it says that it is not new. ``alike``: it is new, and nothing in it says that it is not a slip."""


@dataclass(frozen=True)
class Service:
    code: str
    first: date
    last: date
    charge_cents: int
    units: int = 1
    modifiers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bill:
    number: str
    partner: str
    channel: str
    payer: str
    payee: Payee
    person: Person
    services: tuple[Service, ...]
    received_on: date
    case: str
    label: Label = "new"
    of: int | None = None
    """The place of the bill that it repeats, replaces or follows."""
    version: int = 1
    frequency: Literal["1", "7", "8"] = "1"
    payer_order: Literal["P", "S"] | None = None
    invoice: str | None = None
    submitted_by: int = 0
    """Who typed it."""
    programme: Literal["medical", "child-care"] = "medical"
    documents: tuple[tuple[str, str], ...] = field(default=())

    def again(self, **changes: object) -> Bill:
        return replace(self, **changes)  # type: ignore[arg-type]

    def request(self) -> PaymentRequest:
        person = self.person
        return PaymentRequest(
            number=self.number, version=self.version, frequency=self.frequency, programme=self.programme,
            payer=self.payer, payer_order=self.payer_order,
            payee=PayeeOfRequest(kind="npi", identifier=self.payee.npi, tin=SensitiveTin(self.payee.tin)),
            subject=Subject(
                member_id=Sensitive(person.member_id), last_name=Sensitive(person.last_name),
                first_name=None if person.first_name is None else Sensitive(person.first_name),
                birth_date=None if person.birth_date is None else SensitiveDate(person.birth_date.isoformat()),
            ),
            lines=tuple([
                ServiceLine(
                    line_id=str(at), from_date=one.first, to_date=one.last, code=one.code, modifiers=one.modifiers,
                    units_thousandths=one.units * 1000, charge_cents=one.charge_cents,
                )
                for at, one in enumerate(self.services, start=1)
            ]),
            total_cents=sum(one.charge_cents for one in self.services), currency="USD",
            invoice_number=self.invoice,
            attachments=tuple([Attachment(type=kind, sha256=sha256) for kind, sha256 in self.documents]),
            child_care=self._child_care(),
        )  # fmt: skip

    def _child_care(self) -> ChildCareFields | None:
        if self.programme != "child-care":
            return None
        return ChildCareFields(
            county="lake", case_number=Sensitive(self.person.member_id),
            service_month=f"{self.services[0].first:%Y-%m}", stage=2, rate_category="weekly",
        )  # fmt: skip
