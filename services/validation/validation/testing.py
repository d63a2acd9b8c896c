"""Invented claims and reference data for validation's tests: a request in which everything holds, and changes to it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from throughline.exclusions import Exclusion, ExclusionListRecorded
from throughline.identifiers import claim_number_for, payee_id_for, request_id_for
from throughline.members import MemberRecorded, Span
from throughline.money import Cents
from throughline.reference import (
    Address,
    AuthorisationRecorded,
    ContractRecorded,
    FeeScheduleRecorded,
    PayerRecorded,
    ProviderRecorded,
    Rate,
)
from throughline.requests import Payee, PaymentRequest, ServiceLine, Subject
from throughline.rule_sets import PublishRuleSet, RuleFile, files_sha256
from throughline.sensitive import Sensitive, SensitiveDate, SensitiveTin
from throughline.submissions import SubmissionReceived
from validation.reference import Entity, Reference
from validation.rules.rule_set import own_texts

NPI = "1234567893"
TIN = "123456789"
PAYEE_ID = payee_id_for("npi", NPI)
RECEIVED_ON = date(2026, 11, 16)
SERVICE_DAY = date(2026, 11, 2)
ADDRESS = Address(street="1 Test Street", city="Fresno", state="CA", zip="93701")


def line(**changes: Any) -> ServiceLine:
    values: dict[str, Any] = {
        "line_id": "1",
        "from_date": SERVICE_DAY,
        "to_date": SERVICE_DAY,
        "code": "99213",
        "units_thousandths": 1000,
        "charge_cents": 12_000,
        "diagnosis_pointers": (1,),
    }
    return ServiceLine(**{**values, **changes})


def member(number: int, **changes: Any) -> Subject:
    """One of many invented people, no two of them alike."""
    letters = "".join(chr(ord("a") + int(digit)) for digit in str(number * 7919))
    born = date(1940, 1, 1) + timedelta(days=(number * 37) % 20_000)
    values: dict[str, Any] = {
        "member_id": Sensitive(f"Q{number * 104_729:09d}"),
        "last_name": Sensitive(f"Doe{letters}"),
        "first_name": Sensitive(f"Jo{letters[::-1]}"),
        "birth_date": SensitiveDate(born.isoformat()),
    }
    return Subject(**{**values, **changes})


def request(number: str = "A1", **changes: Any) -> PaymentRequest:
    lines = changes.get("lines") or (line(),)
    values: dict[str, Any] = {
        "number": number,
        "payer": "acme",
        "payee": Payee(kind="npi", identifier=NPI, tin=SensitiveTin(TIN)),
        "subject": Subject(member_id=Sensitive("M100"), last_name=Sensitive("Doe")),
        "lines": lines,
        "diagnoses": ("J069",),
        "place_of_service": "11",
        "total_cents": sum(one.charge_cents for one in lines),
        "currency": "USD",
    }
    return PaymentRequest(**{**values, **changes})


def received(number: str = "A1", *, partner: str = "clinic-one", **changes: Any) -> SubmissionReceived:
    """A submission as intake says it. A correction or void names the original's claim number by itself."""
    received_on = changes.pop("received_on", RECEIVED_ON)
    request_id = request_id_for(partner, "npi", NPI, number)
    claim_number = claim_number_for(request_id)
    if changes.get("frequency", "1") != "1":
        changes.setdefault("payer_claim_number", claim_number)
    asked = request(number, **changes)
    return SubmissionReceived(
        request_id=request_id,
        version=asked.version,
        replaces_version=asked.version - 1 if asked.version > 1 else None,
        partner=partner,
        channel="kafka",
        received_on=received_on,
        payee_id=payee_id_for(asked.payee.kind, asked.payee.identifier),
        payer_claim_number=claim_number,
        request=asked,
    )


def payer(**changes: Any) -> PayerRecorded:
    values: dict[str, Any] = {
        "payer": "acme",
        "version": 1,
        "name": "Acme Health",
        "tin": "987654321",
        "address": ADDRESS,
        "contact_name": "Payer Desk",
        "contact_phone": "5555550100",
        "auto_approve_below_cents": 100_000,
        "bank": "sandbox-bank",
    }
    return PayerRecorded(**{**values, **changes})


