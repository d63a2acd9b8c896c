"""Starts a whole line in a folder, with the sample's world on its topics; keeps its logs."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from stack import LocalStack
from stack.ports import find_free_base
from stack.settings import read_settings
from tests.span_sink import SpanSink
from tests.whole_line import WholeLine, environment
from throughline_cli.clock import start_clock
from throughline_cli.demo.days import START
from throughline_cli.speaking import Speaker
from throughline_cli.witness import Witness


@contextlib.contextmanager
def started(out: Path, spans: SpanSink) -> Iterator[WholeLine]:
    """A line that runs until the end of the block."""
    directory = out / "stack"
    start_clock(directory / "clock.json", START)
    with contextlib.ExitStack() as until:
        stack = until.enter_context(
            LocalStack(
                directory,
                read_settings().port_base or find_free_base(),
                environment=environment(spans.endpoint),
                quick_broker=True,
            )
        )
        until.callback(_keep_logs, stack, out)
        witness = until.enter_context(Witness(stack.kafka_bootstrap))
        made = WholeLine(stack, out, witness, until.enter_context(Speaker(stack.kafka_bootstrap)))
        until.callback(made.close)
        made.publish_world()
        yield made


def _keep_logs(stack: LocalStack, out: Path) -> None:
    shutil.copytree(stack.places.logs, out / "logs", dirs_exist_ok=True)
