"""Every `throughline` command and option that the documentation names is one that the command line has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from throughline_cli.app import app

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "*/README.md", "services/*/README.md", "deploy/*/README.md")
    for path in ROOT.glob(pattern)
)
# In a line of its own or between backticks; what follows a pipe, a sign or the end of the quotation is another's.
NAMED = re.compile(r"(?:^ {4}|`)(?:\S+=\S+ )?(?:\.venv/bin/)?throughline ([^`|;#()&<>\n]+)", re.MULTILINE)


def commands_in(path: Path) -> list[str]:
    return NAMED.findall(path.read_text())


def must_be_known(words: list[str]) -> None:
    """Raises AssertionError where the command line has no such command, or the command no such option."""
    command = typer.main.get_command(app)
    while hasattr(command, "commands") and words:
        name = words.pop(0)
        if name.isupper():  # stands for each of them
            name = next(iter(command.commands))
        assert name in command.commands, f"no command '{name}'"
        command = command.commands[name]
    told = (option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts))
    options = {"--help", *told}
    for word in words:
        if word.startswith("--"):
            assert word.partition("=")[0].strip(",.:") in options, f"no option '{word}'"


def test_the_documentation_names_commands() -> None:
    assert sum(len(commands_in(path)) for path in PAGES) > 20


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_page_tells_to_run_exists(path: Path) -> None:
    wrong = []
    for told in commands_in(path):
        try:
            must_be_known(told.split())
        except AssertionError as error:
            wrong.append(f"throughline {told.strip()}: {error}")
    assert wrong == []
