"""Every metric of a service, in one place. Labels are topics, partitions and closed lists; never a key or an id."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

ALARM = Gauge("throughline_alarm", "Raised alarms by name; above 0 pages", ["name"], registry=REGISTRY)
HEARD = Counter("throughline_records_heard", "Records applied", ["topic"], registry=REGISTRY)
REPEATED = Counter(
    "throughline_records_repeated", "Records skipped as duplicates", ["topic"], registry=REGISTRY
)
SAID = Counter("throughline_records_said", "Records acknowledged by Kafka", ["topic"], registry=REGISTRY)
PARKED = Counter("throughline_records_parked", "Records parked", ["topic", "reason"], registry=REGISTRY)
ANSWERED = Counter(
    "throughline_requests_answered", "Answers to partners", ["outcome", "reason"], registry=REGISTRY
)
PARKED_NOW = Gauge(
    "throughline_parked_now", "Parked records waiting", ["topic", "partition"], registry=REGISTRY
)
HELD = Gauge(
    "throughline_records_held", "Records kept until their turn", ["topic", "partition"], registry=REGISTRY
)
LAG = Gauge(
    "throughline_lag_records", "Records behind the log's end", ["topic", "partition"], registry=REGISTRY
)
RETRIES = Counter("throughline_slice_retries", "Slices rolled back", ["cause"], registry=REGISTRY)
SLICE_SECONDS = Histogram(
    "throughline_slice_seconds",
    "One transaction from begin to commit",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
    registry=REGISTRY,
)
OUTBOX_PENDING = Gauge(
    "throughline_outbox_pending_bytes", "Committed and not yet acknowledged", registry=REGISTRY
)
OUTBOX_OLDEST = Gauge(
    "throughline_outbox_oldest_seconds", "Age of the oldest pack in the table", registry=REGISTRY
)
PRODUCER_REBUILT = Counter(
    "throughline_producer_rebuilt", "Producers replaced after a fatal error", registry=REGISTRY
)
SECURITY_EVENTS = Counter(
    "throughline_security_events", "Commands that nobody may give, or not so", ["reason"], registry=REGISTRY
)
FENCED = Counter("throughline_fenced", "Transactions that found another owner", ["topic"], registry=REGISTRY)
SAID_BEFORE_LEFT = Gauge(
    "throughline_said_before_left", "Said before a restore and not made again yet", registry=REGISTRY
)
