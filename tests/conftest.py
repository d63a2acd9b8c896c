"""The whole line, started once for every test that needs one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.span_sink import SpanSink
from tests.starting import started
from tests.whole_line import WholeLine


@pytest.fixture(scope="session")
def spans() -> Iterator[SpanSink]:
    """What the services of the line export as traces."""
    with SpanSink() as sink:
        yield sink


@pytest.fixture(scope="session")
def line(tmp_path_factory: pytest.TempPathFactory, spans: SpanSink) -> Iterator[WholeLine]:
    """Every service as its own process, the sandbox bank, and the sample's world on the topics."""
    with started(tmp_path_factory.mktemp("line"), spans) as line:
        yield line
