"""The demo's own reader of 835s: what it says is paid, and whether it balances."""

from __future__ import annotations

import pytest

from throughline_cli.demo.remittance_files import Remittance, read_835

ISA = "ISA*00*          *00*          *ZZ*PAYER          *ZZ*PAYEE          *261117*0900*^*00501*000000001*0*T*:~"


def _read(*segments: str) -> Remittance:
    (one,) = read_835(ISA + "~".join(segments) + "~", "one.835")
    return one


BALANCED = (
    "BPR*I*80.5*C*ACH*CCP*01*121042882*DA*1*1912345678**01*021000021*DA*2*20261117",
    "TRN*1*ABC0001*1912345678",
    "CLP*REQ-1*1*100*80.5*10*12*T1",
    "SVC*HC:G0438*100*80.5**1",
    "CAS*CO*45*9.5",
    "CAS*PR*3*10",
)


def test_what_it_pays() -> None:
    one = _read(*BALANCED)
    assert (one.amount_cents, one.date, one.trace_number, one.payer_trace_id) == (
        8_050, "20261117", "ABC0001", "1912345678",
    )  # fmt: skip
    assert one.imbalances() == []


@pytest.mark.parametrize(
    ("was", "becomes"),
    [("BPR*I*80.5", "BPR*I*80.6"), ("CAS*PR*3*10", "CAS*PR*3*11"), ("SVC*HC:G0438*100*80.5", "SVC*HC:G0438*100*80.4"),
     ("SVC*HC:G0438*100", "SVC*HC:G0438*99")],
)  # fmt: skip
def test_each_level_that_does_not_add_up_is_found(was: str, becomes: str) -> None:
    assert _read(*[segment.replace(was, becomes) for segment in BALANCED]).imbalances()
