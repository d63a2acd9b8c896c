"""The arrows between packages hold: service -> chassis -> contracts, and nobody reaches into another service."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_the_arrows_hold() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    checked = subprocess.run(
        [str(linter), "--config", ".importlinter", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_expectations_and_checkers_import_no_service() -> None:
    """What says how it should end must not share the code that makes it end so."""
    ours = {"chassis", "intake", "validation", "payout", "remittance", "audit", "portal"}
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "examples").rglob("*.py")
        for name in imported(path.read_text(encoding="utf-8"))
        if name in ours
    ]
    assert not found


def imported(source: str) -> set[str]:
    """The top packages a source imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_the_guard_sees_imports_of_every_shape() -> None:
    assert imported("import payout.nacha as x\ndef f():\n    from audit import y\n") == {"payout", "audit"}
