"""Starts a whole line in a folder, with the sample's world on its topics; keeps its logs."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from stack import LocalStack
from stack.infrastructure import Infrastructure
from stack.ports import Ports, find_free_base
from stack.settings import read_settings
from tests.span_sink import SpanSink
from tests.whole_line import WholeLine, environment
from throughline_cli.clock import start_clock
from throughline_cli.demo.days import START
from throughline_cli.signing import Signers
from throughline_cli.speaking import Speaker
from throughline_cli.witness import Witness


@contextlib.contextmanager
def started(out: Path, spans: SpanSink) -> Iterator[WholeLine]:
    """A line that runs until the end of the block."""
    directory = out / "stack"
    start_clock(directory / "clock.json", START)
    port_base = read_settings().port_base or find_free_base()
    with contextlib.ExitStack() as until:
        stack = until.enter_context(
            LocalStack(
                directory,
                port_base,
                environment=environment(spans.endpoint),
                infrastructure=_in_containers(until, port_base),
                quick_broker=True,
            )
        )
        until.callback(_keep_logs, stack, out)
        witness = until.enter_context(Witness(stack.kafka_bootstrap))
        made = WholeLine(
            stack,
            out,
            witness,
            until.enter_context(Speaker(stack.kafka_bootstrap, Signers.of_sandbox(stack.places.people))),
        )
        until.callback(made.close)
        made.publish_world()
        yield made


def _in_containers(until: contextlib.ExitStack, port_base: int) -> Infrastructure | None:
    """With `STACK=docker` broker and database server are containers; the services stay processes."""
    if not read_settings().docker:
        return None
    from stack.containers import ContainerStack

    return until.enter_context(ContainerStack(Ports(port_base)))


def _keep_logs(stack: LocalStack, out: Path) -> None:
    shutil.copytree(stack.places.logs, out / "logs", dirs_exist_ok=True)
