"""Where no Chromium is, the browser tests are named as not run, with the command that installs one; CI fails."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.browser.conftest import must_have_chromium

ROOT = Path(__file__).parents[2]
CHROMIUM = ROOT / "deploy" / "local" / "chromium"


def report(path: str) -> str:
    bash = shutil.which("bash")
    assert bash
    ran = subprocess.run(
        [bash, str(CHROMIUM), "report"], env={"PATH": path}, capture_output=True, text=True, check=True
    )
    return ran.stdout


def test_what_was_not_run_is_the_last_line_with_its_command(tmp_path: Path) -> None:
    line = report(str(tmp_path))
    assert line.startswith("Not run: the browser tests") and "apt-get install chromium" in line
    (tmp_path / "chromium").touch(0o755)
    assert report(str(tmp_path)) == "", "where there is one, nothing is missed"


def test_the_report_is_the_last_thing_that_make_test_does() -> None:
    recipe = re.search(r"^test:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe and recipe[1].splitlines()[-1].endswith("deploy/local/chromium report)")


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_without_chromium_continuous_integration_fails(
    ci: str, outcome: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the browser tests ask for first, on a machine without Chromium."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="apt-get install chromium"):
        must_have_chromium()
