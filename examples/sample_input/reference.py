"""The invented world of the sample: partners, payers, providers, contracts, fee schedules, authorisations, payees."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from random import Random

from sample_input import codes, numbers
from throughline.identifiers import payee_id_for
from throughline.reference import (
    Address,
    AuthorisationRecorded,
    ContractRecorded,
    FeeScheduleRecorded,
    PartnerRegistered,
    PayerRecorded,
    ProviderRecorded,
    Rate,
)
from throughline.requests import Payee
from throughline.sensitive import Sensitive, SensitiveTin

RATE_CHANGE = date(2026, 7, 1)
"""Every schedule's rates change on this day, so that a claim is priced by its own date."""
ENROLLED_FROM = date(2024, 1, 1)


@dataclass(frozen=True)
class Provider:
    """One billing provider and the bank account it is paid to, if it has one."""

    record: ProviderRecorded
    role: str
    account: str | None
    routing: str
    bank_name: str
    """As the bank file would carry it."""

    def payee(self) -> Payee:
        return Payee(
            kind=self.record.kind,
            identifier=self.record.identifier,
            tin=SensitiveTin(self.record.tin.reveal()),
            name=self.record.name,
        )


@dataclass
class World:
    """Everything that stands beside the requests."""

    partners: dict[str, PartnerRegistered] = field(default_factory=dict)
    api_keys: dict[str, str] = field(default_factory=dict)
    payers: dict[str, PayerRecorded] = field(default_factory=dict)
    providers: list[Provider] = field(default_factory=list)
    contracts: dict[str, ContractRecorded] = field(default_factory=dict)
    schedules: dict[str, FeeScheduleRecorded] = field(default_factory=dict)
    authorisations: list[AuthorisationRecorded] = field(default_factory=list)

    def of_role(self, role: str) -> list[Provider]:
        return [provider for provider in self.providers if provider.role == role]

    def one(self, role: str) -> Provider:
        (provider,) = self.of_role(role)
        return provider

    def terms(self, payer: str) -> tuple[ContractRecorded, FeeScheduleRecorded]:
        """The contract that holds between a payer and every provider, and its schedule."""
        contract = next(one for one in self.contracts.values() if one.payer == payer and one.payee_id is None)
        return contract, self.schedules[contract.fee_schedule]


