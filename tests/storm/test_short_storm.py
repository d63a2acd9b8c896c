"""Kill every part while a few hundred requests become payments: nothing is lost, doubled, stuck or wrong."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from stack.ports import find_free_base
from tests.storm.plan import BANK, BLACKOUT, KAFKA, POSTGRES
from tests.storm.run import Storm, run_disturbed
from tests.storm.short_input import write_short_sample
from throughline.flow import SERVICES

SEED = 11
KILLS = 2


@pytest.mark.slow(minutes=20)  # first of all: nothing else takes as long in one piece
@pytest.mark.timeout(900)
def test_short_storm(tmp_path: Path) -> None:
    write_short_sample(tmp_path / "input", SEED)
    storm = Storm(
        tmp_path / "input", tmp_path, SEED, KILLS, bank_kills=1, breath_s=0.5, pauses=1, blackouts=1,
        port_base=find_free_base(), quick_broker=True, session_s=3,
    )  # fmt: skip
    began = time.monotonic()
    verdict = run_disturbed(storm, None, lambda told: print(f"{time.monotonic() - began:6.1f} s  {told}"))  # noqa: T201
    assert [one for finding in verdict.findings for one in finding.objections] == []
    assert all(finding.looked_at for finding in verdict.findings)
    # Certain: while it is fed, the input is held back for every part's first kill, two of intake and validation.
    # The other kills in the days of the bank fall where work is found: tests/faults kills payout as it writes.
    certain = dict.fromkeys((*SERVICES, KAFKA, POSTGRES, BLACKOUT, BANK), 1) | {"intake": 2, "validation": 2}
    assert {part: n for part, n in certain.items() if verdict.kills[part] < n} == {}, verdict.kills