def provider(**changes: Any) -> ProviderRecorded:
    values: dict[str, Any] = {
        "payee_id": PAYEE_ID,
        "version": 1,
        "kind": "npi",
        "identifier": NPI,
        "npi": NPI,
        "tin": SensitiveTin(TIN),
        "name": "Clinic One",
        "address": ADDRESS,
        "enrolled_from": date(2020, 1, 1),
    }
    return ProviderRecorded(**{**values, **changes})


def contract(**changes: Any) -> ContractRecorded:
    values: dict[str, Any] = {
        "contract_id": "acme-general",
        "version": 1,
        "payer": "acme",
        "fee_schedule": "standard",
        "effective_from": date(2020, 1, 1),
        "timely_filing_days": 90,
        "authorisation_codes": ("97110",),
    }
    return ContractRecorded(**{**values, **changes})


def fees(*rates: tuple[str, Cents], version: int = 1) -> FeeScheduleRecorded:
    made = [
        Rate(code=code, amount_cents=cents, effective_from=date(2020, 1, 1))
        for code, cents in rates or (("99213", 9_000), ("99214", 13_000), ("97110", 4_000))
    ]
    return FeeScheduleRecorded(fee_schedule="standard", version=version, rates=tuple(made))


def authorisation(**changes: Any) -> AuthorisationRecorded:
    values: dict[str, Any] = {
        "number": "AUTH1",
        "version": 1,
        "payer": "acme",
        "payee_id": PAYEE_ID,
        "member_id": Sensitive("M100"),
        "codes": ("97110",),
        "valid_from": date(2026, 10, 1),
        "valid_to": date(2026, 12, 31),
    }
    return AuthorisationRecorded(**{**values, **changes})


def insured(member_id: str = "M100", **changes: Any) -> MemberRecorded:
    """A member of the invented payer, covered for everything since 2020."""
    values: dict[str, Any] = {
        "payer": "acme",
        "member_id": Sensitive(member_id),
        "version": 1,
        "coverage": (Span(from_date=date(2020, 1, 1)),),
    }
    return MemberRecorded(**{**values, **changes})


def excluded(*entries: Exclusion, **changes: Any) -> ExclusionListRecorded:
    """An invented list in one part."""
    values: dict[str, Any] = {
        "list_id": "oig-leie",
        "version": 1,
        "dated_on": date(2025, 12, 10),
        "sha256": "ab" * 32,
        "part": 1,
        "parts": 1,
        "entries": entries,
        "shrinks_because": "Invented lists are short.",
    }
    return ExclusionListRecorded(**{**values, **changes})


def reference(*changed: Entity) -> Reference:
    """All reference data of the invented payer, with some entities replaced."""
    held = Reference()
    held.take([payer(), provider(), contract(), fees(), authorisation(), *changed])
    return held


def publication(
    version: int = 1, effective_from: date = date(2026, 1, 1), *rules: str, **changes: Any
) -> PublishRuleSet:
    """Two operators publish the release's rules and these."""
    texts = own_texts() | {f"more-{at}.toml": text for at, text in enumerate(rules)}
    files = tuple(RuleFile(name=name, text=texts[name]) for name in sorted(texts))
    values: dict[str, Any] = {
        "version": version,
        "effective_from": effective_from,
        "files": files,
        "sha256": files_sha256(files),
        "note": "The limit of the year.",
        "actor": "ann",
        "second_actor": "somebody else",
    }
    return PublishRuleSet(**{**values, **changes})


def limit(cents: int, **changes: str) -> str:
    """A rule that denies what charges more."""
    values = {
        "id": '"charge-limit"',
        "version": "1",
        "effective_from": "2020-01-01",
        "severity": '"deny"',
        "scope": '"request"',
        "field": '"total_cents"',
        "expression": f'"total_cents <= {cents}"',
        "reason": '"above_tier"',
        "message": '"More is charged than the limit."',
        "fix": '"Charge less."',
        "passing": f"[{{ total_cents = {cents} }}]",
        "failing": f"[{{ total_cents = {cents + 1} }}]",
    }
    return "[[rule]]\n" + "".join(f"{name} = {value}\n" for name, value in {**values, **changes}.items())
