"""Claim files as the guide has them: written from the guide, not from the reader; and what reading them gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from intake.file_claims import FileClaim, FileReading
from intake.x12.claim_837 import read_claims
from throughline.money import decimal_of
from throughline.reasons import Reason
from throughline.requests import PaymentRequest

ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *261116*0930*^*00501*000000001*0*T*:"


@dataclass(frozen=True)
class Line:
    code: str = "HC:97530:GP"
    cents: int = 12000
    units: str = "2"
    unit: str = "UN"
    dates: str = "D8*20261102"
    pointers: str = "1"
    line_id: str = "L1"
    extra: tuple[str, ...] = ()


@dataclass(frozen=True)
class Claim:
    number: str = "REQ-1001"
    total: int | None = None
    frequency: str = "1"
    lines: tuple[Line, ...] = (Line(),)
    diagnoses: str = "HI*ABK:F840*ABF:R480"
    extra: tuple[str, ...] = ()

    def segments(self) -> Iterator[str]:
        total = sum(line.cents for line in self.lines) if self.total is None else self.total
        yield f"CLM*{self.number}*{decimal_of(total)}***11:B:{self.frequency}*Y*A*Y*Y"
        yield from self.extra
        if self.diagnoses:
            yield self.diagnoses
        for number, line in enumerate(self.lines, 1):
            yield f"LX*{number}"
            yield f"SV1*{line.code}*{decimal_of(line.cents)}*{line.unit}*{line.units}***{line.pointers}"
            yield f"DTP*472*{line.dates}"
            if line.line_id:
                yield f"REF*6R*{line.line_id}"
            yield from line.extra


BILLING = (
    "HL*1**20*1",
    "NM1*85*2*OAKWOOD CLINIC*****XX*1234567893",
    "N3*1 ELM ST",
    "N4*SACRAMENTO*CA*95814",
    "REF*EI*941234567",
)
SUBSCRIBER = (
    "HL*2*1*22*0",
    "SBR*P*18*******CI",
    "NM1*IL*1*DOE*JANE****MI*M0001",
    "DMG*D8*19800229*F",
    "NM1*PR*2*DEMO HEALTH PLAN*****PI*DEMOPLAN",
)


def emit(
    *claims: Claim,
    version: str = "005010X222A1",
    above: tuple[str, ...] = BILLING + SUBSCRIBER,
    bht: str = "BHT*0019*00*1*20261116*0930*CH",
) -> bytes:
    body = ["ST*837*0001*" + version, bht, "NM1*41*2*SENDER*****46*S1", "NM1*40*2*RECEIVER*****46*R1"]
    body += [*above, *(segment for claim in claims for segment in claim.segments())]
    body.append(f"SE*{len(body) + 1}*0001")
    segments = [ISA, f"GS*HC*S*R*20261116*0930*7*X*{version}", *body, "GE*1*7", "IEA*1*000000001"]
    return "".join(segment + "~\n" for segment in segments).encode()


def read(data: bytes) -> tuple[FileReading, list[FileClaim]]:
    reading = read_claims(BytesIO(data))
    return reading, list(reading.claims)


def only_request(data: bytes) -> PaymentRequest:
    reading, claims = read(data)
    assert not reading.problems and len(claims) == 1
    assert claims[0].problems == ()
    assert claims[0].request is not None
    return claims[0].request


def problems_of(data: bytes) -> list[tuple[Reason, str]]:
    _, claims = read(data)
    assert len(claims) == 1
    assert (claims[0].request is None) == bool(claims[0].problems)
    return [(p.reason, (p.field or "").split(" (")[0]) for p in claims[0].problems]
