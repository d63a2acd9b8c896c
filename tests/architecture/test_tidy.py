"""House rules that a machine can hold. Each rule is shown a bad sample: a guard that never fails guards nothing."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
FORBIDDEN_NAMES = {"utils", "helpers", "common", "base", "misc"}
Rule = Callable[[str, str], list[str]]


def sources() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in listed.split() if (ROOT / name).is_file()]


def is_test(name: str) -> bool:
    return "/tests/" in name or name.startswith("tests/")


def size(name: str, text: str) -> list[str]:
    lines = text.count("\n")
    if is_test(name) or "/migrations/" in name:
        return []
    return [f"{lines} lines: split it by meaning"] if lines > FILE_LINES_MAX else []


def functions(name: str, text: str) -> list[str]:
    if is_test(name) or "/migrations/" in name:
        return []
    return [
        f"{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    ]


def module_name(name: str, text: str) -> list[str]:
    parts = set(Path(name).with_suffix("").parts)
    return [f"a module may not be called {part}" for part in sorted(parts & FORBIDDEN_NAMES)]


def docstring(name: str, text: str) -> list[str]:
    has = not text.strip() or ast.get_docstring(ast.parse(text))
    return [] if has else ["no sentence at its top that says what it is for"]


MONEY = re.compile(r"float\(|: float\b.*(cents|amount|price)|(cents|amount|price)\w*: float")


def money(name: str, text: str) -> list[str]:
    """No float near money: in the modules that touch it, none at all."""
    touches = re.search(r"services/(payout|validation|remittance)|throughline/money", name) and not is_test(
        name
    )
    lines = text.splitlines() if touches else []
    return [f"line {i}: a float near money" for i, line in enumerate(lines, 1) if MONEY.search(line)]


def sql_commit(name: str, text: str) -> list[str]:
    in_service = name.startswith("services/") and not is_test(name) and "/migrations/" not in name
    return (
        ["commits: the chassis owns that"]
        if in_service and re.search(r"\.commit\(|\.rollback\(", text)
        else []
    )


RULES: list[tuple[Rule, str, str]] = [
    (size, "services/x/x/a.py", '"""A."""\n' + "\n" * 500),
    (functions, "services/x/x/a.py", '"""A."""\ndef f():\n' + "    x = 1\n" * 80),
    (module_name, "services/x/x/utils.py", '"""A."""\n'),
    (docstring, "services/x/x/a.py", "x = 1\n"),
    (money, "services/payout/payout/a.py", "def f(amount: float): ...\n"),
    (sql_commit, "services/x/x/a.py", "await db.commit()\n"),
]


@pytest.mark.parametrize(("rule", "name", "bad"), RULES, ids=[rule.__name__ for rule, _, _ in RULES])
def test_rule(rule: Rule, name: str, bad: str) -> None:
    assert rule(name, bad), "the rule lets its own bad sample through"
    found = []
    for path in sources():
        where = str(path.relative_to(ROOT))
        found += [f"{where}: {what}" for what in rule(where, path.read_text(encoding="utf-8"))]
    assert not found, "\n".join(found)


def test_no_file_names_this_machine_or_a_registry() -> None:
    hosts = "|".join(
        ("py" + "pi.org", "python" + "hosted", "repo1?." + "maven", "registry.np" + "mjs", "/wo" + "rk/")
    )
    listed = subprocess.run(
        ["git", "grep", "-lIE", hosts], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert listed.stdout == ""
