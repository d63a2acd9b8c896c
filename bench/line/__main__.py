"""``python -m bench.line [--count N] [--rounds N]``: run it, and print the table that RESULTS.md keeps."""

from __future__ import annotations

import argparse
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from joserfc.jwk import OKPKey

from bench.line import load, rounds
from bench.measure import Spread, machine
from stack import LocalStack
from throughline.flow import PAYEES
from throughline.identifiers import payee_id_for
from throughline.payees import EnrolAccount
from throughline.sealed import BankAccount, seal_account
from throughline.sensitive import SensitiveTin
from throughline_cli.clock import start_clock
from throughline_cli.speaking import Speaker

START = datetime(2026, 11, 16, 15, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.line", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="requests in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--rate", type=float, default=300.0, help="requests a second while latency is measured"
    )
    parser.add_argument("--dir", type=Path, default=Path("var/bench"))
    parser.add_argument("--port-base", type=int, default=19600)
    parser.add_argument("--without-bare", action="store_true")
    asked = parser.parse_args()
    print(run(asked.dir, asked.port_base, asked.count, asked.rounds, asked.rate, bare=not asked.without_bare))


def run(directory: Path, port_base: int, count: int, number: int, rate: float, *, bare: bool) -> str:
    """Start a fresh stack, run the rounds interleaved, answer the report as Markdown."""
    shutil.rmtree(directory, ignore_errors=True)
    stack = LocalStack(
        directory, port_base, partners=[load.PARTNER], report=lambda said: print(said, flush=True)
    )
    start_clock(stack.places.clock, START)
    peers: list[rounds.Round] = []
    lines: list[rounds.Round] = []
    with stack:
        prepare(stack)
        rounds.warm(stack, 500)
        for turn in range(1, number + 1):
            if bare:
                peers.append(rounds.bare(stack, turn, count))
                print(f"round {turn}: bare {peers[-1].rate:,.0f} requests/s", flush=True)
            lines.append(rounds.line(stack, turn, count))
            print(f"round {turn}: line {lines[-1].rate:,.0f} requests/s, {_cpu(lines[-1])}", flush=True)
        half, late = rounds.latency(stack, (number + 1) * count, rate, 20)
        approved = number * count + int(rate * 20) + 500
        scheduled = rounds.schedule(stack, stack.places.clock, START + timedelta(hours=7), approved)
    return report(peers, lines, rate, half, late, approved, scheduled)


def prepare(stack: LocalStack) -> None:
    """Say the reference data and enrol an account for every provider."""
    key = OKPKey.import_key(json.loads((stack.places.keys / "sealing.jwk").read_text()))
    with Speaker(stack.kafka_bootstrap) as speaker:
        for topic, message, name in load.reference_data():
            speaker.say(topic, message, name)
        for index, npi in enumerate(load.NPIS):
            speaker.say(PAYEES.name, _enrolment(index, npi, key), str(payee_id_for("npi", npi)))
    for service in ("intake", "validation", "payout", "remittance"):
        rounds.idle_wait(stack, service, 120)


def _enrolment(index: int, npi: str, key: OKPKey) -> EnrolAccount:
    payee: UUID = payee_id_for("npi", npi)
    account = BankAccount("021000021", f"70000{index:05d}", "checking")
    return EnrolAccount(
        payee_id=payee, kind="npi", identifier=npi, tin=SensitiveTin(load.tin_of(index)),
        name=f"BENCH PROVIDER {index}",
        speaker="cli", sealed_account=seal_account(account, payee_id=payee, speaker="cli", public_key=key),
        verified_by="bank-letter",
    )  # fmt: skip


def _cpu(one: rounds.Round) -> str:
    return ", ".join(f"{name} {one.cpu_ms(name):.2f}" for name in one.cpu) + " CPU s per thousand"


def report(
    peers: list[rounds.Round],
    lines: list[rounds.Round],
    rate: float,
    half: float,
    late: float,
    items: int,
    scheduled: float,
) -> str:
    """The figures of one run as Markdown."""
    text = [
        f"{machine()}; {lines[0].count:,} requests of {load.LINES} lines a round, "
        f"{len(lines)} rounds, median [low-high]",
        "",
    ]
    text += [
        "| | requests/s | CPU s per thousand: ours | PostgreSQL | Kafka | of bare |",
        "|---|---|---|---|---|---|",
    ]
    for name, group in (("bare pass-through", peers), ("line, request to approved", lines)):
        if group:
            cpu = [
                Spread.of([one.cpu_ms(part) for one in group]).show(2)
                for part in ("ours", "PostgreSQL", "Kafka")
            ]
            ratio = [one.rate / peer.rate for one, peer in zip(group, peers, strict=False)]
            share = Spread.of(ratio).show(2) if ratio else "-"
            text.append(
                f"| {name} | {Spread.of([one.rate for one in group]).show()} | {' | '.join(cpu)} | {share} |"
            )
    behind = Spread.of([(one.audit_seconds or 0) - one.seconds for one in lines])
    memory = ", ".join(f"{name} {value:.0f}" for name, value in lines[-1].rss.items())
    text += [
        "",
        f"- audit had sealed everything {behind.show(1)} s after the last decision",
        f"- latency, request to decision, at {rate:.0f} requests/s: p50 {half:.0f} ms, p99 {late:.0f} ms",
        f"- approved to scheduled: {items:,} items in {scheduled:.1f} s ({items / scheduled:,.0f}/s)",
        f"- resident memory at the end, MB: {memory}",
    ]
    return "\n".join(text)


if __name__ == "__main__":
    main()
