"""An 835 of ours read back from its bytes: the writer's own check, and what tests hold real files against.

Strict about the envelope's counts and control numbers; it knows the segments that we write, and refuses others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from remittance.transaction import (
    Cas,
    ClaimPayment,
    PayeeParty,
    PayerParty,
    PostalAddress,
    ServicePayment,
    Transaction,
)
from throughline.money import cents_of

ISA_BYTES = 106


class Unreadable(ValueError):
    """The bytes are not an 835 of ours. Names the segment and its place, never a value."""


def split_segments(data: bytes) -> list[list[str]]:
    """Elements of every segment, by the separators that ISA defines. Raises Unreadable."""
    text = data.decode("ascii", "replace")
    if len(text) < ISA_BYTES or not text.startswith("ISA"):
        raise Unreadable("the bytes do not begin with an ISA segment of 106 characters")
    element, terminator = text[3], text[105]
    pieces = text.split(terminator)
    if pieces.pop().strip():
        raise Unreadable("the last segment is not terminated")
    return [piece.lstrip("\r\n").split(element) for piece in pieces]


def read_transaction(data: bytes) -> Transaction:
    """The one transaction of the interchange. Raises Unreadable."""
    segments = split_segments(data)
    _check_envelope(segments)
    reading = _Reading(component=data[104:105].decode("ascii"))
    for place, segment in enumerate(segments[3:-3], 4):
        handler = _READERS.get((segment[0], _at(segment, 1))) or _READERS.get((segment[0], ""))
        if handler is None:
            raise Unreadable(f"{segment[0]} (segment {place}) is not one that we write")
        try:
            handler(reading, segment)
        except (ValueError, IndexError, KeyError):
            raise Unreadable(f"{segment[0]} (segment {place}) cannot be read") from None
    isa, gs = segments[0], segments[1]
    try:
        made_at = datetime.strptime(gs[4] + gs[5], "%Y%m%d%H%M").replace(tzinfo=UTC)
        return reading.transaction(int(isa[13]), made_at, gs[3])
    except (ValueError, IndexError, KeyError):
        raise Unreadable("a segment that every 835 has is missing or cannot be read") from None


def _at(segment: list[str], number: int) -> str:
    return segment[number] if number < len(segment) else ""


def _check_envelope(segments: list[list[str]]) -> None:
    ids = [segment[0] for segment in segments]
    if ids[:3] != ["ISA", "GS", "ST"] or ids[-3:] != ["SE", "GE", "IEA"]:
        raise Unreadable("the envelope is not ISA GS ST ... SE GE IEA")
    isa, gs, st, se, ge, iea = *segments[:3], *segments[-3:]
    held = (
        _at(isa, 13) == _at(iea, 2) and _at(iea, 1) == "1",
        _at(gs, 6) == _at(ge, 2) and _at(ge, 1) == "1",
        _at(st, 2) == _at(se, 2) and _at(se, 1) == str(len(segments) - 4),
    )
    if not all(held):
        raise Unreadable("a control number or count of the envelope does not agree")


@dataclass
class _Reading:
    component: str
    bpr: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    party: dict[str, dict[str, Any]] = field(default_factory=dict)
    current: dict[str, Any] = field(default_factory=dict)
    claims: list[dict[str, Any]] = field(default_factory=list)

    def transaction(self, control_number: int, made_at: datetime, receiver_id: str) -> Transaction:
        payer, payee = self.party["PR"], self.party["PE"]
        return Transaction(
            control_number=control_number,
            made_at=made_at,
            amount_cents=cents_of(self.bpr[2]),
            effective_date=_date(self.bpr[16]),
            trace_number=self.trace[2],
            odfi_routing=self.bpr[7],
            rdfi_routing=self.bpr[13],
            account_mask=self.bpr[15],
            receiver_id=receiver_id,
            payer=PayerParty(
                payer["name"], payer["address"], payer["contact_name"], payer["contact_phone"], self.trace[3]
            ),
            payee=PayeeParty(
                payee["name"],
                payee["qualifier"],
                payee["identifier"],
                payee.get("tin", payee["identifier"]),
                payee.get("address"),
            ),
            claims=tuple(_claim(claim) for claim in self.claims),
        )

    def st(self, segment: list[str]) -> None:
        if segment[1] != "835":
            raise ValueError

    def payment(self, segment: list[str]) -> None:
        self.bpr = segment

    def trn(self, segment: list[str]) -> None:
        self.trace = segment

    def n1(self, segment: list[str]) -> None:
        self.current = self.party[segment[1]] = {"name": segment[2]}
        if segment[1] == "PE":
            self.current |= {"qualifier": segment[3], "identifier": segment[4]}

    def n3(self, segment: list[str]) -> None:
        self.current["street"] = segment[1]

    def n4(self, segment: list[str]) -> None:
        self.current["address"] = PostalAddress(
            self.current.pop("street"), segment[1], segment[2], segment[3]
        )

    def contact(self, segment: list[str]) -> None:
        self.current |= {"contact_name": segment[2], "contact_phone": segment[4]}

    def tax(self, segment: list[str]) -> None:
        self.current["tin"] = segment[2]

    def clp(self, segment: list[str]) -> None:
        claim = {"clp": segment, "lines": [], "82": ""}
        self.claims.append(claim)

    def patient(self, segment: list[str]) -> None:
        self.claims[-1]["QC"] = segment

    def rendering(self, segment: list[str]) -> None:
        self.claims[-1]["82"] = segment[9]

    def svc(self, segment: list[str]) -> None:
        line: dict[str, Any] = {
            "svc": segment,
            "code": segment[1].split(self.component),
            "cas": [],
            "remarks": [],
        }
        self.claims[-1]["lines"].append(line)

    def line_date(self, segment: list[str]) -> None:
        self.claims[-1]["lines"][-1][segment[1]] = _date(segment[2])

    def cas(self, segment: list[str]) -> None:
        for place in range(2, len(segment), 3):
            one = Cas(segment[1], segment[place], cents_of(segment[place + 1]))
            self.claims[-1]["lines"][-1]["cas"].append(one)

    def line_id(self, segment: list[str]) -> None:
        self.claims[-1]["lines"][-1]["line_id"] = segment[2]

    def allowed(self, segment: list[str]) -> None:
        self.claims[-1]["lines"][-1]["allowed"] = cents_of(segment[2])

    def remark(self, segment: list[str]) -> None:
        self.claims[-1]["lines"][-1]["remarks"].append(segment[2])

    def nothing(self, segment: list[str]) -> None:
        """LX numbers the group and DTM*405 repeats the envelope's date: neither says more."""


