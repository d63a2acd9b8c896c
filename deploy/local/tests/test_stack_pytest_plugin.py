"""Where tests run in several processes, who shares a stack stays together: each stack is started once."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SHARED = """
import pytest

@pytest.fixture(scope="session")
def line():
    return 1
"""
ON_THE_LINE = "def test_one(line): pass\ndef test_two(line): pass\n"
ON_A_LINE_OF_ITS_OWN = (
    """
import pytest

@pytest.fixture(scope="module")
def line():
    return 2

"""
    + ON_THE_LINE
)
WITHOUT = "def test_one(): pass\ndef test_two(): pass\ndef test_three(): pass\n"
FILES = {
    "conftest.py": SHARED,
    "test_a.py": ON_THE_LINE,
    "test_b.py": WITHOUT,
    "test_c.py": ON_THE_LINE,
    "test_d.py": ON_A_LINE_OF_ITS_OWN,
}


def test_who_shares_a_stack_stays_together(tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    words = ["-p", "stack.pytest_plugin", "-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder", "-v"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *words], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = set(re.findall(r"\[(gw\d)\].* PASSED (test_\w\.py)::\w+@(\S+)", ran.stdout))
    groups = {file: group for _, file, group in told}
    assert groups == {
        "test_a.py": "line",
        "test_b.py": "test_b.py",
        "test_c.py": "line",
        "test_d.py": "test_d.py",
    }
    processes = {
        group: {process for process, _, found in told if found == group} for group in groups.values()
    }
    assert all(len(found) == 1 for found in processes.values()), processes
