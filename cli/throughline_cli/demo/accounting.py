"""Accounts for everything in a folder of one's own: each claim with its outcome, reason, segment or field."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from throughline.answers import RequestAnswered
from throughline.decisions import ReviewOpened, SubmissionDenied, SubmissionExcepted
from throughline.findings import Finding
from throughline.money import decimal_of
from throughline_cli.demo.export import export_csv
from throughline_cli.demo.own_input import OwnInput
from throughline_cli.demo.reference import read_lines
from throughline_cli.demo.sent import Sent, SentLog
from throughline_cli.demo.story import Story, VersionKey
from throughline_cli.demo.verdicts import Verdict

HEADER = (
    "file",
    "position",
    "number",
    "outcome",
    "state",
    "reason",
    "where",
    "detail",
    "request_id",
    "version",
    "paid",
)


@dataclass(frozen=True)
class Account:
    """What came of one claim or call."""

    file: str
    position: int
    number: str
    outcome: str
    state: str
    reason: str
    where: str
    detail: str
    request_id: str
    version: str
    paid: str

    def row(self) -> tuple[str | int, ...]:
        return tuple(getattr(self, name) for name in HEADER)


def account_for(own: OwnInput, story: Story, sent: SentLog) -> tuple[list[Account], Verdict]:
    """One line for each claim, call and file. The verdict is broken where something sent has no outcome."""
    verdict = Verdict("every claim, call and file is accounted for")
    accounts = [Account(name, 0, "", "not read", "", "", "", why, "", "", "") for name, why in own.not_read]
    counted: Counter[str] = Counter()
    for where, answers in sorted(story.answers.items()):
        counted[where[0]] += 1
        first = [answer for answer in answers if answer.first]
        verdict.must(len(first) == 1, f"{where[0]} {where[1]}: {len(first)} first answers")
        accounts += [_of_answer(story, own.known_as(*where), answer) for answer in first]
    for where, told in sorted(sent.refused_calls.items()):
        counted[where[0]] += 1
        accounts.append(Account(*own.known_as(*where), "", "refused", "", told, "", "", "", "", ""))
    for name, claims in sorted(sent.claims_in_files.items()):
        problems = sent.file_problems.get(name, [])
        accounts += [
            Account(own.files.get(name, name), 0, "", "refused whole", "", *problem, "", "", "")
            for problem in problems
        ]
        counts = counted[name] == claims and (claims or problems)
        verdict.must(
            bool(counts),
            f"{name}: {counted[name]} of {claims} claims answered, {len(problems)} problems",
        )
    for path in sorted(own.root.glob("*/http/*.jsonl")):
        name = str(path.relative_to(own.root))
        calls = len(read_lines(path))
        verdict.must(counted[name] == calls, f"{name}: {counted[name]} of {calls} calls were answered")
    return accounts, verdict


def _of_answer(story: Story, where: Sent, answer: RequestAnswered) -> Account:
    number, outcome = answer.number or "", answer.outcome
    if answer.request_id is None or answer.version is None:
        problem = answer.problems[0] if answer.problems else None
        told = (str(problem.reason), problem.field or "", problem.detail or "") if problem else ("", "", "")
        return Account(*where, number, outcome, "", *told, "", "", "")
    key: VersionKey = (answer.request_id, answer.version)
    state = story.states.get(key)
    finding = _finding(story, key)
    reasons = " ".join(story.reasons(key)) if state else ""
    return Account(
        *where, number, outcome, state.label if state else "", reasons, (finding and finding.field) or "",
        finding.message if finding else "", str(key[0]), str(key[1]),
        decimal_of(story.version_paid_cents(key)) if state else "",
    )  # fmt: skip


def _finding(story: Story, key: VersionKey) -> Finding | None:
    for kind in (SubmissionExcepted, SubmissionDenied, ReviewOpened):
        event = story.last.get((key, kind))
        if event is not None and event.findings:
            finding: Finding = event.findings[0]
            return finding
    return None


def export_accounts(path: Path, accounts: list[Account]) -> None:
    export_csv(path, HEADER, [account.row() for account in accounts])


def summary(accounts: list[Account]) -> Table:
    """How many of each outcome, state and reason, the most frequent first."""
    table = Table(title="By outcome and reason", title_justify="left")
    table.add_column("outcome")
    table.add_column("state")
    table.add_column("reason")
    table.add_column("count", justify="right")
    table.add_column("for example")
    counted = Counter((account.outcome, account.state, account.reason) for account in accounts)
    for (outcome, state, reason), count in counted.most_common():
        some = next(
            one for one in accounts if (one.outcome, one.state, one.reason) == (outcome, state, reason)
        )
        example = f"{Path(some.file).name} {some.position or ''} {some.where}".strip()
        table.add_row(outcome, state, reason, f"{count:,}", example)
    return table