_READERS: dict[tuple[str, str], Callable[[_Reading, list[str]], None]] = {
    ("ST", ""): _Reading.st,
    ("BPR", ""): _Reading.payment,
    ("TRN", "1"): _Reading.trn,
    ("DTM", "405"): _Reading.nothing,
    ("N1", ""): _Reading.n1,
    ("N3", ""): _Reading.n3,
    ("N4", ""): _Reading.n4,
    ("PER", "BL"): _Reading.contact,
    ("REF", "TJ"): _Reading.tax,
    ("LX", ""): _Reading.nothing,
    ("CLP", ""): _Reading.clp,
    ("NM1", "QC"): _Reading.patient,
    ("NM1", "82"): _Reading.rendering,
    ("SVC", ""): _Reading.svc,
    ("DTM", "472"): _Reading.line_date,
    ("DTM", "150"): _Reading.line_date,
    ("DTM", "151"): _Reading.line_date,
    ("CAS", ""): _Reading.cas,
    ("REF", "6R"): _Reading.line_id,
    ("AMT", "B6"): _Reading.allowed,
    ("LQ", "HE"): _Reading.remark,
}


def _claim(claim: dict[str, Any]) -> ClaimPayment:
    clp, patient = claim["clp"], claim["QC"]
    return ClaimPayment(
        number=clp[1],
        charge_cents=cents_of(clp[3]),
        paid_cents=cents_of(clp[4]),
        patient_cents=cents_of(clp[5]) if clp[5] else 0,
        control_number=clp[7],
        place_of_service=_at(clp, 8),
        frequency=_at(clp, 9),
        last_name=patient[3],
        first_name=_at(patient, 4),
        member_id=_at(patient, 9),
        rendering_npi=claim["82"],
        lines=tuple(_line(line) for line in claim["lines"]),
    )


def _line(line: dict[str, Any]) -> ServicePayment:
    svc, code = line["svc"], line["code"]
    whole, _, rest = svc[5].partition(".")
    first = line.get("472") or line["150"]
    return ServicePayment(
        code=code[1],
        modifiers=tuple(code[2:]),
        charge_cents=cents_of(svc[2]),
        paid_cents=cents_of(svc[3]),
        units_thousandths=int(whole) * 1000 + int(rest.ljust(3, "0")),
        from_date=first,
        to_date=line.get("151", first),
        adjustments=tuple(line["cas"]),
        line_id=line["line_id"],
        allowed_cents=line.get("allowed", 0),
        remarks=tuple(line["remarks"]),
    )


def _date(text: str) -> date:
    if len(text) != 8 or not text.isdecimal():
        raise ValueError
    return date.fromisoformat(text)  # the basic form; strptime takes ten times as long
