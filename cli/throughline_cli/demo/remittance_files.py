"""The demo's own reader of 835 files: enough to know what each says it pays, and that it balances."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from throughline.money import cents_of


@dataclass
class Claim:
    number: str
    charge_cents: int
    paid_cents: int
    adjusted_cents: int = 0
    service_paid_cents: int = 0
    service_charge_cents: int = 0
    services: int = 0


@dataclass
class Remittance:
    """One 835 transaction."""

    file: str
    amount_cents: int
    method: str
    date: str
    trace_number: str
    payer_trace_id: str
    claims: list[Claim] = field(default_factory=list)
    provider_adjusted_cents: int = 0

    def imbalances(self) -> list[str]:
        """Each level that does not add up (005010X221A1, 1.10.2)."""
        found = []
        paid = sum(claim.paid_cents for claim in self.claims)
        if paid - self.provider_adjusted_cents != self.amount_cents:
            found.append(f"{self.file}: claims pay {paid} less PLB, the transaction {self.amount_cents}")
        for claim in self.claims:
            if claim.charge_cents - claim.adjusted_cents != claim.paid_cents:
                found.append(f"{self.file}: claim {claim.number} does not balance")
            if claim.services and claim.service_paid_cents != claim.paid_cents:
                found.append(f"{self.file}: the lines of claim {claim.number} do not sum to it")
            if claim.services and claim.service_charge_cents != claim.charge_cents:
                found.append(f"{self.file}: the charges of claim {claim.number} do not sum to it")
        return found


def read_835(content: str, file: str) -> list[Remittance]:
    """The transactions of one interchange."""
    element, end = content[3], content[105]
    found: list[Remittance] = []
    for segment in content.split(end):
        parts = segment.strip().split(element)
        match parts[0]:
            case "BPR":
                found.append(Remittance(file, cents_of(parts[2]), parts[4], parts[16], "", ""))
            case "TRN":
                found[-1].trace_number, found[-1].payer_trace_id = parts[2], parts[3]
            case "CLP":
                found[-1].claims.append(Claim(parts[1], cents_of(parts[3]), cents_of(parts[4])))
            case "SVC":
                claim = found[-1].claims[-1]
                claim.services += 1
                claim.service_charge_cents += cents_of(parts[2])
                claim.service_paid_cents += cents_of(parts[3])
            case "CAS":
                found[-1].claims[-1].adjusted_cents += sum(cents_of(one) for one in parts[3::3] if one)
            case "PLB":
                found[-1].provider_adjusted_cents += sum(cents_of(one) for one in parts[4::2] if one)
    return found


def read_folder(folder: Path) -> list[Remittance]:
    return [
        one for path in sorted(folder.rglob("*.835")) for one in read_835(path.read_text("utf-8"), path.name)
    ]
