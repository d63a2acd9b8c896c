"""Claims to payment requests, and the reference data under which they can be paid."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random

from sample_input.csv_rows import write_csv
from sample_input.generate import write_reference
from sample_input.numbers import ROUTINGS, account
from sample_input.reference import Provider, World

from synthea_to_csv.made_up import MadeUp, code_of, plain, short_name
from synthea_to_csv.source import UNINSURED, Row, Synthea, read_synthea
from throughline.identifiers import payee_id_for
from throughline.money import cents_of
from throughline.reference import (
    Address,
    ContractRecorded,
    FeeScheduleRecorded,
    PayerRecorded,
    ProviderRecorded,
    Rate,
)
from throughline.requests import Payee, PaymentRequest, ServiceLine, Subject
from throughline.sensitive import Sensitive, SensitiveDate, SensitiveTin

LONG_AGO = date(1960, 1, 1)
TIER_CENTS = 2_500_000
"""$25,000: the few dearest claims go to a review."""
PAID_SHARE = 85
"""Percent of the highest charge for a code that the made-up schedules allow."""


@dataclass
class Conversion:
    """What comes of the source: requests, the world they live in, and what was left out and why."""

    requests: list[PaymentRequest] = field(default_factory=list)
    world: World = field(default_factory=World)
    left_out: list[tuple[str, str]] = field(default_factory=list)


def convert(source: Synthea, seed: int) -> Conversion:
    """Every insured claim with a charge becomes a request."""
    random = Random(seed)
    made = MadeUp(random)
    done = Conversion()
    dearest: dict[tuple[str, str], int] = defaultdict(int)
    for claim in source.claims:
        payer = source.payers.get(claim["PRIMARYPATIENTINSURANCEID"])
        lines = _lines(source.charges.get(claim["Id"], []), claim, made)
        if payer is None or payer["NAME"] == UNINSURED:
            done.left_out.append((claim["Id"], "no insurance: nobody to send it to"))
        elif not lines:
            done.left_out.append((claim["Id"], "no charge above zero: nothing to ask for"))
        else:
            request = _request(source, claim, payer, lines, made)
            done.requests.append(request)
            for line in lines:
                unit_cents = -(-line.charge_cents * 1000 // line.units_thousandths)
                dearest[request.payer, line.code] = max(dearest[request.payer, line.code], unit_cents)
    _world(source, done, made, random, dearest)
    return done


def _request(
    source: Synthea, claim: Row, payer: Row, lines: tuple[ServiceLine, ...], made: MadeUp
) -> PaymentRequest:
    patient, organization = source.patients[claim["PATIENTID"]], _organization(source, claim)
    return PaymentRequest(
        number=claim["Id"],
        payer=code_of(payer["NAME"]),
        payee=Payee(
            kind="npi",
            identifier=made.npi(organization["Id"]),
            tin=SensitiveTin(made.tin(organization["Id"])),
            name=plain(organization["NAME"]),
        ),
        rendering_provider=made.npi(claim["PROVIDERID"]),
        subject=Subject(
            member_id=Sensitive(made.member(patient["Id"])),
            last_name=Sensitive(plain(patient["LAST"])),
            first_name=Sensitive(plain(patient["FIRST"])),
            birth_date=SensitiveDate(patient["BIRTHDATE"]),
        ),
        lines=lines,
        diagnoses=tuple(made.diagnosis(one) for one in _diagnoses(claim)),
        place_of_service="11",
        total_cents=sum(line.charge_cents for line in lines),
        currency="USD",
    )


def _diagnoses(claim: Row) -> list[str]:
    """Each once, in order; a visit without one is given a code that says so."""
    found = [claim[f"DIAGNOSIS{number}"] for number in range(1, 9)]
    return list(dict.fromkeys(one for one in found if one)) or ["no diagnosis"]


def _lines(charges: list[Row], claim: Row, made: MadeUp) -> tuple[ServiceLine, ...]:
    """One line for each service and day; the same service twice on a day becomes one line with more units."""
    together: dict[tuple[str, date, date], list[Row]] = {}
    for charge in charges:
        if charge["AMOUNT"] and cents_of(charge["AMOUNT"]) > 0:
            first, last = _day(charge["FROMDATE"]), _day(charge["TODATE"])
            together.setdefault((charge["PROCEDURECODE"], first, max(first, last)), []).append(charge)
    known = _diagnoses(claim)
    return tuple(
        ServiceLine(
            line_id=str(position),
            from_date=first,
            to_date=last,
            code=made.procedure(code),
            units_thousandths=1000 * sum(int(one["UNITS"] or "1") for one in rows),
            charge_cents=sum(cents_of(one["AMOUNT"]) for one in rows),
            diagnosis_pointers=_pointers(rows[0], claim, known),
        )
        for position, ((code, first, last), rows) in enumerate(together.items(), start=1)
    )


def _pointers(charge: Row, claim: Row, known: list[str]) -> tuple[int, ...]:
    """Synthea points to the columns DIAGNOSIS1 to 8; a repeated diagnosis is pointed to where it stands first."""
    columns = [charge[f"DIAGNOSISREF{number}"] for number in range(1, 5)]
    named = [claim.get(f"DIAGNOSIS{column}", "") for column in columns if column]
    return tuple(dict.fromkeys(known.index(one) + 1 for one in named if one in known)) or (1,)


def _organization(source: Synthea, claim: Row) -> Row:
    return source.organizations[source.providers[claim["PROVIDERID"]]["ORGANIZATION"]]


def _day(moment: str) -> date:
    return date.fromisoformat(moment[:10])


def _world(
    source: Synthea, done: Conversion, made: MadeUp, random: Random, dearest: dict[tuple[str, str], int]
) -> None:
    used = {request.payer for request in done.requests}
    for row in source.payers.values():
        code = code_of(row["NAME"])
        if code not in used:
            continue
        rates = tuple(
            Rate(code=procedure, amount_cents=max(1, cents * PAID_SHARE // 100), effective_from=LONG_AGO)
            for (payer, procedure), cents in sorted(dearest.items())
            if payer == code
        )
        schedule = FeeScheduleRecorded(fee_schedule=f"FS-{code}", version=1, rates=rates)
        done.world.schedules[schedule.fee_schedule] = schedule
        done.world.contracts[code] = ContractRecorded(
            contract_id=f"C-{code}", version=1, payer=code, fee_schedule=schedule.fee_schedule,
            effective_from=LONG_AGO, timely_filing_days=36_500,
        )  # fmt: skip
        done.world.payers[code] = _payer(code, row, made)
    _providers(source, done, made, random)


def _payer(code: str, row: Row, made: MadeUp) -> PayerRecorded:
    return PayerRecorded(
        payer=code, version=1, name=short_name(row["NAME"], 16), tin=made.tin(row["Id"]),
        address=_address(row, row["STATE_HEADQUARTERED"]),
        contact_name="Provider Services", contact_phone="8005550100", auto_approve_below_cents=TIER_CENTS,
        bank="sandbox-bank",
    )  # fmt: skip


def _address(row: Row, state: str) -> Address:
    """As the source has it; an office of ours where it has none (Medicaid has no headquarters) or a broken one."""
    postcode = row["ZIP"][:5]
    if not row["ADDRESS"] or len(state) != 2 or not (len(postcode) == 5 and postcode.isdecimal()):
        return Address(street="1 Main Street", city="Boston", state="MA", zip="02108")
    return Address(street=row["ADDRESS"], city=plain(row["CITY"]), state=state, zip=postcode)


def _providers(source: Synthea, done: Conversion, made: MadeUp, random: Random) -> None:
    paid = {request.payee.identifier for request in done.requests}
    rendering = {request.rendering_provider for request in done.requests}
    for row in [*source.organizations.values(), *source.providers.values()]:
        npi = made.npis.get(row["Id"])
        if npi in paid or npi in rendering:
            record = _provider(row, npi or "", made)
            number = account(random) if npi in paid else None
            done.world.providers.append(
                Provider(record, "clean", number, random.choice(ROUTINGS), short_name(row["NAME"]))
            )


def _provider(row: Row, npi: str, made: MadeUp) -> ProviderRecorded:
    return ProviderRecorded(
        payee_id=payee_id_for("npi", npi), version=1, kind="npi", identifier=npi, npi=npi,
        tin=SensitiveTin(made.tin(row["Id"])), name=plain(row["NAME"]),
        address=_address(row, row["STATE"]),
        enrolled_from=LONG_AGO,
    )  # fmt: skip


def write_conversion(source_folder: Path, out: Path, seed: int) -> Conversion:
    """Write ``claims.csv``, ``reference/`` and ``left-out.txt``."""
    done = convert(read_synthea(source_folder), seed)
    out.mkdir(parents=True, exist_ok=True)
    (out / "claims.csv").write_bytes(write_csv(done.requests))
    write_reference(done.world, out / "reference")
    with (out / "left-out.txt").open("w", encoding="utf-8") as file:
        csv.writer(file, delimiter="\t", lineterminator="\n").writerows([("claim", "why"), *done.left_out])
    return done
