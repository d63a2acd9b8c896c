"""`status` and `explain`: where a request stands, and everything that was said of it, in order."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from rich.markup import escape
from rich.table import Table

from throughline.money import for_people
from throughline.reasons import Reason
from throughline_cli.errors import Problem
from throughline_cli.line import Line
from throughline_cli.show import console, counted, day, moment, say
from throughline_cli.why import show_why

SENTENCES = {str(reason): reason.sentence for reason in Reason}


def request_id_of(text: str) -> UUID:
    """Raises Problem where it is not an id."""
    try:
        return UUID(text)
    except ValueError:
        raise Problem(
            f"'{text}' is not a request id.", "It is the 36 characters that the answer to the request gave."
        ) from None


def show_status(line: Line, request: UUID) -> None:
    """Each version's state, its money, and the reason of the event that brought it there."""
    timeline = line.get("audit", f"/v1/requests/{request}/timeline")
    events = {event.get("id"): event for event in timeline["events"]}
    console.print(f"[bold]{timeline['state']}[/]")
    for version in timeline["versions"]:
        remitted = ", explained by a remittance" if version["remitted"] else ""
        say(f"  version {version['version']}: {version['label']}{remitted}")
        if money := _money(timeline, version["version"]):
            say(f"    {', '.join(money)}")
        decided = [step for step in version["steps"] if not step["type"].startswith("Remittance")]
        last = events.get(decided[-1]["event_id"]) if decided else None
        for reason in _reasons(_message(last)) if last else ():
            say(f"    why: {SENTENCES[reason]} ({reason})")


def show_explanation(line: Line, request: UUID, *, as_json: bool = False) -> None:
    """Every event with its time, who said it and what it did to the state; then why it was decided so."""
    timeline = line.get("audit", f"/v1/requests/{request}/timeline")
    why = _why(line, request)
    if as_json:
        console.print_json(data={"timeline": timeline, "why": why})
        return
    steps = {step["event_id"]: step for version in timeline["versions"] for step in version["steps"]}
    table = Table(title=f"{request}: {timeline['state']}", title_justify="left")
    for column in ("when (UTC)", "topic", "what", "state", "details"):
        table.add_column(column, no_wrap=column == "what", overflow="fold")
    for event in timeline["events"]:
        step = steps.get(str(event.get("id") or ""))
        state = (
            (f"{step['state']} ({step['substatus']})" if step["substatus"] else step["state"]) if step else ""
        )
        at = moment(datetime.fromisoformat(event["at"])) if event.get("at") else ""
        what = event.get("type") or "(the partner's record)"
        table.add_row(at, event.get("topic", ""), what, state, escape(", ".join(_details(_message(event)))))
    console.print(table)
    if why is not None:
        show_why(why)


def _why(line: Line, request: UUID) -> dict[str, Any] | None:
    """None where validation has not decided anything about it yet."""
    try:
        told: dict[str, Any] = line.get("validation", f"/v1/requests/{request}/explanation")
    except Problem:
        return None
    return told


def _message(event: dict[str, Any]) -> dict[str, Any]:
    value = event.get("message")
    return value if isinstance(value, dict) else {}


def _details(message: dict[str, Any]) -> list[str]:
    """What an event tells beside its name, in words."""
    told = []
    for name in ("outcome", "reason", "reasons", "return_code", "decision", "cause", "trace_number"):
        if message.get(name):
            told.append(f"{name.replace('_', ' ')} {_text(message[name])}")
    request = message.get("request") or {}
    if request.get("total_cents") is not None:
        told.append(
            f"charges {for_people(request['total_cents'])} in {counted(len(request['lines']), 'line')}"
        )
    for name, words in (("proposed_cents", "would pay "), ("amount_cents", "")):
        if message.get(name) is not None:
            told.append(f"{words}{for_people(message[name])}")
    paid = (message.get("adjudication") or {}).get("paid_cents")
    if paid is not None and message.get("amount_cents") is None:
        told.append(f"pays {for_people(paid)}")
    for name, words in (("effective_date", "to settle on"), ("settled_on", "settled on")):
        if message.get(name):
            told.append(f"{words} {day(date.fromisoformat(message[name]))}")
    if message.get("actor"):
        told.append(f"by {message['actor']}")
    return told


def _text(value: Any) -> str:
    return " ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def _money(timeline: dict[str, Any], version: int) -> list[str]:
    """What a version charges and pays, as far as it was said."""
    told: dict[str, str] = {}
    for message in map(_message, timeline["events"]):
        if message.get("version") == version:
            if message.get("request"):
                told["charges"] = for_people(message["request"]["total_cents"])
            if message.get("adjudication"):
                told["pays"] = for_people(message["adjudication"]["paid_cents"])
    return [f"{what} {amount}" for what, amount in told.items()]


def _reasons(message: dict[str, Any]) -> list[str]:
    found = message.get("reasons") or [message.get("reason")]
    return [one for one in found if one in SENTENCES]
