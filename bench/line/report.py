"""The figures of the line as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.line import load
from bench.line.rounds import SERVICES, Latency, Round
from bench.measure import Spread, machine

PARTS = (*SERVICES, "PostgreSQL", "Kafka")


@dataclass
class Figures:
    """Everything one run of ``python -m bench.line`` found."""

    peers: list[Round] = field(default_factory=list)
    lines: list[Round] = field(default_factory=list)
    rate: float = 0.0
    latency: Latency | None = None
    bare_latency: Latency | None = None
    scheduled: int = 0
    scheduled_s: float = 0.0


def report(found: Figures) -> str:
    """One section: throughput beside the peer, where the time goes by process, latency, memory."""
    lines = found.lines
    text = [
        f"{machine()}; {lines[0].count:,} requests of {load.LINES} lines a round, "
        f"{len(lines)} interleaved rounds, median [low-high].",
        "",
        "| | requests/s | of bare | CPU s per thousand: ours | PostgreSQL | Kafka | all, of bare |",
        "|---|---|---|---|---|---|---|",
        *(_rate_row("bare pass-through", found.peers, found.peers) if found.peers else []),
        *_rate_row("line, request to approved", lines, found.peers),
        "",
        "Where the line's CPU time goes, milliseconds per request, until everyone has heard everything:",
        "",
        f"| {' | '.join(PARTS)} | all |",
        f"|{'---|' * (len(PARTS) + 1)}",
        f"| {' | '.join(_cpu(lines, part).show(3) for part in PARTS)} | {_cpu(lines, *PARTS).show(3)} |",
        "",
        f"- everyone had heard everything, and audit had it kept, "
        f"{Spread.of([one.behind_s for one in lines]).show(1)} s after the last decision",
        f"- approved to scheduled: {found.scheduled:,} items in {found.scheduled_s:.1f} s "
        f"({found.scheduled / found.scheduled_s:,.0f}/s)",
        *_latency(found),
        f"- processes outside of the measurement took {Spread.of([one.others * 100 for one in lines]).show()} % of the "
        "machine while the line worked",
        f"- resident memory, MB, in the first and the last round: {_memory(lines)}",
    ]
    return "\n".join(text)


def _rate_row(name: str, rounds: Sequence[Round], peers: Sequence[Round]) -> list[str]:
    ours = Spread.of([one.cpu_ms(*one.ours) for one in rounds])
    rest = [_cpu(rounds, part).show(2) for part in ("PostgreSQL", "Kafka")]
    share = by_cpu = "-"
    if peers:
        pairs = list(zip(rounds, peers, strict=True))
        share = Spread.of([one.rate / peer.rate for one, peer in pairs]).show(2)
        by_cpu = Spread.of([one.cpu_ms(*one.cpu) / peer.cpu_ms(*peer.cpu) for one, peer in pairs]).show(1)
    rate = Spread.of([one.rate for one in rounds]).show()
    return [f"| {name} | {rate} | {share} | {ours.show(2)} | {' | '.join(rest)} | {by_cpu} |"]


def _cpu(rounds: Sequence[Round], *parts: str) -> Spread:
    return Spread.of([one.cpu_ms(*[part for part in parts if part in one.cpu]) for one in rounds])


def _latency(found: Figures) -> list[str]:
    if found.latency is None:
        return []
    half, late = found.latency
    text = f"- latency, request to decision, at {found.rate:.0f} requests/s: p50 {half:.0f} ms, p99 {late:.0f} ms"
    if found.bare_latency is not None:
        bare_half, bare_late = found.bare_latency
        text += f"; the pass-through: {bare_half:.0f} and {bare_late:.0f} ms"
    return [text]


def _memory(rounds: Sequence[Round]) -> str:
    first, last = rounds[0].rss, rounds[-1].rss
    return ", ".join(f"{name} {first[name]:.0f} to {last[name]:.0f}" for name in last)
