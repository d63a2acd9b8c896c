"""What a bank says of one payment of $100.00, as tests write it: acknowledgement, camt.053, NACHA returns."""

from __future__ import annotations

import hashlib
from typing import Any

TRACE = "121042880000001"
CENTS = 10_000


def acknowledgement(content: bytes, name: str, **changes: Any) -> dict[str, Any]:
    return {
        "type": "acknowledgement", "file": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content),
        "received_at": "2026-11-23T20:00:00+00:00", "status": "accepted", "reason": None, "line": None, "field": None,
        "entries": 1, "credit_cents": CENTS, "entry_hash": 9100001, "refused_entries": [], **changes,
    }  # fmt: skip


def statement(
    *entries: tuple[str, str], side: str = "DBIT", day: str = "2026-11-24", closing: str | None = None
) -> bytes:
    total = sum(int(amount.replace(".", "")) for _, amount in entries)
    text = f"{total // 100}.{total % 100:02d}"
    opening = 1_000_000
    closed = closing or f"{(opening * 100 + (total if side == 'CRDT' else -total)) / 100:.2f}"
    details = "".join(
        f"<TxDtls><Refs><AcctSvcrRef>{trace}</AcctSvcrRef></Refs><Amt Ccy='USD'>{amount}</Amt>"
        f"<CdtDbtInd>{side}</CdtDbtInd></TxDtls>"
        for trace, amount in entries
    )
    balances = "".join(
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy='USD'>{amount}</Amt>"
        "<CdtDbtInd>CRDT</CdtDbtInd></Bal>"
        for kind, amount in (("OPBD", f"{opening}.00"), ("CLBD", closed))
    )
    return (
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'><BkToCstmrStmt><Stmt>"
        f"{balances}<Ntry><NtryRef>F1</NtryRef><Amt Ccy='USD'>{text}</Amt><CdtDbtInd>{side}</CdtDbtInd>"
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt><NtryDtls>{details}</NtryDtls></Ntry>"
        "</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def returns(
    code: str = "R03",
    cents: int = CENTS,
    trace: str = TRACE,
    modifier: str = "A",
    company: str = "1987654321",
) -> bytes:
    sums = f"{12104288:010d}{0:012d}{cents:012d}"
    lines = [
        f"101 121042882 121042882261125080{0}{modifier}094101{'US':23}{'BANK':23}{'':8}",
        f"5200{'ACME HEALTH':16}{'':20}{company:10}CCD{'HCCLAIMPMT':10}261125261125   1091000010000001",
        f"621121042882{'123456789':17}{cents:010d}{'1234567893':15}{'OAKWOOD CLINIC':22}  1091000010000001",
        f"799{code}{trace}{'':6}09100001{'':44}091000010000001",
        f"8200{2:06d}{sums}{company:10}{'':25}091000010000001",
        f"9000001000001{2:08d}{sums}{'':39}",
    ]
    lines += ["9" * 94] * 4
    return "".join(line + "\n" for line in lines).encode()
