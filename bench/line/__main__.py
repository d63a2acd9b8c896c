"""``python -m bench.line [--count N] [--rounds N]``: run it, and print the section that RESULTS.md keeps."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from joserfc.jwk import OKPKey

from bench.line import load, rounds
from bench.line.report import Figures, report
from stack import LocalStack
from throughline.flow import PAYEES
from throughline.identifiers import payee_id_for
from throughline.payees import EnrolAccount
from throughline.sealed import BankAccount, seal_account
from throughline.sensitive import SensitiveTin
from throughline_cli.clock import start_clock
from throughline_cli.signing import Signers
from throughline_cli.speaking import Speaker

START = datetime(2026, 11, 16, 15, tzinfo=UTC)
WARM = 2_000
LATENCY_S = 20


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.line", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="requests in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--rate", type=float, default=300.0, help="requests a second while latency is measured"
    )
    parser.add_argument("--dir", type=Path, default=Path("var/bench"))
    parser.add_argument("--port-base", type=int, default=19600)
    parser.add_argument("--without-bare", action="store_true")
    asked = parser.parse_args()
    with fresh_stack(asked.dir, asked.port_base) as stack:
        print(report(measure(stack, asked.count, asked.rounds, asked.rate, bare=not asked.without_bare)))


@contextmanager
def fresh_stack(directory: Path, port_base: int) -> Iterator[LocalStack]:
    """A stack of the five services that carry a payment, reference data said, caches warm. The portal is left out."""
    shutil.rmtree(directory, ignore_errors=True)
    stack = LocalStack(
        directory,
        port_base,
        partners=[load.PARTNER],
        replicas={"portal": 0},
        report=lambda said: print(said, flush=True),
    )
    start_clock(stack.places.clock, START)
    with stack:
        prepare(stack)
        rounds.warm(stack, WARM)
        yield stack


def measure(stack: LocalStack, count: int, number: int, rate: float, *, bare: bool) -> Figures:
    """The rounds, line and peer in turns; then latency at a fixed rate; then the cutoff."""
    found = Figures(rate=rate)
    first = WARM
    for turn in range(1, number + 1):
        if bare:
            found.peers.append(rounds.bare(stack, turn, count))
            print(f"round {turn}: bare {found.peers[-1].rate:,.0f} requests/s", flush=True)
        found.lines.append(one := rounds.line(stack, first, count))
        first += count
        cpu = ", ".join(f"{name} {one.cpu_ms(name):.3f}" for name in one.cpu)
        print(f"round {turn}: line {one.rate:,.0f} requests/s, CPU s per thousand: {cpu}", flush=True)
    if bare:
        found.bare_latency = rounds.bare_latency(stack, first, rate, LATENCY_S)
    found.latency = rounds.latency(stack, first, rate, LATENCY_S)
    found.scheduled = first + int(rate * LATENCY_S)
    found.scheduled_s = rounds.schedule(
        stack, stack.places.clock, START + timedelta(hours=7), found.scheduled
    )
    return found


def prepare(stack: LocalStack) -> None:
    """Say the reference data and enrol an account for every provider."""
    key = OKPKey.import_key(json.loads((stack.places.keys / "sealing.jwk").read_text()))
    with Speaker(stack.kafka_bootstrap, Signers.of_sandbox(stack.places.people)) as speaker:
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


if __name__ == "__main__":
    main()
