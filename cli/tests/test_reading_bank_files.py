"""The demo's own reader of bank files, on lines written by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from throughline_cli.demo.bank_files import entries_of, heard_from


def _file(amount: int, total: int) -> str:
    entry = (
        f"622{'02100002'}1{'4123456789':17}{amount:010d}{'1234567893':15}{'PAYEE':22}  1{'121042880000001'}"
    )
    trn = "705" + "TRN*1*ABC0001*1912345678\\".ljust(80) + "0001" + "0000001"
    batch = (
        "5220"
        + "PAYER".ljust(16)
        + " " * 20
        + "1912345678"
        + "CCD"
        + "HCCLAIMPMT"
        + "261116"
        + "261117"
        + " " * 19
    )
    control = "9" + "000001" + "000001" + "00000002" + "0002100002" + "0" * 12 + f"{total:012d}" + " " * 39
    lines = [line.ljust(94)[:94] for line in (batch, entry, trn, control, "9" * 94)]
    return "\n".join(lines) + "\n"


def test_an_entry_is_read_with_its_addenda() -> None:
    (entry,) = entries_of(_file(12_050, 12_050), "a.ach")
    assert (entry.amount_cents, entry.account, entry.trace, entry.effective) == (
        12_050, "4123456789", "121042880000001", "261117",
    )  # fmt: skip
    assert entry.trace_number == "ABC0001"


def test_a_control_total_that_is_not_the_sum_is_refused() -> None:
    with pytest.raises(ValueError, match="control total"):
        entries_of(_file(12_050, 12_051), "a.ach")


def test_what_the_bank_said_is_put_together_by_trace(tmp_path: Path) -> None:
    outbox = tmp_path / "outbox"
    outbox.mkdir()
    ack = {
        "status": "accepted",
        "file": "a",
        "refused_entries": [{"trace": "1", "amount_cents": 5, "reason": "x"}],
    }
    (outbox / "ack-000001-a.json").write_text(json.dumps(ack))
    movement = (
        "<TxDtls><Refs><AcctSvcrRef>2</AcctSvcrRef></Refs><Amt Ccy='USD'>1.05</Amt>"
        "<CdtDbtInd>{}</CdtDbtInd></TxDtls>"
    )
    for name in ("camt053-2026-11-17.xml", "camt053-2026-11-17-again.xml"):
        (outbox / name).write_text(movement.format("DBIT") + movement.format("CRDT").replace(">2<", ">3<"))
    (outbox / "return-2026-11-18-1.ach").write_text("799R03" + "000000000000002" + " " * 73 + "\n")
    word = heard_from(tmp_path)
    assert word.refused == {"1"}
    assert word.settled == {"2": 105}
    assert word.returned == {"000000000000002": "R03"}
