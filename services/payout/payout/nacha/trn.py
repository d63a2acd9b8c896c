"""The X12 835 TRN segment inside a CCD+ addenda 05: what ties the money to its remittance.

Source: Nacha health-care EFT rule (in force 2013-09-20); X12 005010X221A1 TRN; CAQH CORE 370.
"""

import re
from dataclasses import dataclass

_TRN = re.compile(r"TRN\*1\*([0-9A-Za-z]{1,50})\*(1[0-9]{9})(?:\*([^*~\\]{1,50}))?[~\\]")


@dataclass(frozen=True, slots=True)
class Trn:
    """TRN02 (trace number) and TRN03 (1 and the payer's nine-digit TIN). Leading zeros of TRN02 are
    significant.
    """

    trace_number: str
    payer_id: str


def segment(trace_number: str, payer_id: str) -> str:
    """The segment as it stands in the addenda and, unchanged, in the 835."""
    return f"TRN*1*{trace_number}*{payer_id}~"


def parse(text: str) -> Trn | None:
    """The segment read back, or None where it is not exactly one well-formed TRN."""
    found = _TRN.fullmatch(text)
    return Trn(found[1], found[2]) if found else None
