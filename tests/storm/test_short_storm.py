"""Kill every part twice while a few hundred requests become payments: nothing is lost, doubled, stuck or wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack.ports import find_free_base
from tests.storm.run import Storm, run_disturbed
from tests.storm.short_input import write_short_sample

SEED = 11
KILLS = 2


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_short_storm(tmp_path: Path) -> None:
    write_short_sample(tmp_path / "input", SEED)
    storm = Storm(
        tmp_path / "input", tmp_path, SEED, KILLS, bank_kills=1, breath_s=0.7, pauses=1, blackouts=1,
        port_base=find_free_base(), quick_broker=True,
    )  # fmt: skip
    verdict = run_disturbed(storm, None, print)
    assert [one for finding in verdict.findings for one in finding.objections] == []
    assert all(finding.looked_at for finding in verdict.findings)
    # The bank answers a file so fast that a kill may find it at rest; tests/faults kills it as it answers.
    assert set(verdict.short_of) <= {"bank"}, verdict.kills