PAYERS = (
    # code, name, share of the base rate, copay, coinsurance, tier, timely filing
    ("BLUEHARBOR", "Blue Harbor Health", 100, 0, 0, 300_000, 365),
    ("STATEPLAN", "State Medical Plan", 78, 0, 0, 200_000, 180),
    ("VALLEYHMO", "Valley HMO", 92, 1_500, 0, 250_000, 365),
    ("UNIONFUND", "Union Welfare Fund", 110, 500, 1_000, 250_000, 365),
)
COUNTY_PAYER = "LAKECOUNTY-CC"
EXCLUSIVE_PAYER = "SEAMUTUAL"
"""Contracts with single providers only."""
PARTNERS = {
    "cedar-billing": ("Cedar Billing Company", ()),
    "northclear": ("Northclear Exchange", ()),
    "lake-county": ("Lake County Child Care", (COUNTY_PAYER,)),
    "evergreen-ehr": (
        "Evergreen EHR",
        ("BLUEHARBOR", "STATEPLAN", "VALLEYHMO", "UNIONFUND", EXCLUSIVE_PAYER),
    ),
}
FIRST_NAMES = ("Alder", "Birch", "Cypress", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ironwood", "Juniper")
LAST_NAMES = ("Clinic", "Medical", "Family Care", "Health", "Practice", "Pediatrics")
CITIES = (("Redding", "96001"), ("Fresno", "93701"), ("Salinas", "93901"), ("Merced", "95340"))

RETURN_CODES = ("R02", "R03", "R04", "R12", "R13", "R16", "R17", "R20")
"""The returns of credits that the sample asks of the bank."""


def build_world(random: Random, magic_accounts: dict[str, str], clean_providers: int = 48) -> World:
    """The world for one seed. ``magic_accounts`` are the account numbers that choose the sandbox bank's answer."""
    world = World()
    for partner, (name, payers) in PARTNERS.items():
        key = f"sandbox-{partner}-{random.randrange(10**12):012d}"
        world.api_keys[partner] = key
        digest = hashlib.sha256(key.encode()).hexdigest()
        world.partners[partner] = PartnerRegistered(
            partner=partner, version=1, name=name, payers=payers, api_key_sha256=digest
        )
    _payers_and_terms(world, random)
    for _ in range(clean_providers):
        _add_provider(world, random, "clean", account=numbers.account(random))
    for role, account in magic_accounts.items():
        _add_provider(world, random, role, account=account)
    _add_provider(world, random, "big", account=numbers.account(random))
    _add_provider(world, random, "no-account", account=None)
    _add_provider(world, random, "late-account", account=None)
    _add_provider(world, random, "long-name", account=numbers.account(random), long_name=True)
    _add_provider(world, random, "new", account=numbers.account(random), enrolled_from=date(2026, 10, 1))
    _add_provider(world, random, "inactive", account=numbers.account(random), active=False)
    _add_provider(world, random, "exclusive", account=numbers.account(random))
    for _ in range(8):
        _add_provider(world, random, "child-care", account=numbers.account(random), kind="programme")
    _exclusive_contract(world)
    return world


def _payers_and_terms(world: World, random: Random) -> None:
    for code, name, share, copay, coinsurance, tier, filing in PAYERS:
        _payer(world, random, code, name, tier)
        schedule = _schedule(f"FS-{code}", share)
        world.schedules[schedule.fee_schedule] = schedule
        world.contracts[f"C-{code}"] = ContractRecorded(
            contract_id=f"C-{code}", version=1, payer=code, fee_schedule=schedule.fee_schedule,
            effective_from=date(2024, 1, 1), timely_filing_days=filing, copay_cents=copay,
            coinsurance_basis_points=coinsurance, authorisation_codes=(codes.AUTHORISED_CODE,),
        )  # fmt: skip
    _payer(world, random, EXCLUSIVE_PAYER, "Sea Mutual", 250_000)
    _payer(world, random, COUNTY_PAYER, "Lake County Child Care", 250_000)
    world.schedules["FS-COUNTY"] = FeeScheduleRecorded(fee_schedule="FS-COUNTY", version=1, rates=())
    world.contracts["C-COUNTY"] = ContractRecorded(
        contract_id="C-COUNTY", version=1, payer=COUNTY_PAYER, fee_schedule="FS-COUNTY",
        effective_from=date(2024, 1, 1), timely_filing_days=90,
    )  # fmt: skip


def _payer(world: World, random: Random, code: str, name: str, tier_cents: int) -> None:
    city, postcode = random.choice(CITIES)
    world.payers[code] = PayerRecorded(
        payer=code, version=1, name=name, tin=numbers.tin(random),
        address=Address(street=f"{random.randrange(1, 900)} Market Street", city=city, state="CA", zip=postcode),
        contact_name="Provider Services", contact_phone=f"80055{random.randrange(10**5):05d}",
        auto_approve_below_cents=tier_cents, bank="sandbox-bank",
    )  # fmt: skip


def _schedule(name: str, share: int) -> FeeScheduleRecorded:
    rates: list[Rate] = []
    base = {**codes.BASE_RATES, codes.AUTHORISED_CODE: codes.AUTHORISED_RATE}
    for code, cents in base.items():
        before, after = cents * share // 100, cents * (share + 3) // 100
        rates.append(
            Rate(
                code=code,
                amount_cents=before,
                effective_from=date(2020, 1, 1),
                effective_to=date(2026, 6, 30),
            )
        )
        rates.append(Rate(code=code, amount_cents=after, effective_from=RATE_CHANGE))
    modified = codes.BASE_RATES[codes.MODIFIED_CODE] * share // 200
    rates.append(
        Rate(
            code=codes.MODIFIED_CODE,
            modifier=codes.MODIFIER,
            amount_cents=modified,
            effective_from=date(2020, 1, 1),
        )
    )
    rates.append(Rate(code=codes.ZERO_RATE_CODE, amount_cents=0, effective_from=date(2020, 1, 1)))
    return FeeScheduleRecorded(fee_schedule=name, version=1, rates=tuple(rates))


def _add_provider(
    world: World,
    random: Random,
    role: str,
    *,
    account: str | None,
    kind: str = "npi",
    active: bool = True,
    enrolled_from: date = ENROLLED_FROM,
    long_name: bool = False,
) -> None:
    city, postcode = random.choice(CITIES)
    number = len(world.providers) + 1
    name = f"{random.choice(FIRST_NAMES)} {random.choice(LAST_NAMES)[:7].strip()} {number}"
    if long_name:
        name = "Consolidated Mountain Community Medical Group"
    npi = numbers.npi(random) if kind == "npi" else None
    identifier = npi or f"CC{number:05d}"
    record = ProviderRecorded(
        payee_id=payee_id_for(kind, identifier), version=1, kind="npi" if npi else "programme", identifier=identifier,
        npi=npi, tin=SensitiveTin(numbers.tin(random)), name=name,
        address=Address(street=f"{random.randrange(1, 900)} Oak Avenue", city=city, state="CA", zip=postcode),
        active=active, enrolled_from=enrolled_from,
    )  # fmt: skip
    world.providers.append(Provider(record, role, account, random.choice(numbers.ROUTINGS), name))


def _exclusive_contract(world: World) -> None:
    provider = world.one("exclusive")
    world.contracts["C-SEAMUTUAL-1"] = ContractRecorded(
        contract_id="C-SEAMUTUAL-1", version=1, payer=EXCLUSIVE_PAYER, payee_id=provider.record.payee_id,
        fee_schedule="FS-BLUEHARBOR", effective_from=date(2024, 1, 1), timely_filing_days=365,
    )  # fmt: skip


def authorise(
    world: World, *, payer: str, provider: Provider, member_id: str, first: date, last: date
) -> str:
    """Record an authorisation of the code that needs one, and give its number."""
    number = f"AUTH{len(world.authorisations) + 1:06d}"
    world.authorisations.append(
        AuthorisationRecorded(
            number=number,
            version=1,
            payer=payer,
            payee_id=provider.record.payee_id,
            member_id=Sensitive(member_id),
            codes=(codes.AUTHORISED_CODE,),
            valid_from=first,
            valid_to=last,
        )
    )
    return number
