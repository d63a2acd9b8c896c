"""The table at the end: what came of everything, the sums with their verdict, and what holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table

from throughline.lifecycle import State, Substatus
from throughline.money import for_people
from throughline_cli.demo.story import Story
from throughline_cli.demo.sums import Sum
from throughline_cli.demo.verdicts import SHOWN, Verdict

STOPPED_AS_DUPLICATES = {"duplicate", "duplicate_near"}


def outcome_table(story: Story) -> Table:
    """How many of everything, and how many cents."""
    answers = Counter(answer.outcome for given in story.answers.values() for answer in given if answer.first)
    states = Counter((state.state, state.substatus) for state in story.states.values())
    by_substatus = Counter(state.substatus for state in story.states.values())
    approved = story.approved()
    duplicates = sum(1 for key in story.states if set(story.reasons(key)) & STOPPED_AS_DUPLICATES)
    paid = [
        key
        for key, state in story.states.items()
        if (state.state, state.substatus) == (State.PAID, Substatus.NONE)
    ]
    table = Table(title="What came of it", title_justify="left")
    table.add_column("outcome")
    table.add_column("count", justify="right")
    table.add_column("amount", justify="right")

    def row(name: str, count: int, cents: int | None = None) -> None:
        table.add_row(name, f"{count:,}", "" if cents is None else for_people(cents))

    row("received (answered)", sum(answers.values()))
    row("accepted as a version of a request", answers["accepted"], _charged(story))
    row("refused", answers["refused"])
    row("parked, bytes kept", answers["parked"])
    row("said again: repeated or conflict", answers["repeated"] + answers["conflict"])
    row("duplicate of another bill", duplicates)
    row("in review", states[State.IN_REVIEW, Substatus.NONE])
    row("stopped by a rule or returned for edits", states[State.EXCEPTION, Substatus.NONE] - duplicates)
    row("approved", len(approved), sum(one.adjudication.paid_cents for one in approved.values()))
    row("denied", by_substatus[Substatus.DENIED])
    row("withdrawn or voided", by_substatus[Substatus.WITHDRAWN] + by_substatus[Substatus.VOIDED])
    row("replaced by a correction", by_substatus[Substatus.CORRECTED])
    row("held", by_substatus[Substatus.ON_HOLD])
    row("on its way", states[State.SCHEDULED, Substatus.NONE] + states[State.APPROVED, Substatus.NONE])
    row("paid", len(paid), sum(story.version_paid_cents(key) for key in paid))
    row("returned by the bank", by_substatus[Substatus.RETURNED], _returned(story))
    row("remitted", sum(1 for state in story.states.values() if state.remitted))
    row("bank entries", len(story.sent), sum(one.amount_cents for one in story.sent.values()))
    row("remittances posted", len(story.posted), sum(one.amount_cents for one in story.posted.values()))
    return table


def _charged(story: Story) -> int:
    return sum(received.request.total_cents for received in story.received.values())


def _returned(story: Story) -> int:
    return sum(given[0].amount_cents for given in story.returned.values())


def sums_table(found: Sequence[Sum]) -> Table:
    table = Table(title="The sums that must agree", title_justify="left")
    for column in ("sum", "seen by", "amount", ""):
        table.add_column(column, justify="right" if column == "amount" else "left")
    for one in found:
        for position, (side, cents) in enumerate(one.sides.items()):
            last = position == len(one.sides) - 1
            verdict = ("[green]agrees[/]" if one.agrees else "[red bold]DIFFERS[/]") if last else ""
            table.add_row(
                one.name if position == 0 else "", side, for_people(cents), verdict, end_section=last
            )
    return table


def verdict_table(verdicts: Sequence[Verdict]) -> RenderableType:
    table = Table(title="What must hold", title_justify="left")
    table.add_column("promise")
    table.add_column("compared", justify="right")
    table.add_column("")
    for one in verdicts:
        mark = "[green]holds[/]" if one.holds else f"[red bold]BROKEN[/] {len(one.differences)}"
        table.add_row(one.name, f"{one.compared:,}", mark)
    shown = []
    for one in verdicts:
        shown += [f"[red]{one.name}[/]"] if one.differences else []
        shown += [f"  {what}" for what in one.differences[:SHOWN]]
        if len(one.differences) > SHOWN:
            shown.append(f"  ... and {len(one.differences) - SHOWN} more")
    return Group(table, *shown)
