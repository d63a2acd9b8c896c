"""Compares what came of everything with what was expected, id by id."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from throughline_cli.demo.reference import Line
from throughline_cli.demo.sent import SentLog
from throughline_cli.demo.story import Story
from throughline_cli.demo.verdicts import Verdict


def compare_answers(expected: list[Line], story: Story, sent_log: SentLog) -> Verdict:
    """Every record, call and claim has one first answer, with the outcome and reasons expected of it."""
    verdict = Verdict("every record, call and claim was answered once, as expected")
    for line in expected:
        if line["kind"] != "answer":
            continue
        where = (line["sent"], line["position"])
        firsts = [answer for answer in story.answers.get(where, []) if answer.first]
        verdict.compared += 1
        if len(firsts) != 1:
            note = sent_log.refused_calls.get(where, "")
            verdict.differs(f"{where[0]} line {where[1]}: {len(firsts)} first answers {note}".rstrip())
            continue
        (answer,) = firsts
        reasons = {str(problem.reason) for problem in answer.problems}
        got: dict[str, Any] = {
            "outcome": answer.outcome,
            "request_id": str(answer.request_id) if line["request_id"] and answer.request_id else None,
            "version": answer.version if line["version"] else None,
        }
        wanted = {name: line[name] for name in got}
        if got != wanted or not set(line["reasons"]) <= reasons:
            why = ", ".join(sorted(reasons)) or "no reason"
            verdict.differs(
                f"{where[0]} line {where[1]}: {answer.outcome} ({why}), expected {line['outcome']} "
                f"({', '.join(line['reasons'])})"
            )
    wanted_at = {(line["sent"], line["position"]) for line in expected if line["kind"] == "answer"}
    for where in story.answers.keys() - wanted_at:
        verdict.differs(f"{where[0]} line {where[1]}: no answer was expected")
    for stray in story.unclaimed:
        verdict.differs(
            f"an answer to nothing that was sent: {stray.outcome}, {stray.receipt or stray.coordinates}"
        )
    return verdict


def compare_requests(expected: list[Line], story: Story) -> Verdict:
    """Every version stands where it should, for the reason and the cents expected, explained by a remittance or not."""
    verdict = Verdict("every version of every request stands where it should, to the cent")
    wanted = {
        (UUID(line["request_id"]), line["version"]): line for line in expected if line["kind"] == "request"
    }
    for key, line in wanted.items():
        verdict.compared += 1
        state = story.states.get(key)
        name = f"{key[0]} version {key[1]} ({line['case']})"
        if state is None or state.state is None:
            verdict.differs(f"{name}: nothing is known of it, expected {line['state']}")
            continue
        got = (str(state.state), str(state.substatus) or None, story.version_paid_cents(key), state.remitted)
        want = (line["state"], line["substatus"], line["paid_cents"], line["remitted"])
        reasons = story.reasons(key)
        if got != want or (line["reason"] and line["reason"] not in reasons):
            verdict.differs(
                f"{name}: {_told(*got)} because of {reasons}, expected {_told(*want)}, {line['reason']}"
            )
        if state.pending or state.refused:
            waiting = [type(one.event).__name__ for one in (*state.pending, *state.refused)]
            verdict.differs(f"{name}: events that fit no transition: {', '.join(waiting)}")
    for key in story.states.keys() - wanted.keys():
        verdict.differs(f"{key[0]} version {key[1]}: not expected at all")
    return verdict


def _told(state: str, substatus: str | None, cents: int, remitted: bool) -> str:
    held = f" ({substatus})" if substatus else ""
    return f"{state}{held}, {cents} cents, {'remitted' if remitted else 'not remitted'}"
