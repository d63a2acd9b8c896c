"""Processes or containers: the one place that chooses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from stack.compose import ComposeStack
from stack.local_stack import LocalStack
from stack.run_file import read_run
from stack.settings import read_settings

Stack = LocalStack | ComposeStack
"""A whole stack, whatever it is made of."""


def new_stack(
    directory: Path,
    port_base: int | None = None,
    *,
    replicas: Mapping[str, int] | None = None,
    partners: Iterable[str] = ("portal",),
    report: Callable[[str], None] = lambda sentence: None,
) -> Stack:
    """A stack that is not started: processes, or containers with `STACK=docker`."""
    kind = ComposeStack if read_settings().docker else LocalStack
    return kind(directory, port_base, replicas=replicas, partners=partners, report=report)


def running_stack(directory: Path) -> Stack:
    """The stack that runs in the directory, whatever it is made of. Raises StackError where none does."""
    run = read_run(Path(directory).absolute())
    return ComposeStack.attach(directory) if run is not None and run.project else LocalStack.attach(directory)
