"""The trace of a payment is one connected graph, across topics, batches and restarts; a partner's is linked only.

Guard: the traceparent in headers and packs. FastStream's batch consumers start a new trace at every hop.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from chain_services import Passed, hop
from opentelemetry import trace as otel
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from world import World, header, until

from chassis import Say, testing, trace
from chassis.topics import TopicMap

PARTNERS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(otel, "get_tracer_provider", lambda: provider)
    monkeypatch.setattr(trace, "_tracer", provider.get_tracer("test"))
    yield exporter


async def test_three_hops_are_one_trace(world: World, spans: InMemorySpanExporter) -> None:
    source = await world.run(world.source())
    for index in range(3):
        await world.run(hop(index, world.topics))
    async with source.context.transaction() as tx:
        tx.say(Passed(key="k", number=1), key="k", cause=uuid4())
    last = world.topics[3].name

    async def arrived() -> bool:
        return len(await world.read(last)) == 1

    await until(arrived)
    traces = set()
    for topic in world.topics[:4]:
        context = trace.read_traceparent(header((await world.read(topic.name))[0], "traceparent"))
        assert context is not None
        traces.add(context.trace_id)
    assert len(traces) == 1
    finished = spans.get_finished_spans()
    passed = [span for span in finished if span.name == "Passed" and span.context.trace_id in traces]
    assert len(passed) == 3 and all(span.parent is not None and span.links for span in passed)


def test_a_partners_trace_is_linked_and_never_adopted(spans: InMemorySpanExporter) -> None:
    say = Say(TopicMap("alpha", ()))
    say.hearing_record(testing.raw("intake.acme", b"{}", headers=(("traceparent", PARTNERS.encode()),)))
    ours = trace.read_traceparent(say._traceparent)
    theirs = trace.read_traceparent(PARTNERS)
    assert ours is not None and theirs is not None and ours.trace_id != theirs.trace_id
    links: Any = spans.get_finished_spans()[0].links
    assert theirs.span_id in {link.context.span_id for link in links}


def test_a_bad_tracing_header_begins_a_new_trace(spans: InMemorySpanExporter) -> None:
    say = Say(TopicMap("alpha", ()))
    say.hearing_record(testing.raw("intake.acme", b"{}", headers=(("traceparent", b"\xff\x00"),)))
    assert trace.read_traceparent(say._traceparent) is not None


def test_without_an_exporter_headers_still_travel() -> None:
    say = Say(TopicMap("alpha", ()))
    one = testing.heard(Passed(key="k", number=1))
    from dataclasses import replace

    one.envelope = replace(one.envelope, traceparent=PARTNERS)
    say.hearing(one)
    assert say._traceparent == PARTNERS
