"""A slice that fails says so in its span by the error's type: its text may repeat a row."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chassis import trace


@pytest.mark.parametrize(
    "opened",
    [lambda: trace.batch_span("payout", "decisions", 0, []), lambda: trace.transaction_span("payout")],
    ids=["batch", "transaction"],
)
def test_spans_tell_no_text_of_errors(
    opened: Callable[[], AbstractContextManager[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_tracer", provider.get_tracer("test"))
    monkeypatch.setattr(trace, "recording", lambda: True)
    with pytest.raises(ValueError), opened():
        raise ValueError("Failing row contains (Zabriskovitch)")
    (span,) = exporter.get_finished_spans()
    assert "Zabriskovitch" not in span.to_json()
    assert (span.status.is_ok, span.status.description) == (False, "ValueError")
