"""The demo's judgement: what must hold, seen from topics, answers, the bank's directories and the 835s."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from throughline_cli.demo import export
from throughline_cli.demo.accounting import Account, account_for, export_accounts
from throughline_cli.demo.bank_files import delivered_entries, heard_from
from throughline_cli.demo.compare import compare_answers, compare_requests
from throughline_cli.demo.decided_again import DecidedAgain, decide_again
from throughline_cli.demo.foretold import Dates, dates_foretold
from throughline_cli.demo.own_input import OwnInput
from throughline_cli.demo.place import Place
from throughline_cli.demo.reference import read_lines
from throughline_cli.demo.remittance_files import read_folder
from throughline_cli.demo.sent import SentLog
from throughline_cli.demo.story import Story, tell
from throughline_cli.demo.sums import (
    Evidence,
    Sum,
    money_is_conserved,
    nothing_lost,
    one_live_entry,
    one_payment_one_entry_one_835,
    sequences_are_dense,
    statuses_are_known,
    sums,
    sums_verdict,
    versions_rise,
)
from throughline_cli.demo.verdicts import Verdict
from throughline_cli.witness import Record, Witness


@dataclass
class Outcome:
    """What a run came to."""

    story: Story
    sums: list[Sum]
    verdicts: list[Verdict]
    dates: Dates | None
    """How many of the dates that people were told held."""
    decided_again: DecidedAgain
    accounts: list[Account]
    """With a folder of one's own: what came of each claim."""
    seconds: float

    @property
    def holds(self) -> bool:
        return all(verdict.holds for verdict in self.verdicts)


def judge(
    place: Place, root: Path, witness: Witness, sent: SentLog, own: OwnInput | None, seconds: float
) -> Outcome:
    """Export everything and hold it against what was expected and against the invariants."""
    records, ends = witness.records(), witness.log_ends()
    story = tell(records, sent)
    verdicts, accounts = _as_expected(place, root, story, sent, own)
    with httpx.Client(timeout=120) as client:
        export.export_bank_files(place)
        export.export_remittances(place, story, client)
        remittances = read_folder(place.out / "remittances")
        evidence = Evidence(
            story, records, delivered_entries(place.bank), heard_from(place.bank), remittances
        )
        found = sums(evidence)
        verdicts += [
            nothing_lost(story),
            one_live_entry(evidence),
            money_is_conserved(evidence),
            sums_verdict(found),
            one_payment_one_entry_one_835(evidence),
            versions_rise(records),
            sequences_are_dense(records, ends),
            statuses_are_known(story),
            audit_verdict(place, client),
            proof_verdict(place, records, client),
        ]
        decided, again = decide_again(place, story, client)
        verdicts += again
        dates = dates_foretold(place, client)
    export.export_payments(place.out, story)
    export.export_lines(place.out, story)
    export.export_requests(place.out, story)
    return Outcome(story, found, verdicts, dates, decided, accounts, seconds)


def _as_expected(
    place: Place, root: Path, story: Story, sent: SentLog, own: OwnInput | None
) -> tuple[list[Verdict], list[Account]]:
    """Compared with what was written down beside the input, or else accounted for one by one."""
    expected = read_lines(root / "expected.jsonl")
    if expected:
        return [compare_answers(expected, story, sent), compare_requests(expected, story)], []
    assert own is not None, "a sample has its expected outcomes"
    accounts, verdict = account_for(own, story, sent)
    export_accounts(place.out / "accounts.csv", accounts)
    return [verdict], accounts


def audit_verdict(place: Place, client: httpx.Client) -> Verdict:
    """Audit's own verification: the tree, every root, no topic and no offset missing."""
    verdict = Verdict("audit holds every record and every root extends the last")
    report = export.audit_report(place, client)
    verdict.compared = int(report.get("size", 0))
    if not report.get("holds", False):
        for finding in report.get("findings", [{"kind": "no report", "where": "", "detail": ""}]):
            verdict.differs(f"{finding.get('kind')} {finding.get('where')} {finding.get('detail')}")
    return verdict


def proof_verdict(place: Place, records: Sequence[Record], client: httpx.Client) -> Verdict:
    """A decision's inclusion proof, exported and checked by a program that asks no service."""
    verdict = Verdict("an exported proof holds without the service")
    some = next((one for one in records if one.topic == "decisions"), None) or next(iter(records))
    path = export.export_proof(place, client, some.topic, some.partition, some.offset)
    checked = subprocess.run(
        [sys.executable, "-m", "audit.proof", "check", str(path)], capture_output=True, text=True, check=False
    )
    verdict.must(checked.returncode == 0, checked.stderr.strip() or checked.stdout.strip())
    return verdict
