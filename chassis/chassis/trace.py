"""One trace from intake to remittance: the W3C traceparent travels in headers and is stored with the pack."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import trace as otel
from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)

_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")
_SCOPE = "chassis"
_tracer = otel.get_tracer(_SCOPE)
_LINKS_MAX = 64


def start_exporting(service: str, instance: str, endpoint: str) -> None:
    """Send spans to a collector. Without it spans cost nothing and only the headers travel."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    class OursOnly(BatchSpanProcessor):
        """Libraries make spans too (FastAPI's repeat what a caller sent): only ours leave."""

        def on_end(self, span: ReadableSpan) -> None:
            if _is_ours(span):
                super().on_end(span)

    provider = TracerProvider(
        resource=Resource.create({"service.name": service, "service.instance.id": instance})
    )
    provider.add_span_processor(OursOnly(OTLPSpanExporter(endpoint=endpoint)))
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
    """Of the span that is open; None where a library opened it, because it may carry on a caller's trace."""
    span = otel.get_current_span()
    return write_traceparent(span.get_span_context()) if _is_ours(span) else None


def _is_ours(span: object) -> bool:
    scope = getattr(span, "instrumentation_scope", None)
    return scope is not None and scope.name == _SCOPE


@contextmanager
def batch_span(
    service: str, topic: str, partition: int, traceparents: Sequence[str | None]
) -> Iterator[Span]:
    """One span for a slice, linked to the traces of what is in it (the first 64)."""
    if not recording():
        yield otel.INVALID_SPAN
        return
    contexts = dict.fromkeys(header for header in traceparents if header)
    links = [Link(context) for header in list(contexts)[:_LINKS_MAX] if (context := read_traceparent(header))]
    with (
        _tracer.start_as_current_span(
            f"{service} {topic}",
            kind=SpanKind.CONSUMER,
            links=links,
            attributes={
                "messaging.destination.name": topic,
                "messaging.destination.partition.id": str(partition),
            },
            record_exception=False,
            set_status_on_exception=False,
        ) as span,
        _told_by_type(span),
    ):
        yield span


def message_span(name: str, parent: str | None, batch: Span, correlation_id: str | None) -> str | None:
    """A span for one message within its batch, in the message's own trace, linked to the batch's.

    Returns the traceparent that what it causes carries. Only while recording.
    """
    above = read_traceparent(parent)
    context = otel.set_span_in_context(NonRecordingSpan(above)) if above else Context()
    return _ended(name, context, [Link(batch.get_span_context())], correlation_id)


def record_span(name: str, theirs: bytes | None, batch: Span) -> str | None:
    """Where a payment's trace begins: a partner's own trace is linked, never adopted. Only while recording."""
    partner = read_traceparent(theirs.decode("ascii", "replace") if theirs else None)
    links = [Link(batch.get_span_context())]
    if partner is not None:
        links.append(Link(partner, {"partner": True}))
    return _ended(name, Context(), links, None)


def _ended(name: str, context: Context, links: list[Link], correlation_id: str | None) -> str | None:
    attributes = {"throughline.correlation_id": correlation_id} if correlation_id else {}
    span = _tracer.start_span(
        name, context=context, kind=SpanKind.CONSUMER, links=links, attributes=attributes
    )
    span.end()
    return write_traceparent(span.get_span_context())


@contextmanager
def _told_by_type(span: Span) -> Iterator[None]:
    """An error is told in the span by its type alone: its text may repeat a row, as PostgreSQL's details do."""
    try:
        yield
    except BaseException as error:
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        raise


@contextmanager
def transaction_span(service: str) -> Iterator[Span]:
    """Around what is said outside a batch; a child of the HTTP request's span where there is one."""
    if not recording():
        yield otel.INVALID_SPAN
        return
    with (
        _tracer.start_as_current_span(
            f"{service} transaction",
            kind=SpanKind.PRODUCER,
            record_exception=False,
            set_status_on_exception=False,
        ) as span,
        _told_by_type(span),
    ):
        yield span


def recording() -> bool:
    """True where spans go somewhere."""
    return not isinstance(otel.get_tracer_provider(), otel.ProxyTracerProvider)
