"""The sample's own writer of 837P files (005010X222A1), so that the reader is checked by another hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from throughline.money import decimal_of
from throughline.reference import ProviderRecorded
from throughline.requests import PaymentRequest, ServiceLine


def write_837p(
    claims: Sequence[tuple[PaymentRequest, ProviderRecorded]], *, sender: str, control: int, day: date
) -> bytes:
    """One interchange with the claims, grouped by billing provider in the order given."""
    body = _header(sender, control, day)
    level = 0
    for _, group in groupby(claims, key=lambda claim: billing_key(claim[0])):
        members = list(group)
        level += 1
        billing = level
        body += [f"HL*{billing}**20*1", *_billing_provider(members[0][0], members[0][1])]
        for request, _provider in members:
            level += 1
            body += [f"HL*{level}*{billing}*22*0", *_subscriber(request), *_claim(request)]
    body.append(f"SE*{len(body) + 1}*0001")
    stamp = day.strftime("%y%m%d")
    isa = (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{sender[:15].upper():15}*ZZ*{'THROUGHLINE':15}*{stamp}*0900*^*00501*"
        f"{control:09d}*0*T*:"
    )
    gs = f"GS*HC*{sender[:15].upper()}*THROUGHLINE*{day:%Y%m%d}*0900*{control}*X*005010X222A1"
    segments = [isa, gs, *body, f"GE*1*{control}", f"IEA*1*{control:09d}"]
    return "".join(f"{segment}~\n" for segment in segments).encode("ascii")


def billing_key(request: PaymentRequest) -> tuple[str, str]:
    """What one billing provider loop can say: claims that say another TIN stand in another."""
    return request.payee.identifier, request.payee.tin.reveal()


def _header(sender: str, control: int, day: date) -> list[str]:
    return [
        "ST*837*0001*005010X222A1",
        f"BHT*0019*00*{control:09d}*{day:%Y%m%d}*0900*CH",
        f"NM1*41*2*{sender.upper()}*****46*{sender[:15].upper()}",
        "PER*IC*HELP DESK*TE*8005550100",
        "NM1*40*2*THROUGHLINE*****46*THROUGHLINE",
    ]


def _billing_provider(request: PaymentRequest, provider: ProviderRecorded) -> list[str]:
    """The NPI and TIN as the request says them: some requests say them wrong on purpose."""
    address = provider.address
    return [
        f"NM1*85*2*{_text(provider.name)}*****XX*{request.payee.identifier}",
        f"N3*{_text(address.street)}",
        f"N4*{_text(address.city)}*{address.state}*{address.zip}9998",
        f"REF*EI*{request.payee.tin.reveal()}",
    ]


def _subscriber(request: PaymentRequest) -> list[str]:
    subject = request.subject
    first = subject.first_name.reveal() if subject.first_name else ""
    birth = subject.birth_date.reveal().replace("-", "") if subject.birth_date else "19700101"
    return [
        "SBR*P*18*******CI",
        f"NM1*IL*1*{_text(subject.last_name.reveal())}*{_text(first)}****MI*{subject.member_id.reveal()}",
        "N3*1 ELM STREET",
        "N4*FRESNO*CA*93701",
        f"DMG*D8*{birth}*U",
        f"NM1*PR*2*{request.payer}*****PI*{request.payer}",
    ]


def _claim(request: PaymentRequest) -> list[str]:
    place = request.place_of_service or "11"
    segments = [
        f"CLM*{request.number}*{decimal_of(request.total_cents)}***{place}:B:{request.frequency}*Y*A*Y*Y"
    ]
    if request.authorisation_number:
        segments.append(f"REF*G1*{request.authorisation_number}")
    if request.payer_claim_number:
        segments.append(f"REF*F8*{request.payer_claim_number}")
    if request.diagnoses:
        qualified = [f"{'ABK' if i == 0 else 'ABF'}:{code}" for i, code in enumerate(request.diagnoses)]
        segments.append("HI*" + "*".join(qualified))
    if request.rendering_provider:
        segments.append(f"NM1*82*1*RENDERING*PAT****XX*{request.rendering_provider}")
    for position, line in enumerate(request.lines, start=1):
        segments += _line(position, line)
    return segments


def _line(position: int, line: ServiceLine) -> list[str]:
    service = ":".join(("HC", line.code, *line.modifiers))
    units = decimal_of_thousandths(line.units_thousandths)
    pointers = ":".join(str(one) for one in line.diagnosis_pointers)
    dates = f"DTP*472*D8*{line.from_date:%Y%m%d}"
    if line.to_date != line.from_date:
        dates = f"DTP*472*RD8*{line.from_date:%Y%m%d}-{line.to_date:%Y%m%d}"
    place = line.place_of_service or ""
    return [
        f"LX*{position}",
        f"SV1*{service}*{decimal_of(line.charge_cents)}*{line.unit}*{units}*{place}**{pointers}",
        dates,
        f"REF*6R*{line.line_id}",
    ]


def decimal_of_thousandths(thousandths: int) -> str:
    """1500 -> ``"1.5"``, 2000 -> ``"2"``."""
    whole, rest = divmod(thousandths, 1000)
    return f"{whole}.{rest:03d}".rstrip("0") if rest else str(whole)


def _text(value: str) -> str:
    return value.upper()
