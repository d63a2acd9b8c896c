"""`status` and `explain`: where a request stands, and everything that was said of it, in order."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from rich.table import Table

from throughline.money import for_people
from throughline.reasons import Reason
from throughline_cli.errors import Problem
from throughline_cli.line import Line
from throughline_cli.show import console, moment

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
    timeline = line.get("audit", f"/v1/requests/{request}/timeline")
    console.print(f"[bold]{timeline['state']}[/]")
    for version in timeline["versions"]:
        remitted = ", explained by a remittance" if version["remitted"] else ""
        console.print(f"  version {version['version']}: {version['label']}{remitted}")
    reasons = _last_reasons(timeline)
    for reason in reasons:
        console.print(f"  why: {SENTENCES[reason]} ({reason})")


def show_explanation(line: Line, request: UUID) -> None:
    """Every event with its time, who said it and what it did to the state."""
    timeline = line.get("audit", f"/v1/requests/{request}/timeline")
    steps = {step["event_id"]: step for version in timeline["versions"] for step in version["steps"]}
    table = Table(title=f"{request}: {timeline['state']}", title_justify="left")
    for column in ("when (UTC)", "topic", "what", "state", "details"):
        table.add_column(column, no_wrap=column == "what", overflow="fold")
    for event in timeline["events"]:
        step = steps.get(_event_id(event))
        state = f"{step['state']} {step['substatus']}".strip() if step else ""
        at = moment(datetime.fromisoformat(event["at"])) if event.get("at") else ""
        table.add_row(
            at, event.get("topic", ""), event.get("type") or "(the partner's record)", state, _details(event)
        )
    console.print(table)


def _event_id(event: dict[str, Any]) -> str:
    return str(event.get("id") or event.get("event_id") or "")


def _details(event: dict[str, Any]) -> str:
    value = event.get("message") or event.get("value") or {}
    if not isinstance(value, dict):
        return ""
    told = []
    for name in (
        "outcome",
        "reason",
        "reasons",
        "frequency",
        "return_code",
        "decision",
        "cause",
        "trace_number",
    ):
        if value.get(name):
            told.append(f"{name.replace('_', ' ')} {_text(value[name])}")
    for name in ("amount_cents", "proposed_cents"):
        if value.get(name):
            told.append(for_people(value[name]))
    paid = (value.get("adjudication") or {}).get("paid_cents")
    if paid is not None:
        told.append(f"pays {for_people(paid)}")
    return ", ".join(told)


def _text(value: Any) -> str:
    return " ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def _last_reasons(timeline: dict[str, Any]) -> list[str]:
    for event in reversed(timeline["events"]):
        value = event.get("message") or event.get("value") or {}
        if isinstance(value, dict) and (value.get("reason") or value.get("reasons")):
            found = value.get("reasons") or [value["reason"]]
            return [one for one in found if one in SENTENCES]
    return []
