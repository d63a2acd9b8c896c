"""One trace from intake to remittance: the W3C traceparent travels in headers and is stored with the pack."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import trace as otel
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags

_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")
_tracer = otel.get_tracer("chassis")
_LINKS_MAX = 64


def start_exporting(service: str, instance: str, endpoint: str) -> None:
    """Send spans to a collector. Without it spans cost nothing and only the headers travel."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(
        resource=Resource.create({"service.name": service, "service.instance.id": instance})
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    otel.set_tracer_provider(provider)


def read_traceparent(header: str | None) -> SpanContext | None:
    """The span named by a traceparent header; None where it is absent or not well formed."""
    match = _TRACEPARENT.match(header) if header else None
    if match is None:
        return None
    context = SpanContext(int(match[1], 16), int(match[2], 16), True, TraceFlags(int(match[3], 16)))
    return context if context.is_valid else None


def write_traceparent(context: SpanContext) -> str | None:
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def current_traceparent() -> str | None:
    return write_traceparent(otel.get_current_span().get_span_context())


@contextmanager
def batch_span(
    service: str, topic: str, partition: int, traceparents: Sequence[str | None]
) -> Iterator[Span]:
    """One span for a slice, linked to the traces of what is in it (the first 64)."""
    if not _recording():
        yield otel.INVALID_SPAN
        return
    contexts = dict.fromkeys(header for header in traceparents if header)
    links = [Link(context) for header in list(contexts)[:_LINKS_MAX] if (context := read_traceparent(header))]
    with _tracer.start_as_current_span(
        f"{service} {topic}",
        kind=SpanKind.CONSUMER,
        links=links,
        attributes={
            "messaging.destination.name": topic,
            "messaging.destination.partition.id": str(partition),
        },
    ) as span:
        yield span


def message_traceparent(name: str, parent: str | None, batch: Span, attributes: dict[str, str]) -> str | None:
    """A span for one message within its batch: a child of the message's own trace (a new trace where it has none),
    linked to the batch. Returns the traceparent that what it causes carries; the parent's where nothing is recorded."""
    if not _recording():
        return parent
    above = read_traceparent(parent)
    context = otel.set_span_in_context(NonRecordingSpan(above)) if above else None
    span = _tracer.start_span(
        name,
        context=context,
        kind=SpanKind.CONSUMER,
        links=[Link(batch.get_span_context())],
        attributes=attributes,
    )
    span.end()
    return write_traceparent(span.get_span_context())


def partner_link(header: str | None) -> list[Link]:
    """A partner's own trace is linked, never adopted."""
    context = read_traceparent(header)
    return [Link(context, {"partner": True})] if context else []


def _recording() -> bool:
    return not isinstance(otel.get_tracer_provider(), otel.ProxyTracerProvider)
