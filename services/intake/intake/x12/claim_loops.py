"""The loops of an 837P: which segment belongs to which provider, subscriber, patient, claim and line.

Loop names are the guide's: 2010AA billing provider, 2010BA subscriber, 2010BB payer, 2010CA patient, 2300 claim, 2320
other payers, 2400 line. Only gathers; what the segments say is read in ``claim_request``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from intake.x12.tokenizer import Segment, X12Error
from throughline.reasons import Reason
from throughline.requests import LINES_MAX

# Every segment that 005010X222A1 knows. A body segment that is none of them means damage or another guide.
GUIDE_SEGMENTS = {
    *(
        "AMT",
        "BHT",
        "CAS",
        "CLM",
        "CN1",
        "CR1",
        "CR2",
        "CR3",
        "CRC",
        "CTP",
        "CUR",
        "DMG",
        "DTP",
        "FRM",
        "HCP",
        "HI",
    ),
    *(
        "HL",
        "K3",
        "LIN",
        "LQ",
        "LX",
        "MEA",
        "MOA",
        "N3",
        "N4",
        "NM1",
        "NTE",
        "OI",
        "PAT",
        "PER",
        "PRV",
        "PS1",
        "PWK",
    ),
    *("QTY", "REF", "SBR", "SE", "ST", "SV1", "SV5", "SVD"),
}


@dataclass(slots=True)
class Party:
    """A provider, subscriber or patient: its HL, name, and what its loop carries."""

    hl: Segment | None = None
    name: Segment | None = None
    tax: Segment | None = None
    birth: Segment | None = None
    sbr: Segment | None = None
    errors: list[X12Error] = field(default_factory=list)


@dataclass(slots=True)
class GatheredLine:
    """Loop 2400."""

    lx: Segment
    sv1: Segment | None = None
    dates: Segment | None = None
    line_id: Segment | None = None
    rendering: Segment | None = None


@dataclass(slots=True)
class GatheredClaim:
    """Loop 2300 with everything above it that it inherits."""

    clm: Segment
    bht: Segment | None
    billing: Party
    subscriber: Party
    payer: Segment | None
    patient: Party | None
    refs: dict[str, Segment] = field(default_factory=dict)
    diagnoses: list[Segment] = field(default_factory=list)
    rendering: Segment | None = None
    contract: Segment | None = None
    prior_payment: Segment | None = None
    lines: list[GatheredLine] = field(default_factory=list)
    line_count: int = 0
    errors: list[X12Error] = field(default_factory=list)
    unread: X12Error | None = None
    """Why nothing of the claim is read: its transaction set follows another guide."""


def line_rendering(claim: GatheredClaim) -> Segment | None:
    """The first rendering provider that a line names."""
    return next((line.rendering for line in claim.lines if line.rendering), None)


class ClaimLoops:
    """Feed it the content of transaction sets in order; a claim comes out when the next thing after it begins."""

    def __init__(self) -> None:
        self._claim: GatheredClaim | None = None
        self._unread: X12Error | None = None
        self._bht: Segment | None = None
        self._payer: Segment | None = None
        self._patient: Party | None = None
        self._line: GatheredLine | None = None
        self._reset()

    def begin(self, st: Segment, unread: X12Error | None) -> None:
        """A transaction set begins. ``unread`` refuses all its claims."""
        self._reset()
        self._unread = unread

    def finish(self) -> GatheredClaim | None:
        """The claim that is still open, where the file ended within it or after it."""
        ended, self._claim = self._claim, None
        return ended

    def feed(self, segment: Segment) -> GatheredClaim | None:
        name = segment.elements[0]
        ended = self.finish() if name in ("CLM", "HL", "ST", "SE") else None
        if name == "ST":
            self._reset()  # begin() follows with what the envelope knows of it
        elif name == "CLM":
            self._begin_claim(segment)
        elif name == "HL":
            self._hl(segment)
        elif name == "BHT":
            self._bht = segment
        elif self._claim is None:
            self._above_claim(name, segment)
        elif self._line is not None:
            self._in_line(name, segment, self._line)
        else:
            self._in_claim(name, segment, self._claim)
        return ended

    def _reset(self) -> None:
        self._bht, self._payer, self._patient, self._line = None, None, None, None
        self._billing, self._subscriber = Party(), Party()
        self._level = ""
        self._entity = ""
        self._other_payer = False
        self._unread = None

    def _errors(self) -> list[X12Error]:
        if self._claim is not None:
            return self._claim.errors
        return (self._patient or (self._subscriber if self._level == "22" else self._billing)).errors

    def _begin_claim(self, clm: Segment) -> None:
        self._claim = GatheredClaim(
            clm, self._bht, self._billing, self._subscriber, self._payer, self._patient
        )
        self._claim.unread = self._unread
        self._line, self._other_payer, self._entity = None, False, ""
        if self._level not in ("22", "23"):
            what = "stands in no subscriber or patient loop; HL with 22 or 23 must come before it"
            self._claim.errors.append(clm.error(Reason.SEGMENT, what))

    def _hl(self, hl: Segment) -> None:
        level, parent = hl.element(3), hl.element(2)
        party = Party(hl=hl)
        self._level, self._entity, self._line = level, "", None
        if level == "20":
            self._billing, self._subscriber, self._payer, self._patient = party, Party(), None, None
        elif level == "22":
            self._subscriber, self._payer, self._patient = party, None, None
            self._is_below(party, parent, self._billing)
        elif level == "23":
            self._patient = party
            self._is_below(party, parent, self._subscriber)
        else:
            what = "must be 20 (billing provider), 22 (subscriber) or 23 (patient)"
            self._errors().append(hl.error(Reason.SEGMENT, what, 3))

    def _is_below(self, party: Party, parent: str, above: Party) -> None:
        """HL02 names the level above: a subscriber hangs from its billing provider, a patient from its subscriber."""
        hl = party.hl
        if hl is not None and (above.hl is None or above.hl.element(1) != parent):
            party.errors.append(hl.error(Reason.SEGMENT, "does not name the HL that it belongs to", 2))

    def _above_claim(self, name: str, segment: Segment) -> None:
        if name == "NM1":
            self._entity = segment.element(1)
            self._party_named(segment)
        elif name == "REF" and self._entity == "85" and segment.element(1) in ("EI", "SY"):
            self._billing.tax = segment
        elif name == "DMG" and self._entity == "IL":
            self._subscriber.birth = segment
        elif name == "DMG" and self._entity == "QC" and self._patient is not None:
            self._patient.birth = segment
        elif name == "SBR":
            self._subscriber.sbr = segment
        elif name in ("LX", "SV1"):
            self._errors().append(
                segment.error(Reason.SEGMENT, "stands outside a claim; CLM must come before it")
            )

    def _party_named(self, nm1: Segment) -> None:
        if self._entity == "85" and self._level == "20":
            self._billing.name = nm1
        elif self._entity == "IL" and self._level == "22":
            self._subscriber.name = nm1
        elif self._entity == "PR" and self._level == "22":
            self._payer = nm1
        elif self._entity == "QC" and self._patient is not None:
            self._patient.name = nm1

    def _in_claim(self, name: str, segment: Segment, claim: GatheredClaim) -> None:
        if name == "LX":
            self._begin_line(segment, claim)
        elif name == "SBR":
            self._other_payer = True
        elif self._other_payer:
            if name == "AMT" and segment.element(1) == "D":
                claim.prior_payment = segment
        elif name == "NM1":
            self._entity = segment.element(1)
            if self._entity == "82":
                claim.rendering = segment
        elif name == "REF" and not self._entity:
            claim.refs.setdefault(segment.element(1), segment)
        elif name == "HI":
            claim.diagnoses.append(segment)
        elif name == "CN1":
            claim.contract = segment
        elif name in ("SV1", "SV5"):
            claim.errors.append(segment.error(Reason.SEGMENT, "stands before its LX; a line begins with LX"))

    def _begin_line(self, lx: Segment, claim: GatheredClaim) -> None:
        self._line, self._entity = GatheredLine(lx), ""
        claim.line_count += 1
        if claim.line_count <= LINES_MAX:
            claim.lines.append(self._line)
        elif claim.line_count == LINES_MAX + 1:
            claim.errors.append(lx.error(Reason.LIMITS, f"a claim has at most {LINES_MAX} lines; split it"))

    def _in_line(self, name: str, segment: Segment, line: GatheredLine) -> None:
        claim = self._claim
        if claim is None:
            return
        if name == "LX":
            self._begin_line(segment, claim)
        elif name == "SV1":
            if line.sv1 is not None:
                claim.errors.append(
                    segment.error(Reason.SEGMENT, "is the second of its line; each LX has one SV1")
                )
            line.sv1 = segment
        elif name == "DTP" and segment.element(1) == "472" and not self._entity:
            line.dates = segment
        elif name == "REF" and segment.element(1) == "6R" and not self._entity:
            line.line_id = segment
        elif name == "NM1":
            self._entity = segment.element(1)
            if self._entity == "82":
                line.rendering = segment
        elif name in ("HI", "SBR"):
            claim.errors.append(segment.error(Reason.SEGMENT, "does not belong in a line"))
